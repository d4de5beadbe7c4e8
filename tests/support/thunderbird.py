"""A real Thunderbird for tests, Debian's, without a display: what its account set-up makes of a configuration file.

It is told by Marionette, the remote control that it has built in: JSON with its length before it, over TCP.

Run as a program it installs Thunderbird, so that no two workers of pytest do it at once.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import debian

PROGRAM = "/usr/lib/thunderbird/thunderbird"
PACKAGES = ("thunderbird",)
_START_SECONDS = 120.0

# No update, no telemetry, no page from the network. A port of 0 is any that is free.
_PREFERENCES = {
    "marionette.port": 0,
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "mailnews.start_page.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "network.dns.disabled": True,
}


def install() -> None:
    """Make sure that Thunderbird is there."""
    debian.install("Thunderbird is", (PROGRAM,), PACKAGES)


def check() -> None:
    """Unavailable, if it is not there."""
    if debian.missing((PROGRAM,)):
        raise debian.Unavailable("There is no Thunderbird.")


class Thunderbird:
    """One Thunderbird with a profile of its own, for as long as a module of tests."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._asked = 0

    def start(self) -> None:
        """Start it, and wait until it can be told something."""
        with contextlib.ExitStack() as stack:
            profile = Path(tempfile.mkdtemp(prefix="thunderbird-"))
            stack.callback(shutil.rmtree, profile, ignore_errors=True)
            (profile / "user.js").write_text(
                "".join(f"user_pref({json.dumps(name)}, {json.dumps(told)});\n" for name, told in _PREFERENCES.items())
            )
            command = (PROGRAM, "--headless", "--no-remote", "--profile", str(profile))
            process = debian.run(
                profile / "errors", *command, "--marionette", "-remote-allow-system-access", HOME=str(profile)
            )
            stack.callback(debian.end, process)
            self._connection = stack.enter_context(socket.create_connection(("127.0.0.1", self._port(profile))))
            self._connection.settimeout(_START_SECONDS)
            self._answers = stack.enter_context(self._connection.makefile("rb"))
            self._read()
            self._tell("WebDriver:NewSession", capabilities={})
            self._tell("Marionette:SetContext", value="chrome")
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        self._stack.close()

    def account(self, configuration: str, *, name: str, address: str) -> dict[str, Any]:
        """The account it would set up by a configuration file, for somebody of this name and mail address."""
        answer = self._tell("WebDriver:ExecuteScript", script=_ACCOUNT, args=[configuration, name, address])
        account: dict[str, Any] = answer["value"]
        return account

    def _tell(self, command: str, **parameters: Any) -> Any:
        self._asked += 1
        message = json.dumps([0, self._asked, command, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        _kind, _number, error, answer = self._read()
        if error:
            raise ValueError(f"{command}: {error['message']}")
        return answer

    def _read(self) -> Any:
        length = b""
        while (sign := self._answers.read(1)) not in (b":", b""):
            length += sign
        if not length:
            raise EOFError("Thunderbird has ended.")
        return json.loads(self._answers.read(int(length)))

    @staticmethod
    def _port(profile: Path) -> int:
        told = profile / "MarionetteActivePort"
        pause = threading.Event()
        for _ in range(int(_START_SECONDS * 20)):
            with contextlib.suppress(FileNotFoundError, ValueError):
                return int(told.read_text())
            pause.wait(0.05)
        raise debian.Unavailable(f"Thunderbird does not start: {(profile / 'errors').read_text()[-500:]}")


# As FetchConfig.sys.mjs does it with the file that a domain hands out, and FindConfig.sys.mjs with what is in it.
_ACCOUNT = """
const from = name => ChromeUtils.importESModule(`resource:///modules/${name}.sys.mjs`);
const [text, name, address] = arguments;
const document = new DOMParser().parseFromString(text, "text/xml");
const account = from("accountcreation/readFromXML").readFromXML(from("JXON").JXON.build(document), "test");
from("accountcreation/AccountConfig").AccountConfig.replaceVariables(account, name, address);
return JSON.parse(JSON.stringify(account));
"""


def main() -> int:
    """Install, or say in one line why not; the tests decide what that means."""
    try:
        install()
    except debian.Unavailable as reason:
        print(f"Without Thunderbird: {' '.join(str(reason).split())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
