# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user says of the hand-out; ValueError with a sentence for what is wrong."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import quoted
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.handout import Setting, in_dns
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import HOST

PLACEHOLDERS = ("EMAILADDRESS", "EMAILLOCALPART", "EMAILDOMAIN")
PROBE_OPTIONS = ("ca_cert", "connect_to", "timeout")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+{_LABEL}")
# What a user name of Windows is made of; more could mean something to a program that reads it.
_BESIDE = re.compile(r"[A-Za-z0-9._@\\-]*")


def domains(given: Sequence[Any]) -> list[str]:
    """Mail domains, in the form of DNS."""
    if not given:
        raise ValueError("handout_domains: the list is empty; use the mail domains, such as [contoso.com].")
    return list(dict.fromkeys(map(_domain, given)))


def _domain(given: Any) -> str:
    text = str(given)
    name = in_dns(text)
    if not _DOMAIN.fullmatch(name) or _is_address(name):
        # Of what can be two names in DNS, such as one with ß, it is not known which is meant.
        right = "one such as contoso.com" if text.isascii() else "its DNS form, which begins with xn--"
        raise ValueError(f"handout_domains: {quoted(text)} is not a mail domain; use {right}.")
    return name


def username(given: str) -> str:
    """A user name in which the address, or what is before its @, takes the place of a placeholder."""
    known = [f"%{name}%" for name in PLACEHOLDERS]
    beside = given
    for placeholder in known:
        beside = beside.replace(placeholder, "")
    if not _BESIDE.fullmatch(beside):
        raise ValueError(
            f"handout_username: {quoted(given)} has characters that no user name has; use one with the "
            f"placeholders {', '.join(known)}, such as %EMAILADDRESS%."
        )
    if not any(placeholder in given for placeholder in known[:2]):
        raise ValueError(
            f"handout_username: {quoted(given)} would be the same for every user; use one with {known[0]} or "
            f"{known[1]} in it."
        )
    return given


@dataclass(frozen=True)
class Names:
    """Hosts, or hosts with a port, by which settings are named."""

    option: str
    given: tuple[tuple[str, int | None], ...]

    @classmethod
    def of(cls, option: str, given: Iterable[Any]) -> Names:
        return cls(option, tuple(_host_and_port(option, entry) for entry in given))

    def covers(self, setting: Setting) -> bool:
        return any(_is_meant(name, setting) for name in self.given)

    def without_effect(self, settings: Iterable[Setting]) -> list[str]:
        """A sentence for each that names none of the settings."""
        found = list(settings)
        return [
            f"{self.option}: {host}{'' if port is None else f':{port}'} is in none of the servers' settings for users."
            for host, port in self.given
            if not any(_is_meant((host, port), setting) for setting in found)
        ]


@dataclass(frozen=True)
class Probing:
    """How settings are tried."""

    ca_cert: str | None
    timeout: int
    connect_to: tuple[tuple[tuple[str, int | None], tuple[str, int | None]], ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Probing:
        unknown = sorted(str(name) for name in given.keys() - set(PROBE_OPTIONS))
        if unknown:
            raise ValueError(
                f"handout_probe: {', '.join(map(quoted, unknown))} is not valid; use {', '.join(PROBE_OPTIONS)}."
            )
        ways = given.get("connect_to") or {}
        if not isinstance(ways, Mapping):
            raise ValueError(
                f"handout_probe: connect_to is {quoted(ways)}; use a dictionary, such as "
                "{mail.contoso.com: 192.0.2.10}."
            )
        option = "handout_probe: in connect_to"
        return cls(
            ca_cert=_readable(given["ca_cert"]) if given.get("ca_cert") else None,
            timeout=_timeout(given.get("timeout", 10)),
            connect_to=tuple((_host_and_port(option, name), _host_and_port(option, to)) for name, to in ways.items()),
        )

    def place(self, setting: Setting) -> tuple[str | None, int]:
        """The host to connect to in place of the setting's, and the port."""
        # What names the port says more than what names the host alone.
        for name, (host, port) in sorted(self.connect_to, key=lambda way: way[0][1] is None):
            if _is_meant(name, setting):
                return host, port or setting.port
        return None, setting.port


def _is_meant(name: tuple[str, int | None], setting: Setting) -> bool:
    host, port = name
    return host == setting.host and port in (None, setting.port)


def _host_and_port(option: str, given: Any) -> tuple[str, int | None]:
    host, colon, port = str(given).partition(":")
    host = in_dns(host)
    if not HOST.fullmatch(host) or (
        colon and not (port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536)
    ):
        raise ValueError(
            f"{option}: {quoted(given)} is neither a host nor a host with a port; use one such as mail.contoso.com or "
            "mail.contoso.com:995."
        )
    return host, int(port) if port else None


def _timeout(given: Any) -> int:
    text = str(given)
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= 3600):
        raise ValueError(f"handout_probe: timeout is {quoted(given)}; use a number of seconds from 1 to 3600.")
    return int(text)


def _readable(given: Any) -> str:
    path = Path(str(given)).expanduser()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError(f"handout_probe: ca_cert, {given}, contains no certificate in PEM form.") from None
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise ValueError(f"handout_probe: ca_cert, {given}, cannot be read: {told}.") from None
    return str(path)


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(text))
    return False
