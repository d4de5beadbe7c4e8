"""Who is asking: Basic, NTLM, Kerberos, CredSSP and client certificates, channel binding, and encrypted messages."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import struct
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from spnego._ntlm_raw.crypto import ntowfv1
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import BadBindingsError, SpnegoError

from .pki import user_principal_name

BOUNDARY = "Encrypted Boundary"
MUTUAL_TLS = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
# A TLS record, which CredSSP encrypts with, holds so much; more of it travels in several parts.
_TLS_RECORD = 16384

# Of GSS-API's flags those that a context shows its acceptor.
_DELEGATED = 0x1
_CHANNEL_BOUND = 0x800


class BadMessage(Exception):
    """An encrypted body that cannot be opened with this connection's context."""


class Accounts:
    """The organisation's administrator, under the names a client may use for him."""

    def __init__(
        self,
        user: str,
        password: str,
        domain: str,
        directory: Path,
        *,
        keytab: Path | None = None,
        realm: str | None = None,
    ) -> None:
        self.user = user
        self.domain = domain
        self.keytab = keytab
        self.principal = f"{user}@{realm or domain.upper()}"
        self.netbios = domain.split(".")[0].upper()
        self._password = password.encode()
        self._names = (user, f"{self.netbios}\\{user}", f"{user}@{domain}")
        self._file = directory / "ntlm_users"
        self._replays = directory / "kerberos_replays"

    def publish(self) -> None:
        """Write the file pyspnego's acceptor reads: the hash, not the password, readable by its owner only."""
        self._file.unlink(missing_ok=True)
        nt_hash = ntowfv1(self._password.decode()).hex().upper()
        lines = [f"{name}:1000:{'0' * 32}:{nt_hash}:[U]:LCT-00000000" for name in self._names]
        with os.fdopen(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        os.environ["NTLM_USER_FILE"] = str(self._file)
        if self.keytab is not None:
            os.environ["KRB5_KTNAME"] = str(self.keytab)
            os.environ["KRB5RCACHENAME"] = f"file2:{self._replays}"
            # Otherwise python-gssapi hides a refusal for which it has an answer to the client.
            import_module("gssapi").SecurityContext.__DEFER_STEP_ERRORS__ = False

    def withdraw(self) -> None:
        """Remove the files of these two."""
        self._file.unlink(missing_ok=True)
        self._replays.unlink(missing_ok=True)

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
    """The outcome of one request's log-on: the user, or the challenges of a 401; ``headers`` go out either way.

    ``delegates`` tells whether the server may log on elsewhere, such as to Active Directory, in the user's name.
    """

    user: str | None
    headers: tuple[str, ...] = ()
    delegates: bool = False


class ConnectionAuthentication:
    """The log-on of one TCP connection: NTLM and Kerberos prove a connection, Basic each request.

    ``realm`` is Basic's, or None where that is off; ``services`` are the Kerberos names under which the server is asked
    for here; ``certificate`` is the client's own.
    """

    def __init__(
        self,
        accounts: Accounts,
        *,
        schemes: tuple[str, ...],
        realm: str | None,
        bindings: GssChannelBindings | None,
        services: frozenset[str] = frozenset(),
        certificate: bytes | None = None,
    ) -> None:
        self._accounts = accounts
        self._tls = bindings is not None
        self._schemes = schemes
        self._bindings = bindings
        # Basic is offered over TLS only: the password would travel in clear.
        self._takes_basic = self._tls and realm is not None
        self.offers = (*schemes, f'Basic realm="{realm}"') if self._takes_basic else schemes
        self._services = services
        self._certificate = certificate
        self._context: spnego.ContextProxy | None = None
        self._established: Decision | None = None

    def authorize(self, header: str | None) -> Decision:
        """Judge a request by its Authorization header."""
        scheme, _, value = (header or "").partition(" ")
        if not scheme:
            return self._established or Decision(None, self.offers)
        if header == MUTUAL_TLS:
            return self._certified()
        if scheme.casefold() == "basic" and self._takes_basic:
            return self._basic(value)
        known = next((known for known in self._schemes if known.casefold() == scheme.casefold()), None)
        # Outside of a realm Kerberos is offered all the same, and there is no ticket that could be read.
        if known is None or (known == "Kerberos" and self._accounts.keytab is None):
            return Decision(None, self.offers)
        return self._negotiate(known, value)

    def open(self, body: bytes) -> bytes:
        """Decrypt a message that came in a MIME envelope."""
        if self._context is None or not self._context.complete:
            raise BadMessage
        parts = re.split(rb"--\s*" + BOUNDARY.encode() + rb"(?:--)?\r\n", body)
        if len(parts) < 4:
            raise BadMessage
        try:
            return b"".join(self._unwrap(self._context, payload) for payload in parts[2::2])
        except (SpnegoError, struct.error) as error:
            raise BadMessage from error

    def seal(self, content_type: str, message: bytes, *, gap: str) -> tuple[str, bytes]:
        """Encrypt an answer as its request was; ``gap`` is what stands between the dashes and the boundary."""
        if self._context is None:
            raise BadMessage
        protocol = re.search('protocol="([^"]*)"', content_type)
        name = protocol[1] if protocol else "application/HTTP-SPNEGO-session-encrypted"
        step = _TLS_RECORD if "CredSSP" in name else len(message)
        pieces = [message[start : start + step] for start in range(0, len(message), step)]
        body = b"".join(self._part(self._context, name, piece, gap) for piece in pieces)
        several = "x-multi-encrypted" if len(pieces) > 1 else "encrypted"
        kind = f'multipart/{several};protocol="{name}";boundary="{BOUNDARY}"'
        return kind, body + f"--{gap}{BOUNDARY}--\r\n".encode()

    @staticmethod
    def _unwrap(context: spnego.ContextProxy, payload: bytes) -> bytes:
        sealed = payload.removeprefix(b"\tContent-Type: application/octet-stream\r\n")
        length = struct.unpack_from("<i", sealed)[0]
        return context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])

    @staticmethod
    def _part(context: spnego.ContextProxy, name: str, message: bytes, gap: str) -> bytes:
        sealed = context.wrap_winrm(message)
        length = len(message) + sealed.padding_length
        head = (
            f"--{gap}{BOUNDARY}\r\n"
            f"\tContent-Type: {name}\r\n"
            f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={length}\r\n"
            f"--{gap}{BOUNDARY}\r\n"
            "\tContent-Type: application/octet-stream\r\n"
        )
        return head.encode() + struct.pack("<i", len(sealed.header)) + sealed.header + sealed.data

    def _basic(self, value: str) -> Decision:
        try:
            name, _, password = base64.b64decode(value, validate=True).partition(b":")
            right = self._accounts.accepts(name.decode(), password)
        except (binascii.Error, UnicodeDecodeError):
            right = False
        return Decision(self._accounts.user, delegates=True) if right else Decision(None, self.offers)

    def _certified(self) -> Decision:
        name = user_principal_name(self._certificate) if self._certificate else None
        right = name is not None and name.casefold() == f"{self._accounts.user}@{self._accounts.domain}".casefold()
        # Windows maps a certificate to an account and logs that on by itself; that it goes no further is inferred.
        return Decision(self._accounts.user) if right else Decision(None, self.offers)

    def _negotiate(self, scheme: str, value: str) -> Decision:
        if self._context is None or self._context.complete:
            self._context = self._acceptor(scheme)
            self._established = None
        try:
            token = self._context.step(base64.b64decode(value, validate=True))
        except (SpnegoError, binascii.Error, ValueError) as error:
            self._context = None
            # Kerberos says what it did not like, a clock for example, IIS nothing of a wrong binding. [I] of both
            told = getattr(getattr(error, "base_error", None), "token", None)
            if isinstance(error, BadBindingsError):
                told = None
            return Decision(None, (f"{scheme} {base64.b64encode(told).decode()}",) if told else self.offers)
        answer = (f"{scheme} {base64.b64encode(token).decode()}",) if token else ()
        if not self._context.complete:
            return Decision(None, answer)
        self._established = self._judge(self._context)
        if self._established is None:
            self._context = None
            return Decision(None, self.offers)
        return replace(self._established, headers=answer)

    def _acceptor(self, scheme: str) -> spnego.ContextProxy:
        options: dict[str, Any] = {"service": "HTTP", "channel_bindings": self._bindings}
        if scheme == "CredSSP":
            return spnego.server(protocol="credssp")
        if scheme == "Kerberos":
            return spnego.server(protocol="kerberos", **options)
        return spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate, **options)

    def _judge(self, context: spnego.ContextProxy) -> Decision | None:
        """Whose log-on this was; pyspnego knows no one but the administrator by NTLM, a KDC knows others."""
        if context.protocol == "credssp":
            sent = context.get_extra_info("client_credential")
            right = self._accounts.accepts(_down_level(sent), sent.password.encode())
            return Decision(self._accounts.user, delegates=True) if right else None
        if context.negotiated_protocol != "kerberos":
            return Decision(self._accounts.user)
        ticket = _gss_context(context)
        service = str(ticket.target_name).partition("@")[0]
        flags = int(ticket.actual_flags)
        # Kerberos itself accepts a log-on without a channel binding; Extended Protection does not.
        unbound = self._tls and not flags & _CHANNEL_BOUND
        stranger = str(context.client_principal).casefold() != self._accounts.principal.casefold()
        if unbound or stranger or service.casefold() not in self._services:
            # Windows may let a stranger in and refuse him the shell. [I]
            return None
        return Decision(self._accounts.user, delegates=bool(flags & _DELEGATED))


def _down_level(credential: Any) -> str:
    return f"{credential.domain_name}\\{credential.username}" if credential.domain_name else str(credential.username)


def _gss_context(context: Any) -> Any:
    """The context of python-gssapi: pyspnego tells neither a ticket's service nor whether it was bound to a channel."""
    while isinstance(context, spnego.ContextProxy):
        context = context._context  # type: ignore[attr-defined]
    return context


def server_end_point(certificate_file: Path) -> GssChannelBindings:
    """The ``tls-server-end-point`` channel binding of a certificate (RFC 5929)."""
    certificate = x509.load_pem_x509_certificates(certificate_file.read_bytes())[0]
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name in ("md5", "sha1"):
        algorithm = hashes.SHA256()
    return GssChannelBindings(application_data=b"tls-server-end-point:" + certificate.fingerprint(algorithm))
