# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections to mail servers that can neither hold up nor flood the one who asks, and what their certificates say."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure, harmless

try:
    from cryptography import x509
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True


# A mailbox with 100,000 messages lists its UIDs in 8 MB; everything else is far smaller.
MOST_BYTES = 16 << 20


MOST_CHARACTERS = 500


class Overdue(Exception):
    """The time of the probe is over. No OSError, which smtplib would take for a lost connection."""


class Overfed(Exception):
    """The server sent more than any answer can be."""


class Deadline:
    """The time by which a probe has to be done, whatever it is doing."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        if (left := self._end - time.monotonic()) <= 0:
            raise Overdue
        return left


@dataclass
class Traffic:
    """What came over one connection so far, in clear and encrypted together, and until when more may come."""

    deadline: Deadline
    received: int = 0
    beginning: bytes = b""
    ended: bool = False

    def add(self, data: bytes) -> None:
        self.ended = not data
        self.received += len(data)
        if self.received > MOST_BYTES:
            raise Overfed
        self.beginning += data[: MOST_CHARACTERS - len(self.beginning)]

    @contextlib.contextmanager
    def waiting(self, line: socket.socket) -> Iterator[None]:
        """No single wait is longer than what is left of the time, so that a server which drips gains nothing."""
        line.settimeout(self.deadline.left)
        try:
            yield
        except TimeoutError:
            raise Overdue from None


class Line(socket.socket):
    """A connection within limits. Python's clients read by files, which read by recv_into, and write by sendall."""

    traffic: Traffic

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        with self.traffic.waiting(self):
            count = super().recv_into(buffer, nbytes or len(buffer), flags)
        self.traffic.add(bytes(buffer[:count]))
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        with self.traffic.waiting(self):
            super().sendall(data, flags)


class EncryptedLine(Line, ssl.SSLSocket):
    """The same over TLS; a Context makes it from a Line."""

    def do_handshake(self, block: bool = False) -> None:
        self.traffic = cast(Context, self.context).traffic
        with self.traffic.waiting(self):
            super().do_handshake(block)


class Context(ssl.SSLContext):
    """What is asked of the certificate on one connection."""

    sslsocket_class = EncryptedLine
    traffic: Traffic


class Trust(Enum):
    """How much of the certificate has to be right for a conversation to begin."""

    NAME_AND_CHAIN = 1
    CHAIN = 2
    NOTHING = 3


@dataclass(frozen=True)
class Target:
    """Where a mail program would connect to, and as what it expects the server to show itself."""

    host: str
    port: int
    encryption: str
    connect_to: str | None = None
    ca_cert: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" + (f" at {self.connect_to}" if self.connect_to else "")

    def context(self, trust: Trust, traffic: Traffic) -> Context:
        """TLS 1.2 or newer, as Python has it by default, and names only where mail programs look for them."""
        context = Context(ssl.PROTOCOL_TLS_CLIENT)
        context.traffic = traffic
        context.hostname_checks_common_name = False
        context.check_hostname = trust is Trust.NAME_AND_CHAIN
        context.verify_mode = ssl.CERT_NONE if trust is Trust.NOTHING else ssl.CERT_REQUIRED
        if not self.ca_cert:
            context.load_default_certs()
            return context
        try:
            context.load_verify_locations(self.ca_cert)
        except ssl.SSLError:
            raise Failure(f"ca_cert: {self.ca_cert} holds no certificate in PEM form.") from None
        except OSError as error:
            raise Failure(f"ca_cert: {self.ca_cert} cannot be read: {error.strerror}.") from None
        return context

    def connect(self, traffic: Traffic) -> Line:
        """A connection to the first of the addresses that takes it; they share the time that is left."""
        deadline = traffic.deadline
        addresses = _resolve(self.connect_to or self.host, self.port, deadline)
        problem: OSError = TimeoutError()
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            line = Line(family, kind, protocol)
            line.traffic = traffic
            line.settimeout(deadline.left / (len(addresses) - tried))
            try:
                line.connect(address)
            except OSError as error:
                line.close()
                problem = error
            else:
                return line
        if isinstance(problem, TimeoutError):
            raise Failure(
                f"{self} did not take the connection within {deadline.seconds:g} seconds: look at the address, and for "
                "a firewall that drops what comes from the controller."
            )
        if isinstance(problem, ConnectionRefusedError):
            raise Failure(
                f"{self} refused the connection, so nothing listens on port {self.port} there: look at the port, the "
                "service and its bindings."
            )
        raise Failure(f"{self} cannot be reached from the controller: {problem.strerror or problem}.")


def _resolve(name: str, port: int, deadline: Deadline) -> list[Any]:
    # getaddrinfo knows no time limit of its own; the thread ends with the resolver's.
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left)
    except queue.Empty:
        raise Failure(
            f"The name {name} was not resolved within {deadline.seconds:g} seconds: look at the controller's DNS "
            "servers."
        ) from None
    if isinstance(answer, Exception):
        told = answer.strerror if isinstance(answer, OSError) else "it is no host name"
        raise Failure(
            f"The name {name} does not resolve on the controller ({told}): look at its spelling and the DNS record, or "
            "give an address with connect_to."
        )
    return list(answer)


def judge(der: bytes, host: str, trust: Trust, problem: ssl.SSLCertVerificationError | None) -> dict[str, Any]:
    """A server's certificate as the module returns it; ``problem`` is why it was let through with no more trust."""
    facts = _read_certificate(der)
    matches = trust is Trust.NAME_AND_CHAIN or (trust is Trust.NOTHING and covers(facts["names"], host))
    reason = None
    if trust is Trust.NOTHING and problem:
        reason = problem.verify_message
    elif not matches:
        reason = "the name is not among those of the certificate"
    return {
        **facts,
        "thumbprint": hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        "trusted": trust is not Trust.NOTHING,
        "name_matches": matches,
        "reason": reason,
    }


def _read_certificate(der: bytes) -> dict[str, Any]:
    """What is in it, if it can be read: cryptography is stricter than OpenSSL, and a server sends what it likes."""
    unreadable = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
    facts: dict[str, Any] = dict.fromkeys(("subject", "issuer", "not_before", "not_after", "days_left"))
    facts["names"] = []
    with contextlib.suppress(*unreadable):
        certificate = x509.load_der_x509_certificate(der)
        facts |= {
            "subject": clean(certificate.subject.rfc4514_string()),
            "issuer": clean(certificate.issuer.rfc4514_string()),
            "not_before": certificate.not_valid_before_utc.isoformat(),
            "not_after": certificate.not_valid_after_utc.isoformat(),
            "days_left": (certificate.not_valid_after_utc - datetime.now(UTC)).days,
        }
        with contextlib.suppress(x509.ExtensionNotFound):
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            hosts = [*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.IPAddress)]
            facts["names"] = [clean(str(name)) for name in hosts]
    return facts


def covers(names: Sequence[str], host: str) -> bool:
    """Whether one of a certificate's names is that of the host; a wildcard stands for exactly one whole label."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host)) in names
    wanted = host.rstrip(".").encode("idna").decode().casefold()
    known = {name.rstrip(".").casefold() for name in names}
    return wanted in known or f"*.{wanted.partition('.')[2]}" in known


def clean(said: bytes | str, secrets: Sequence[str] = ()) -> str:
    """A server's words as harmless text: one line of limited length, nothing that acts on a terminal, no secrets."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    for secret in secrets:
        text = text.replace(secret, "********")
    text = " ".join(harmless(text).split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def secrets_of(user: str | None, password: str | None) -> tuple[str, ...]:
    """Every form in which a password goes over the line, so that a server which repeats it gains nothing."""
    if not password:
        return ()
    forms = (f"\0{user}\0{password}".encode(), password.encode())
    return (*(base64.b64encode(form).decode() for form in forms), quoted(password), password)


def quoted(text: str) -> str:
    """A quoted string of IMAP4."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
