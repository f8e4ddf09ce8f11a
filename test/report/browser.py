"""Chromium without a window, told what to do by the DevTools protocol over a pair of pipes."""
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

# No sandbox: tests run as root in containers, and open a file of their own alone.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
           "--disable-dev-shm-usage", "--disable-extensions", "--hide-scrollbars")
PATIENCE = 60   # seconds for an answer


def path():
    """Where Chromium is; None if it is not installed."""
    return shutil.which("chromium")


class Browser:
    """One page. errors: what its console was told, exceptions, and what could not be loaded."""

    def __init__(self):
        self.errors, self.number, self.unread = [], 0, b""
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        read_here, write_there = os.pipe()
        read_there, self.to_browser = os.pipe()
        self.from_browser = read_here
        # the protocol's pipes are 3 and 4 there
        script = 'exec "$@" 3<&"$READ" 4>&"$WRITE"'
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", path(), *OPTIONS, f"--user-data-dir={self.profile.name}",
             "about:blank"], start_new_session=True, pass_fds=(read_there, write_there),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"READ": str(read_there), "WRITE": str(write_there)})
        os.close(read_there)
        os.close(write_there)
        self.session = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # its helpers, too, write to the profile
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE)
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.profile.cleanup()

    def message(self):
        """The next message; TimeoutError when none comes."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.unread:
            if not select.select([self.from_browser], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            if not (some := os.read(self.from_browser, 1 << 20)):
                raise TimeoutError("Chromium has ended")
            self.unread += some
        text, self.unread = self.unread.split(b"\0", 1)
        found = json.loads(text)
        self.note_error(found.get("method"), found.get("params", {}))
        return found

    def note_error(self, method, said):
        """Keeps what went wrong in the page."""
        if method == "Runtime.exceptionThrown":
            self.errors.append(said["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.errors.append(str(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.errors.append(said["entry"]["text"])

    def call(self, method, **parameters):
        """Calls a method of the protocol; its result."""
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(request).encode() + b"\0")
        while (answer := self.message()).get("id") != self.number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def open(self, file, width, height, dark=False):
        """Opens a file in a window of that size, and waits until it is there."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url="file://" + os.path.abspath(file))
        while self.message().get("method") != "Page.loadEventFired":
            pass

    def ask(self, expression):
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")
