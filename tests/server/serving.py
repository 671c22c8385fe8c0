"""A server for a test, and a client of few words. Standard library alone."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PIPIT, SOURCE, BUILD = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
WEIGHTS = SOURCE / "pipelines/demo/clip4clip-shapes.safetensors"


class Folder:
    """The demo's clips, an index of their moments, and pipelines of the tests' own operators."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="pipit-serve-"))
        shutil.copytree(SOURCE / "pipelines/demo/clips", self.path / "clips")
        self.run("run", SOURCE / "pipelines/moments.yaml", "--inputs", "clips", "--output", "clips.index", "--progress", "off")

    def run(self, *words):
        subprocess.run([PIPIT, *map(str, words)], check=True, cwd=self.path, stdout=subprocess.DEVNULL, env=environment())

    def write(self, name, text):
        (self.path / name).write_text(text)

    def remove(self):
        shutil.rmtree(self.path)


def environment():
    return {**os.environ, "PIPIT_WEIGHTS": str(WEIGHTS), "PIPIT_OPERATOR_PATH": str(BUILD / "tests/operators")}


class Server:
    """with Server(folder.path, "p.yaml", …) as server: server.get("/health/live")"""

    def __init__(self, folder, *words, listen="127.0.0.1:0", **popen):
        self.folder, self.words, self.listen, self.popen = folder, [*map(str, words), "--listen", listen], listen, popen

    def __enter__(self):
        self.log = open(self.folder / "serve.log", "w+")
        self.process = subprocess.Popen([PIPIT, "serve", *self.words], cwd=self.folder, stderr=self.log, env=environment(), **self.popen)
        deadline = time.monotonic() + 60
        while not (found := re.search(r"^pipit serves at (?:http://)?(\S+)$", self.said(), re.MULTILINE)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.close()
                raise AssertionError("the server is not ready: " + (self.folder / "serve.log").read_text())
            time.sleep(0.02)
        self.address = found[1]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def said(self):
        return (self.folder / "serve.log").read_text()

    def lines(self):
        """The log's lines, each of a request."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def signal(self, number, seconds=30):
        self.process.send_signal(number)
        if number != signal.SIGHUP:
            return self.process.wait(seconds)

    def connect(self, seconds=30):
        if self.address.startswith("unix:"):
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(seconds)
            made.connect(str(self.folder / self.address.removeprefix("unix:")))
            return made
        host, port = self.address.rsplit(":", 1)
        return socket.create_connection((host.strip("[]"), int(port)), seconds)

    def request(self, method, path, body=None, headers=None):
        """Status, headers and body."""
        client = http.client.HTTPConnection("localhost", timeout=30)
        client.sock = self.connect()
        try:
            client.request(method, path, body, headers or {})
            response = client.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            client.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path, json_body, **headers):
        status, _, body = self.request("POST", path, json.dumps(json_body),
                                       {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}})
        return status, json.loads(body)

    def raw(self, data, seconds=10):
        """Everything that comes back for bytes, until the server closes or the time is over."""
        with self.connect(seconds) as made:
            made.sendall(data)
            return everything(made)


def everything(made):
    data = b""
    try:
        while some := made.recv(1 << 16):
            data += some
    except (TimeoutError, ConnectionResetError):
        pass
    return data
