# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over its DevTools protocol by two pipes: no port, no package."""

import json
import os
import shutil
import subprocess
import tempfile


class Chromium:
    """`with Chromium(program) as browser: page = browser.page()`."""

    def __init__(self, program):
        self._program = program
        self._number = 0
        self._events = []

    def __enter__(self):
        self._profile = tempfile.mkdtemp(prefix="assay-browser-")
        there, self._to = os.pipe()
        self._from, back = os.pipe()
        command = [self._program, "--headless=new", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--disable-extensions", "--disable-background-networking", "--remote-debugging-pipe",
                   f"--user-data-dir={self._profile}", "about:blank"]

        def as_chromium_wants_them():  # commands on 3, answers on 4
            low, high = os.dup(there), os.dup(back)
            os.dup2(low, 3)
            os.dup2(high, 4)

        self._process = subprocess.Popen(command, preexec_fn=as_chromium_wants_them, close_fds=False,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(there)
        os.close(back)
        self._answers = os.fdopen(self._from, "rb", buffering=0)
        self._buffer = b""
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
        self._answers.close()
        os.close(self._to)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _message(self):
        while b"\0" not in self._buffer:
            more = self._answers.read(1 << 16)
            if not more:
                raise OSError("Chromium ended")
            self._buffer += more
        text, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **params):
        """The result of a command; events that come before it are kept."""
        self._number += 1
        number = self._number
        command = {"id": number, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            if "method" in message:
                self._events.append(message)

    def wait_for(self, event, session):
        while True:
            for one in self._events:
                if one["method"] == event and one.get("sessionId") == session:
                    return
            message = self._message()
            if "method" in message:
                self._events.append(message)

    def events(self, session):
        return [one for one in self._events if one.get("sessionId") == session]

    def page(self):
        return Page(self)


class Page:
    """One tab. Set how it looks and behaves, then open() a file."""

    def __init__(self, browser):
        self._browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "DOM"):
            self.call(domain + ".enable")
        self._target = target

    def call(self, method, **params):
        return self._browser.call(method, self._session, **params)

    def close(self):
        self._browser.call("Target.closeTarget", targetId=self._target)

    def open(self, file):
        self.call("Page.navigate", url=file.resolve().as_uri())
        self._browser.wait_for("Page.loadEventFired", self._session)
        return self

    def size(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)
        return self

    def media(self, medium="", scheme="light"):
        self.call("Emulation.setEmulatedMedia", media=medium,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        return self

    def without_script(self):
        self.call("Emulation.setScriptExecutionDisabled", value=True)
        return self

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression[:60]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def content_width(self):
        """In CSS pixels; more than the window's is a horizontal scroll bar. Needs no script."""
        return self.call("Page.getLayoutMetrics")["cssContentSize"]["width"]

    def requests(self):
        """Addresses that were asked for, but for the page itself and what it holds."""
        self.evaluate("0")  # whatever was under way has been told by now
        urls = [one["params"]["request"]["url"] for one in self._browser.events(self._session)
                if one["method"] == "Network.requestWillBeSent"]
        return [url for url in urls[1:] if not url.startswith("data:")]

    def complaints(self):
        """Exceptions, errors and warnings on the console, and what the page's policy refused."""
        found = []
        for one in self._browser.events(self._session):
            params = one["params"]
            if one["method"] == "Runtime.exceptionThrown":
                found.append(params["exceptionDetails"].get("text", "exception"))
            elif one["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(str([argument.get("value") for argument in params["args"]]))
            elif one["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
        return found
