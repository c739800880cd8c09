"""What the clients are run in: the built binary as a source and as a Courier, and a way between that counts requests."""

import gzip
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "client-key"


def environment():
    """Without proxies, which know no loopback, and without anything that changes what the binary logs."""
    drop = {"http_proxy", "https_proxy", "all_proxy", "rust_log"}
    return {name: value for name, value in os.environ.items() if name.lower() not in drop}


class Courier:
    """The emulator, in a process of its own."""

    def __init__(self, binary, folder):
        with open(os.path.join(folder, "key"), "w") as file:
            file.write("right")
        command = [binary, "emulate", "--address", "127.0.0.1:0", "--api-key-file", "key"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment()
        )
        self.url = re.search(r"http://\S+", self.process.stdout.readline()).group()

    def requests(self):
        """What it saw, in order, without what it replayed."""
        with urllib.request.urlopen(f"{self.url}/emulator/requests") as answer:
            seen = [json.loads(line) for line in answer.read().decode().splitlines() if line]
        return [it for it in seen if it["path"].startswith("/inbound") and not it["replayed"]]

    def profile(self, user):
        """What it knows of a user."""
        request = urllib.request.Request(f"{self.url}/profiles/{user}", headers={"authorization": "Bearer right"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["profile"]

    def end(self):
        self.keep_log()
        self.process.kill()
        self.process.wait()

    def keep_log(self):
        """Keeps what it saw in the folder that COURIER_LOGS names, for `cargo test --test contract`."""
        folder = os.environ.get("COURIER_LOGS")
        if not folder:
            return
        os.makedirs(folder, exist_ok=True)
        with urllib.request.urlopen(f"{self.url}/emulator/requests") as answer:
            with open(os.path.join(folder, f"{time.time_ns()}.ndjson"), "wb") as file:
                file.write(answer.read())


class Source:
    """`courier-sink run` with an `http_server`; it can be stopped or killed, and started again at its address."""

    def __init__(self, binary, folder, courier, source="", sink="", mode="inbound", shutdown=30):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.binary, self.folder = binary, folder
        with open(os.path.join(folder, "config.toml"), "w") as file:
            file.write(
                f"""
data_dir = "data"
shutdown_timeout_secs = {shutdown}
[sources.sdk]
type = "http_server"
address = "127.0.0.1:{self.port}"
write_keys = ["{KEY}"]
{source}
[sinks.courier]
type = "courier"
inputs = ["sdk"]
endpoint = "{courier.url}"
api_key = "right"
mode = "{mode}"
healthcheck = false
batch.timeout_secs = 0.01
{sink}
"""
            )
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "run", "config.toml"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for line in self.process.stderr:
            if "listens for HTTP" in line:
                break
        else:
            raise AssertionError("the source ended before it listened")
        # Read on, so that it never waits for us.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self):
        """Gives the exit code and the summary."""
        self.process.send_signal(signal.SIGTERM)
        summary = self.process.stdout.read()
        return self.process.wait(), summary

    def kill(self):
        self.process.kill()
        self.process.wait()


class Counting:
    """Passes requests on to a source, and notes of each its message ids and how it was answered."""

    def __init__(self, source):
        seen = self.seen = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                way = http.client.HTTPConnection("127.0.0.1", source.port)
                way.request("POST", self.path, body, dict(self.headers))
                answer = way.getresponse()
                text = answer.read()
                plain = gzip.decompress(body) if self.headers["content-encoding"] else body
                ids = [event["messageId"] for event in json.loads(plain)["batch"]]
                seen.append((ids, answer.status))
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("date", "server", "connection"):
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)
                way.close()

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def statuses(self):
        return [status for _, status in self.seen]

    def resent(self):
        """Message ids that came more than once."""
        ids = [id for ids, _ in self.seen for id in ids]
        return len(ids) - len(set(ids))

    def end(self):
        self.server.shutdown()
        self.server.server_close()
