#!/usr/bin/env python3
"""Drives the emulator with Courier's official SDKs for Python and Node: every call it covers, answers parsed into the SDKs'
types, errors as the SDKs' own classes.

Usage: courier_sdks.py BINARY. Needs what run.py needs; the SDKs are installed, pinned, into a temporary folder. Everything else
stays on loopback.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv

from world import Courier, environment

HERE = os.path.dirname(os.path.abspath(__file__))


def install(folder):
    """The commands that run each client."""
    python = os.path.join(folder, "venv", "bin", "python")
    venv.create(os.path.join(folder, "venv"), with_pip=True)
    requirements = os.path.join(HERE, "courier-requirements.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-r", requirements], check=True)
    node = shutil.copytree(os.path.join(HERE, "courier-node"), os.path.join(folder, "node"))
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", *quiet], cwd=node, check=True)
    return {
        "Python": [python, os.path.join(HERE, "courier_calls.py")],
        "Node": ["node", os.path.join(node, "calls.mjs")],
    }


def main():
    binary = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for name, command in install(folder).items():
            courier = Courier(binary, folder)
            try:
                subprocess.run([*command, courier.url], check=True, env=environment())
            finally:
                courier.end()
            print(f"Courier's SDK for {name}: ok", flush=True)


main()
