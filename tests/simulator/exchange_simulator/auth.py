"""Who is asking: Basic, Negotiate and NTLM on one connection, channel binding, and the encryption of messages."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

BOUNDARY = "Encrypted Boundary"


class BadMessage(Exception):
    """An encrypted body that cannot be opened with this connection's context."""


class Accounts:
    """The organisation's administrator, under the three names a client may use for him."""

    def __init__(self, user: str, password: str, domain: str, directory: Path) -> None:
        self.user = user
        self.domain = domain
        self.netbios = domain.split(".")[0].upper()
        self._password = password.encode()
        self._names = (user, f"{self.netbios}\\{user}", f"{user}@{domain}")
        self._file = directory / "ntlm_users"

    def publish(self) -> None:
        """Write the file pyspnego's acceptor reads: the hash, not the password, readable by its owner only."""
        self._file.unlink(missing_ok=True)
        nt_hash = ntowfv1(self._password.decode()).hex().upper()
        lines = [f"{name}:1000:{'0' * 32}:{nt_hash}:[U]:LCT-00000000" for name in self._names]
        with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        os.environ["NTLM_USER_FILE"] = str(self._file)

    def withdraw(self) -> None:
        """Remove that file."""
        self._file.unlink(missing_ok=True)

    def accepts(self, name: str, password: bytes) -> bool:
        """Whether a Basic log-on is right."""
        try:
            text = password.decode()
        except UnicodeDecodeError:
            # Clients disagree on the character set of Basic: requests, and so pypsrp, writes Latin-1.
            text = password.decode("latin-1")
        known = name.casefold() in {known.casefold() for known in self._names}
        return hmac.compare_digest(text.encode(), self._password) and known


@dataclass(frozen=True)
class Decision:
    """The outcome of one request's log-on: the user, or the challenges of a 401; ``headers`` go out either way."""

    user: str | None
    headers: tuple[str, ...] = ()


class ConnectionAuthentication:
    """The log-on of one TCP connection: NTLM proves a connection, Basic each request."""

    def __init__(
        self, accounts: Accounts, *, schemes: tuple[str, ...], realm: str, bindings: GssChannelBindings | None
    ) -> None:
        self._accounts = accounts
        self._tls = bindings is not None
        self._schemes = schemes
        self._bindings = bindings
        # Basic is offered over TLS only: the password would travel in clear.
        self._offers = (*schemes, f'Basic realm="{realm}"') if self._tls else schemes
        self._context: spnego.ContextProxy | None = None

    def authorize(self, header: str | None) -> Decision:
        """Judge a request by its Authorization header."""
        scheme, _, value = (header or "").partition(" ")
        if not scheme:
            established = self._context is not None and self._context.complete
            return Decision(self._accounts.user) if established else Decision(None, self._offers)
        if scheme.casefold() == "basic" and self._tls:
            return self._basic(value)
        known = next((known for known in self._schemes if known.casefold() == scheme.casefold()), None)
        return self._negotiate(known, value) if known else Decision(None, self._offers)

    def open(self, body: bytes) -> bytes:
        """Decrypt a message that came in a MIME envelope."""
        if self._context is None or not self._context.complete:
            raise BadMessage
        _, _, payload = body.partition(b"Content-Type: application/octet-stream\r\n")
        sealed = re.sub(rb"--\s*" + BOUNDARY.encode() + rb"--\s*$", b"", payload)
        try:
            length = struct.unpack_from("<i", sealed)[0]
            return self._context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])
        except (SpnegoError, struct.error) as error:
            raise BadMessage from error

    def seal(self, content_type: str, message: bytes, *, gap: str) -> tuple[str, bytes]:
        """Encrypt an answer as its request was; ``gap`` is what stands between the dashes and the boundary."""
        if self._context is None:
            raise BadMessage
        sealed = self._context.wrap_winrm(message)
        protocol = re.search('protocol="([^"]*)"', content_type)
        name = protocol[1] if protocol else "application/HTTP-SPNEGO-session-encrypted"
        length = len(message) + sealed.padding_length
        head = (
            f"--{gap}{BOUNDARY}\r\n"
            f"\tContent-Type: {name}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n"
            f"--{gap}{BOUNDARY}\r\n"
            "\tContent-Type: application/octet-stream\r\n"
        )
        body = struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data
        kind = f'multipart/encrypted;protocol="{name}";boundary="{BOUNDARY}"'
        return kind, head.encode() + body + f"--{gap}{BOUNDARY}--\r\n".encode()

    def _basic(self, value: str) -> Decision:
        try:
            name, _, password = base64.b64decode(value, validate=True).partition(b":")
            right = self._accounts.accepts(name.decode(), password)
        except (binascii.Error, UnicodeDecodeError):
            right = False
        return Decision(self._accounts.user) if right else Decision(None, self._offers)

    def _negotiate(self, scheme: str, value: str) -> Decision:
        if self._context is None or self._context.complete:
            self._context = spnego.server(
                service="HTTP",
                channel_bindings=self._bindings,
                protocol="negotiate",
                options=spnego.NegotiateOptions.use_negotiate,
            )
        try:
            token = self._context.step(base64.b64decode(value, validate=True))
        except (SpnegoError, binascii.Error, ValueError):
            self._context = None
            return Decision(None, self._offers)
        answer = (f"{scheme} {base64.b64encode(token).decode()}",) if token else ()
        return Decision(self._accounts.user if self._context.complete else None, answer)


def server_end_point(certificate_file: Path) -> GssChannelBindings:
    """The ``tls-server-end-point`` channel binding of a certificate (RFC 5929)."""
    certificate = x509.load_pem_x509_certificates(certificate_file.read_bytes())[0]
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + certificate.fingerprint(algorithm))
