#!/usr/bin/env python3
"""Runs RudderStack's official SDKs against `http_server`, and looks at what arrives at Courier.

Usage: run.py BINARY. Needs Python 3.10 with venv, Node 18 with npm, and their registries: the SDKs are installed, pinned,
into a temporary folder. Everything else stays on loopback. Waits for what it waits for; the only clock is the clients'.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv

from world import KEY, Counting, Courier, Source, environment

HERE = os.path.dirname(os.path.abspath(__file__))
EVENTS = 1000
# Of ten events one is a page, one a screen and one an alias, which Courier does not take.
ARRIVING = {n for n in range(EVENTS) if n % 10 not in (3, 4, 5)}


def install(folder):
    """The commands that run each client."""
    python = os.path.join(folder, "venv", "bin", "python")
    venv.create(os.path.join(folder, "venv"), with_pip=True)
    requirements = os.path.join(HERE, "requirements.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-r", requirements], check=True)
    node = shutil.copytree(os.path.join(HERE, "node"), os.path.join(folder, "node"))
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    # Not `npm ci`, which insists on packages for every platform there is.
    subprocess.run(["npm", "install", *quiet], cwd=node, check=True)
    return {
        "python": [python, os.path.join(HERE, "send.py")],
        "node": ["node", os.path.join(node, "send.js")],
    }


def start(command, url, key=KEY, numbers=(EVENTS,)):
    arguments = [*command, url, key, *map(str, numbers)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(arguments, text=True, env=environment(), **pipes)


def errors(client):
    """What the client was told, once it has ended."""
    output, said = client.communicate()
    assert client.returncode == 0, f"the client ended with {client.returncode}:\n{said}"
    return json.loads(output.splitlines()[-1])["errors"]


def number(request):
    """The number of the event a request to Courier holds."""
    body = request["body"]
    parts = [body.get("properties"), body.get("traits"), (body.get("context") or {}).get("traits")]
    return next(part["n"] for part in parts if part and "n" in part)


def arrived(courier, is_ordered, expected=ARRIVING):
    """Asserts that everything has arrived, once, and in order for each user."""
    numbers = [number(request) for request in courier.requests()]
    assert len(numbers) == len(set(numbers)), "something was done twice"
    missing = expected - set(numbers)
    assert not missing, f"{len(missing)} events are missing, {sorted(missing)[:5]} among them"
    assert set(numbers) == expected, "something arrived that was not sent"
    for user in range(50):
        mine = [n for n in numbers if n % 50 == user]
        assert not is_ordered or mine == sorted(mine), f"out of order: {mine}"


def read(summary, events):
    """Asserts that so many events of each kind came in, and nothing else became of them than what should."""
    counts = dict(re.findall(r"^ *(\w[\w ]*?)  +(\d+)$", summary, re.M))
    kinds = {"identify": 2, "group": 1, "page": 1, "screen": 1, "alias": 1, "track": 4}
    expected = {kind: str(events * part // 10) for kind, part in kinds.items()}
    expected |= {"events read": str(events), "unsupported": str(events * 3 // 10), "rejected": "0", "still owed": "0"}
    assert {name: counts.get(name) for name in expected} == expected, summary


@contextlib.contextmanager
def world(binary, **options):
    with tempfile.TemporaryDirectory() as folder:
        courier = Courier(binary, folder)
        source = Source(binary, folder, courier, **options)
        way = Counting(source)
        try:
            yield courier, source, way
        finally:
            way.end()
            source.kill()
            courier.end()


def plain(binary, name, command):
    """Everything arrives once and in order; nothing is sent twice, nothing goes wrong."""
    with world(binary) as (courier, source, way):
        assert errors(start(command, way.url)) == []
        assert set(way.statuses()) == {200}, way.statuses()
        assert way.resent() == 0
        arrived(courier, is_ordered=name == "python")
        code, summary = source.stop()
        assert code == 0, summary
        read(summary, EVENTS)


def direct(binary, name, command):
    """Each event goes to the endpoint that is made for it; of a user Courier ends up with what was said last."""
    with world(binary, mode="direct") as (courier, source, way):
        assert errors(start(command, way.url)) == []
        assert set(way.statuses()) == {200} and way.resent() == 0, way.statuses()
        is_ordered = name == "python"
        arrived(courier, is_ordered, {n for n in ARRIVING if n % 10 > 5})
        for user in (user for user in range(50) if user % 10 < 2):
            said = [n for n in range(EVENTS) if n % 50 == user]
            known = courier.profile(f"user-{user}")
            assert known["email"] == f"user-{user}@example.com", known
            assert known["n"] in (said[-1:] if is_ordered else said), known
        code, summary = source.stop()
        assert code == 0, summary
        read(summary, EVENTS)


def wrong_key(binary, name, command):
    """The client is told, does not try again, and does not crash; nothing arrives."""
    with world(binary) as (courier, source, way):
        told = errors(start(command, way.url, key="another-key"))
        assert told and {status for status, _ in told} == {401}, told
        # Each batch was sent, and refused, once; Node's SDK tells of each event.
        assert len({id for ids, _ in way.seen for id in ids}) == EVENTS
        assert set(way.statuses()) == {401} and way.resent() == 0, way.statuses()
        assert courier.requests() == []
        code, summary = source.stop()
        assert code == 0, summary


def late(binary, name, command):
    """Courier is slower than answers may take: the client sends again, and still everything arrives once."""
    options = {
        "python": {"source": "acknowledgement_timeout_secs = 0.2", "sink": "request.rate_limit_num = 200"},
        "node": {"source": "acknowledgement_timeout_secs = 1", "sink": "request.rate_limit_num = 300"},
    }
    with world(binary, **options[name]) as (courier, source, way):
        assert errors(start(command, way.url)) == []
        assert 503 in way.statuses() and set(way.statuses()) <= {200, 503}, way.statuses()
        assert way.resent() > 0
        arrived(courier, is_ordered=name == "python")
        code, summary = source.stop()
        assert code == 0, summary
        # However often it was sent, each event was taken in once.
        read(summary, EVENTS)


def restarted(binary, name, command, end):
    """The source ends in the middle and starts again: what was not answered is sent again, and done once."""
    # With more time than that a source that is stopped delivers all that Node's SDK has sent, which is everything.
    with world(binary, sink="request.rate_limit_num = 600", shutdown=0.2) as (courier, source, way):
        # Node's SDK gives up after 1.4 s; a busy machine may take longer to start a process.
        client = start(command, source.url, numbers=(EVENTS, 7))
        while len(courier.requests()) < 100:
            assert client.poll() is None, "the client ended before the source did"
        end(source)
        before = len(courier.requests())
        assert before < len(ARRIVING) and client.poll() is None, "the client ended before the source did"
        source.start()
        assert errors(client) == []
        arrived(courier, is_ordered=name == "python")
        code, summary = source.stop()
        assert code == 0, summary


def main():
    binary = os.path.abspath(sys.argv[1])
    scenarios = [
        ("plain", plain),
        ("direct", direct),
        ("wrong key", wrong_key),
        ("late answers", late),
        ("stopped and started", lambda *client: restarted(*client, Source.stop)),
        ("killed and started", lambda *client: restarted(*client, Source.kill)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name, command in install(folder).items():
            for title, scenario in scenarios:
                scenario(binary, name, command)
                print(f"{name}: {title}: ok", flush=True)


main()
