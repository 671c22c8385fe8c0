"""A real Chromium without a window, driven through its DevTools pipe: JSON messages that end with a zero byte. Standard library alone."""

import base64
import contextlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
import zlib


class BrowserFault(Exception):
    pass


class Browser:
    """with Browser(width=1000, height=900) as browser: browser.open(url); browser.press("Enter"); …"""

    def __init__(self, width, height, seconds=30):
        self.size, self.seconds, self.number = (width, height), seconds, 0
        self.messages = b""
        self.requests = []  # addresses that the page asked for
        self.complaints = []  # errors in its console

    def __enter__(self):
        if shutil.which("chromium") is None:
            raise BrowserFault("the tests of pages need Debian's package 'chromium', which ./dev test installs")
        self.folder = tempfile.mkdtemp(prefix="pipit-browser-")
        to_browser, from_us = os.pipe()
        to_us, from_browser = os.pipe()
        for descriptor in (to_browser, from_browser):
            os.set_inheritable(descriptor, True)
        command = (f"exec chromium --headless=new --remote-debugging-pipe --user-data-dir={self.folder} --no-first-run --mute-audio "
                   "--disable-gpu --disable-dev-shm-usage --autoplay-policy=no-user-gesture-required --lang=en "
                   + ("--no-sandbox " if os.geteuid() == 0 else "")
                   + f"about:blank 3<&{to_browser} 4>&{from_browser}")
        self.process = subprocess.Popen(["bash", "-c", command], pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.out, self.into = from_us, to_us
        os.set_blocking(self.into, False)
        self.session = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(*self.size)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        self.process.stderr.close()
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            for answer in self.arrived():
                if answer.get("id") == self.number:
                    if "error" in answer:
                        raise BrowserFault(f"{method}: {answer['error']['message']}")
                    return answer["result"]
            time.sleep(0.005)
        raise BrowserFault(f"{method}: no answer in {self.seconds} s; {self.process.stderr.peek().decode(errors='replace')[-500:]}")

    def arrived(self):
        with contextlib.suppress(BlockingIOError):
            self.messages += os.read(self.into, 1 << 20)
        *whole, self.messages = self.messages.split(b"\0")
        for text in whole:
            message = json.loads(text)
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            if message.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(message["params"]["exceptionDetails"]["exception"].get("description", "?"))
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.complaints.append(message["params"]["entry"]["text"])
            yield message

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserFault(f"{script}: {result['exceptionDetails']['exception'].get('description')}")
        return result["result"].get("value")

    def wait(self, script):
        """Until it is true; gives what it is."""
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            if value := self.evaluate(script):
                return value
            time.sleep(0.02)
        raise BrowserFault(f"not true in {self.seconds} s: {script}")

    def press(self, key):
        codes = {"Enter": 13, "Tab": 9, "Escape": 27}
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        about = {"key": key, "code": key, "windowsVirtualKeyCode": codes.get(key, ord(key[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def click(self, selector):
        place = self.evaluate(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
                              " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self):
        return Picture(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


class Picture:
    """An 8-bit PNG as rows of (red, green, blue)."""

    def __init__(self, png):
        self.width, self.height, depth, kind = struct.unpack(">IIBB", png[16:26])
        if depth != 8 or kind not in (2, 6):
            raise BrowserFault(f"a screenshot of depth {depth} and kind {kind}")
        size, at, packed = 3 if kind == 2 else 4, 8, b""
        while at < len(png):
            length, name = struct.unpack(">I4s", png[at:at + 8])
            packed += png[at + 8:at + 8 + length] if name == b"IDAT" else b""
            at += 12 + length
        data, stride = zlib.decompress(packed), self.width * size
        self.rows, before = [], bytearray(stride)
        for y in range(self.height):
            row = bytearray(data[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
            self.unfilter(data[y * (stride + 1)], row, before, size)
            self.rows.append([tuple(row[x:x + 3]) for x in range(0, stride, size)])
            before = row

    @staticmethod
    def unfilter(kind, row, above, size):
        for i in range(len(row)):
            left, up = (row[i - size] if i >= size else 0), above[i]
            corner = above[i - size] if i >= size else 0
            if kind == 1:
                row[i] = (row[i] + left) & 255
            elif kind == 2:
                row[i] = (row[i] + up) & 255
            elif kind == 3:
                row[i] = (row[i] + (left + up) // 2) & 255
            elif kind == 4:
                paeth = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
                row[i] = (row[i] + paeth) & 255

    def share(self, box, like):
        """How much of a box, (x, y, width, height), is of a colour for which `like(red, green, blue)` holds."""
        x, y, width, height = (int(number) for number in box)
        pixels = [pixel for row in self.rows[max(y, 0):y + height] for pixel in row[max(x, 0):x + width]]
        return sum(like(*pixel) for pixel in pixels) / max(len(pixels), 1)
