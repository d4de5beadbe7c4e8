# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a mail program is told: names, ports, accounts and addresses."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.mailops.exchange.plugins.module_utils._host.addresses import address_in
from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Given, stray
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


class MailHost(Given):
    """A host name, in any script, or an address; an address of IPv6 also in brackets, as inventories have it."""

    def parse(self, value: Any) -> str:
        text = str(value)
        return address_in(text) or _host_name(text)


def _host_name(text: str) -> str:
    with contextlib.suppress(UnicodeError):
        # Encoding takes the square of the length, and makes nothing shorter.
        name = text.encode("idna").decode() if len(text) <= 253 else ""
        if _NAME.fullmatch(name) and len(name) <= 253:
            return text
    raise ValueError(
        f"{quoted(text)} is neither a host name nor an address; use it without port, brackets, and https://"
    )


@dataclass(frozen=True)
class Within(Given):
    """A whole number between two others."""

    lowest: int
    highest: int
    words: str
    """What it has to be, in words."""

    option_type: ClassVar[str] = "int"

    def parse(self, value: Any) -> int:
        if not self.lowest <= value <= self.highest:
            raise ValueError(f"{value} is not {self.words}")
        return int(value)


class LogonUser(Given):
    """Who logs on."""

    def parse(self, value: Any) -> str:
        if value == "":
            raise ValueError("it is empty; leave both out to probe without signing in")
        return _one_line(value)


class LogonPassword(LogonUser):
    """And by what, which no sentence may repeat."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "str", "no_log": True}


class ControllerFile(Given):
    """A file on the controller."""

    option_type = "path"

    def parse(self, value: Any) -> str:
        if value == "":
            raise ValueError("it is empty; use the path of a file on the controller, or leave it out")
        return _one_line(value)


class PrivateKeyFile(ControllerFile):
    """The path of a file with a private key, which Ansible would take for the key itself by its name."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "path", "no_log": False}


def _one_line(value: Any) -> str:
    if stray(str(value)):
        raise ValueError("it has a line break or another control character in it")
    return str(value)


class MailAddress(Given):
    """An address as every SMTP server takes it."""

    def parse(self, value: Any) -> str:
        if not _ADDRESS.fullmatch(str(value)):
            raise ValueError(f"{quoted(value)} is not a mail address such as anna@contoso.com, in ASCII")
        return str(value)


class NoSecret(Bool):
    """True or false, in an option that Ansible would take for a secret by its name."""

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"type": "bool", "no_log": False}
