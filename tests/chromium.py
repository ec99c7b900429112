"""A headless Chromium for tests, asked over a pipe in the language of its developer tools.

    with chromium() as browser:
        page = browser.open(path)
        page.ask("document.title")

It needs no driver and no port: what is asked is written to descriptor 3 of its process, and what it
answers comes from descriptor 4. The program is the one that CHROMIUM names, or on PATH.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

SECONDS = 180  # for one answer, on a machine that has much to do
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "End": 35, "Home": 36, "ArrowDown": 40}


def program():
    """Return where Chromium is; None if it is not."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


class Failed(Exception):
    """What Chromium answered is an error, or it did not answer."""


class Browser:
    """A process of Chromium."""

    def __init__(self, home):
        self._last = 0
        self._rest = b""
        self.events = []
        given, self._ask = os.pipe()
        self._answers, written = os.pipe()
        # descriptors that are in nobody's way
        there = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 20) for one in (given, written)]
        actions = [
            (os.POSIX_SPAWN_DUP2, there[0], 3),
            (os.POSIX_SPAWN_DUP2, there[1], 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        command = [program(), *FLAGS, f"--user-data-dir={home}", "about:blank"]
        self.process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        for one in (given, written, *there):
            os.close(one)

    def call(self, method, session=None, **given):
        """Ask for something, and return the answer."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": given}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._ask, data) :]
        until = time.monotonic() + SECONDS
        while True:
            answer = self._message(until)
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, event):
        """Wait until something has happened, and return what is said of it."""
        until = time.monotonic() + SECONDS
        while True:
            found = next((one for one in self.events if one.get("method") == event), None)
            if found is not None:
                self.events.remove(found)
                return found["params"]
            self.events.append(self._message(until))

    def _message(self, until):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], until - time.monotonic())
            data = os.read(self._answers, 1 << 20) if ready else b""
            if not data:
                raise Failed("Chromium does not answer" if not ready else "Chromium has ended")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, path, scripts=True):
        """Open a file in a page of its own."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        if not scripts:
            page.call("Emulation.setScriptExecutionDisabled", value=True)
        self.events.clear()
        page.call("Page.navigate", url=Path(path).as_uri())
        self.wait_for("Page.loadEventFired")
        return page

    def close(self):
        """End the process."""
        try:
            self.call("Browser.close")
        except (Failed, OSError):
            os.kill(self.process, 9)
        os.waitpid(self.process, 0)
        os.close(self._ask)
        os.close(self._answers)


class Page:
    """A page of it."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session

    def call(self, method, **given):
        """Ask the page for something."""
        return self._browser.call(method, self._session, **given)

    def ask(self, expression):
        """Evaluate JavaScript, and return its value."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise Failed(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression):
        """Wait until something is true."""
        until = time.monotonic() + SECONDS
        while not self.ask(expression):
            if time.monotonic() > until:
                raise Failed(f"never true: {expression}")
            time.sleep(0.02)

    def press(self, key):
        """Press a key, and let it go."""
        code = KEYS[key]
        text = {"Enter": "\r", " ": " "}.get(key)
        given = {"key": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.call("Input.dispatchKeyEvent", type="keyDown", **given)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text):
        """Type a text where the focus is."""
        self.call("Input.insertText", text=text)

    def click(self, selector):
        """Click into the middle of an element."""
        middle = self.ask(
            "(at => { at.scrollIntoView({block: 'center'}); const box = at.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        place = {"x": middle[0], "y": middle[1], "button": "left", "clickCount": 1}
        for what in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=what, **place)

    def look(self, scheme="light", width=1280, height=900):
        """Choose the colour scheme, and how large the window is."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", mobile=width < 600, **size)

    def shoot(self, path, most=5000):
        """Take the page as PNG, from its top on, so many pixels at most."""
        size = self.ask("[document.documentElement.clientWidth, document.body.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": min(size[1], most), "scale": 1}
        taken = self.call(
            "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
        )
        data = taken["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def requests(self):
        """List the addresses that were asked for since the page was opened."""
        asked = self._events("Network.requestWillBeSent")
        return [event["request"]["url"] for event in asked]

    def complaints(self):
        """List what the browser complains of: errors of scripts, what the page's policy forbade."""
        thrown = self._events("Runtime.exceptionThrown")
        logged = self._events("Log.entryAdded")
        return [one["exceptionDetails"]["text"] for one in thrown] + [
            one["entry"]["text"] for one in logged
        ]

    def _events(self, method):
        self.ask("0")  # what has happened before is told before that
        events = self._browser.events
        return [one["params"] for one in events if one.get("method") == method]

    def close(self):
        """Close the page."""
        self.call("Page.close")


@contextmanager
def chromium():
    """A Chromium that ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = Browser(home)
        try:
            yield browser
        finally:
            browser.close()
