"""Mail submission by clients: what the receive connectors bound to port 587 offer, over aiosmtpd.

Of several connectors the one whose remote addresses match a client most specifically serves it. Inferred: that a client
whom no connector takes is hung up on, that a change to a connector counts at once, and that mail for other than the
organisation's mailboxes is refused, since nothing outside exists here.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .mail import authenticate
from .mailboxes import Mailbox
from .values import IpRange

if TYPE_CHECKING:
    from .organisation import Organisation
    from .server import Server

PORT = 587
# Which service owns the connector, and the component that can take it out of use.
_FRONT_END = "MSExchangeFrontEndTransport"
_TRANSPORT = "MSExchangeTransport"
_COMPONENT = "FrontendTransport"
_FQDN = re.compile(r"[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Offer:
    """What one connector offers to clients that submit mail."""

    ranges: tuple[IpRange, ...]
    fqdn: str
    auth: frozenset[str]
    require_tls: bool
    anonymous: bool
    certificate: Path
    process: int

    @classmethod
    def all_of(cls, organisation: Organisation, server: Server) -> tuple[Offer, ...]:
        """The offers of a server's connectors on the submission port; none while nothing serves it."""
        service = server.services.get(_FRONT_END if server.release.split_services else _TRANSPORT)
        if service is None or not service.running or server.component_state(_COMPONENT) == "Inactive":
            return ()
        controller = organisation.controller_of(server.name)
        offers = []
        for connector in server.connectors:
            values = connector.settings.read(controller, organisation.now).values
            if values["Enabled"] and any(binding.port == PORT for binding in values["Bindings"]):
                fqdn = str(values["Fqdn"] or server.fqdn)
                offer = cls(
                    ranges=tuple(values["RemoteIPRanges"]),
                    fqdn=fqdn if _FQDN.fullmatch(fqdn) else server.fqdn,
                    auth=frozenset(values["AuthMechanism"].split(", ")),
                    require_tls=bool(values["RequireTLS"]),
                    anonymous="AnonymousUsers" in values["PermissionGroups"],
                    certificate=server.certificates.for_smtp(values.get("TlsCertificateName"), fqdn).file,
                    process=service.pid,
                )
                offers.append(offer)
        return tuple(offers)


def _chosen(offers: tuple[Offer, ...], client: str) -> Offer | None:
    """The offer that takes a client; the fewer addresses a range has, the more specific it is."""
    address = ipaddress.ip_address(client)
    fitting = [
        (one.size, number)
        for number, offer in enumerate(offers)
        for one in offer.ranges
        if one.lower.version == address.version and int(one.lower) <= int(address) <= int(one.upper)
    ]
    return offers[min(fitting)[1]] if fitting else None


class _Smtp(SMTP):
    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"


class _Handler:
    """What Exchange decides on a conversation, and in its words."""

    def __init__(self, organisation: Organisation, offer: Offer) -> None:
        self._organisation = organisation
        self._offer = offer

    def log_on(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, told: Any) -> AuthResult:
        assert isinstance(told, LoginPassword)
        user, password = (part.decode("utf-8", "replace") for part in (told.login, told.password))
        mailbox = authenticate(self._organisation, user, password)
        if mailbox is None:
            return AuthResult(success=False, handled=False, message="535 5.7.3 Authentication unsuccessful")
        return AuthResult(success=True, auth_data=mailbox)

    async def handle_MAIL(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated and not self._offer.anonymous:
            return "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._organisation.mailboxes.by_address(address) is None:
            return "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        sender: Mailbox | None = session.auth_data
        if sender is not None and (envelope.mail_from or "").casefold() != sender.address.casefold():
            return "550 5.7.60 SMTP; Client does not have permissions to send as this sender"
        content = envelope.content
        assert isinstance(content, bytes)
        arrived = re.sub(rb"\r?\n", b"\r\n", content)
        with self._organisation.lock:
            for address in envelope.rcpt_tos:
                if (mailbox := self._organisation.mailboxes.by_address(address)) is not None:
                    mailbox.inbox.deliver(arrived, self._organisation.now)
        return "250 2.6.0 Queued mail for delivery"


@dataclass
class _Port:
    """One open port with its conversations."""

    offers: tuple[Offer, ...]
    listener: socket.socket
    conversations: list[SMTP] = field(default_factory=list)


class Submission:
    """Opens and closes the submission ports as services, components and connectors change."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._ports: dict[str, _Port] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def addresses(self, server: str) -> list[str]:
        """What is listening now, as address:port."""
        port = self._ports.get(server)
        return ["{}:{}".format(*port.listener.getsockname())] if port else []

    def follow(self, is_open: bool) -> None:
        """Bring the open ports into line with the organisation; its lock is held."""
        for server in self._organisation.servers.values():
            offers = Offer.all_of(self._organisation, server) if is_open else ()
            port = self._ports.get(server.name)
            if port is not None and port.offers != offers:
                self._close(self._ports.pop(server.name))
                port = None
            if port is None and offers:
                # The service runs on without a port it cannot have, as the real one does.
                with contextlib.suppress(OSError):
                    self._open(server, offers)

    def _open(self, server: Server, offers: tuple[Offer, ...]) -> None:
        listener = socket.create_server((server.address, PORT + self._organisation.port_offset), backlog=64)
        port = self._ports[server.name] = _Port(offers, listener)
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, daemon=True).start()
        threading.Thread(target=self._accept, args=(port, self._loop), daemon=True).start()

    def _accept(self, port: _Port, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            try:
                connection, (client, _) = port.listener.accept()
            except OSError:
                return
            if offer := _chosen(port.offers, client):
                asyncio.run_coroutine_threadsafe(self._converse(port, offer, connection, loop), loop)
            else:
                connection.close()

    async def _converse(
        self, port: _Port, offer: Offer, connection: socket.socket, loop: asyncio.AbstractEventLoop
    ) -> None:
        handler = _Handler(self._organisation, offer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(offer.certificate)
        basic = "BasicAuth" in offer.auth
        encrypts = "Tls" in offer.auth

        def conversation() -> SMTP:
            return _Smtp(
                handler,
                hostname=offer.fqdn,
                ident="Microsoft ESMTP MAIL Service ready",
                tls_context=context if encrypts else None,
                require_starttls=offer.require_tls,
                auth_require_tls=not basic or "BasicAuthRequireTLS" in offer.auth,
                # Exchange's Basic is LOGIN; NTLM and GSSAPI are not played and not offered.
                auth_exclude_mechanism=["PLAIN"] if basic else ["PLAIN", "LOGIN"],
                authenticator=handler.log_on,
                loop=loop,
            )

        _, protocol = await loop.connect_accepted_socket(conversation, connection)
        port.conversations.append(protocol)

    def _close(self, port: _Port) -> None:
        # Shutting down wakes the thread that waits on the socket; closing alone would not.
        with contextlib.suppress(OSError):
            port.listener.shutdown(socket.SHUT_RDWR)
        port.listener.close()

        def hang_up() -> None:
            for conversation in port.conversations:
                if isinstance(transport := conversation.transport, asyncio.WriteTransport):
                    transport.abort()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(hang_up)
