"""The HTTP side of the endpoints: listeners, connections, log-on and encryption, and what is refused before WSMan."""

from __future__ import annotations

import re
import select
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from xml.etree import ElementTree

from spnego.channel_bindings import GssChannelBindings

from .auth import Accounts, BadMessage, ConnectionAuthentication, Decision, server_end_point
from .engines import Engine
from .faults import spoiled
from .organisation import Organisation
from .psrp import ClientGone
from .wsman import COUNTERS, Dropped, Endpoint, EndpointName, Profile, Request, Silent, Unavailable

_SOAP = "application/soap+xml;charset=UTF-8"
_PAGE_TYPE = "text/html; charset=us-ascii"


# Windows takes envelopes of up to 500 KB; the status that refuses larger ones is inferred.
_LARGEST_BODY = 512_000


class AnsweringHandler(BaseHTTPRequestHandler):
    """A silent HTTP/1.1 connection whose answers leave in one write; left idle it is closed."""

    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm, or header and body apart, a pipeline takes ten times as long.
    disable_nagle_algorithm = True
    wbufsize = 1 << 20
    # The default of Windows's http.sys.
    timeout = 120.0

    def answer(
        self,
        status: int,
        content_type: str | None,
        body: bytes,
        challenges: tuple[str, ...] = (),
        fault: str | None = None,
    ) -> None:
        """Send one answer, or what a fault makes of it."""
        sent = spoiled(fault, body)
        self.send_response(status)
        for challenge in challenges:
            self.send_header("WWW-Authenticate", challenge)
        if content_type is not None:
            self.send_header("Content-Type", content_type)
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in sent.headers:
            self.send_header(name, value)
        self.end_headers()
        for piece in sent.pieces:
            self.wfile.write(piece)
        if sent.breaks:
            self.wfile.flush()
            raise Dropped

    def read_body(self) -> bytes | None:
        """The request's body; None when one of unknown or absurd length has been refused."""
        length = self.headers.get("Content-Length") or "0"
        unknown = "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,18}", length)
        if unknown or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self.answer(411 if unknown else 413, None, b"")
            return None
        return self.rfile.read(int(length))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing is printed: requests carry secrets."""


class _Counted(BufferedIOBase):
    """One direction of a connection, counting the bytes that pass."""

    def __init__(self, stream: BufferedIOBase, count: Callable[[int], None]) -> None:
        self._stream = stream
        self._count = count

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._stream.read(size)
        self._count(len(data))
        return data

    def readline(self, size: int | None = -1, /) -> bytes:
        data = self._stream.readline(size)
        self._count(len(data))
        return data

    def write(self, data: Any, /) -> int:
        self._count(len(data))
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._stream.close()


class _Handler(AnsweringHandler):
    """One connection. It lives as long as the connection does, which is where NTLM keeps its state."""

    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    server: _Listener

    def setup(self) -> None:
        if self.server.tls:
            self.request.settimeout(self.timeout)
            self.request.do_handshake()
        super().setup()
        endpoint, tls = self.server.endpoint, self.server.tls
        endpoint.count("connections")
        self._logged_on = False
        self.rfile = _Counted(self.rfile, partial(endpoint.count, "bytes_in"))
        self.wfile = _Counted(self.wfile, partial(endpoint.count, "bytes_out"))
        profile, fqdn = endpoint.profile, endpoint.server.fqdn
        in_realm = endpoint.accounts.keytab is not None
        self._authentication = ConnectionAuthentication(
            endpoint.accounts,
            schemes=profile.kerberos_schemes if in_realm and not tls else profile.schemes,
            realm=profile.realm.format(fqdn=fqdn) if profile.basic else None,
            bindings=self.server.bindings(self.connection),
            services=frozenset(f"{service}/{fqdn}".casefold() for service in profile.services),
            certificate=self.connection.getpeercert(binary_form=True) if tls else None,
        )
        self.server.idle.add(self.connection)

    def finish(self) -> None:
        self.server.idle.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        self.server.idle.discard(self.connection)
        self._answer_post()
        # At once: a client that has its answer counts on an idle connection.
        self.server.idle.add(self.connection)
        self.wfile.flush()

    def _answer_post(self) -> None:
        body = self.read_body()
        if body is None:
            return
        endpoint = self.server.endpoint
        if not endpoint.is_serving:
            self.close_connection = True
            self.answer(503, _PAGE_TYPE, _page("Service Unavailable", 503))
            return
        path, _, query = self.path.partition("?")
        if path.rstrip("/").casefold() != endpoint.profile.path:
            self.answer(404, _PAGE_TYPE, _page("Not Found", 404))
            return
        endpoint.count("requests")
        decision = self._authentication.authorize(self.headers.get("Authorization"))
        if decision.user is None:
            self.answer(401, None, b"", decision.headers)
            return
        if not self._logged_on:
            self._logged_on = True
            endpoint.count("log_ons")
        try:
            self._serve(decision, body, query)
        except Unavailable as refusal:
            offers = self._authentication.offers if refusal.status == 401 else ()
            page = _page(HTTPStatus(refusal.status).phrase, refusal.status)
            kind, body = (_SOAP, refusal.text.encode()) if refusal.text else (_PAGE_TYPE, page)
            self.answer(refusal.status, kind, body, offers)
        except (ClientGone, Dropped, Silent) as end:
            if isinstance(end, Silent):
                self._until_readable().poll()
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, log_on: Decision, body: bytes, query: str) -> None:
        headers = log_on.headers
        content_type = self.headers.get("Content-Type") or ""
        sealed = content_type.startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))
        if not sealed and not self.server.tls and body:
            # WinRM's AllowUnencrypted is off. [I]: no recording shows the status that refuses it.
            self.answer(500, None, b"", headers)
            return
        try:
            text = self._authentication.open(body) if sealed else body
            # Clients that encrypt log on with an empty request first.
            request = Request.parse(text) if text else None
        except (BadMessage, ElementTree.ParseError, LookupError, ValueError):
            self.answer(400, None, b"", headers)
            return
        if request is None:
            self.answer(200, None, b"", headers)
            return
        endpoint = self.server.endpoint
        request.query = query
        status, envelope = endpoint.answer(request, log_on, self.client_address[0], self._is_connected)
        if sealed:
            kind, payload = self._authentication.seal(content_type, envelope, gap=endpoint.profile.boundary_gap)
            self.answer(status, kind, payload, headers, request.fault)
        else:
            self.answer(status, _SOAP, envelope, headers, request.fault)

    def _is_connected(self) -> bool:
        return not self._until_readable().poll(0)

    def _until_readable(self) -> select.poll:
        # A client that waits for its answer sends nothing: readable means closed.
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return poll


class _Listener(ThreadingHTTPServer):
    """A bound address of an endpoint."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, endpoint: Endpoint, port: int, *, tls: bool) -> None:
        self.endpoint = endpoint
        self.idle: set[socket.socket] = set()
        self.tls = tls
        self._contexts: dict[Path, ssl.SSLContext] = {}
        self._bindings: dict[ssl.SSLContext, GssChannelBindings] = {}
        address = (endpoint.server.address, port)
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"{address[0]}:{port}") from None

    def server_bind(self) -> None:
        """Bind without the name look-up of HTTPServer, which may ask a DNS server."""
        TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls:
            # The handshake happens in the connection's own thread.
            connection = self._context().wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def bindings(self, connection: socket.socket) -> GssChannelBindings | None:
        """What a log-on over this connection has to be bound to."""
        return self._bindings[connection.context] if isinstance(connection, ssl.SSLSocket) else None

    def _context(self) -> ssl.SSLContext:
        certificate = self.endpoint.certificate_file
        if certificate not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            if self.endpoint.name == "windows":
                # IIS asks for a client's certificate only where it was configured to.
                context.verify_mode = ssl.CERT_OPTIONAL
                context.load_verify_locations(self.endpoint.authorities)
            self._contexts[certificate] = context
            self._bindings[context] = server_end_point(certificate)
        return self._contexts[certificate]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are everyday; anything else is named without its text, which may quote a request."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            place = traceback.extract_tb(error.__traceback__)[-1]
            sys.stderr.write(f"{type(error).__name__} at {place.name}, line {place.lineno} of {place.filename}\n")


class Wire:
    """All endpoints of the organisation."""

    def __init__(
        self,
        organisation: Organisation,
        accounts: Accounts,
        *,
        port_offset: int,
        shell_limit: int,
        profiles: Mapping[EndpointName, Profile],
        engine: Engine,
    ) -> None:
        self._organisation = organisation
        self._port_offset = port_offset
        self._listeners: list[_Listener] = []
        self._endpoints: dict[str, dict[EndpointName, Endpoint]] = {
            name: {
                kind: Endpoint(kind, profile, server, organisation, accounts, engine, shell_limit)
                for kind, profile in profiles.items()
            }
            for name, server in organisation.servers.items()
        }
        organisation.on_iis_stopped.append(lambda name: self._endpoints[name]["exchange"].drop_shells())

    def start(self) -> None:
        """Bind all ports, then serve them; an OSError names the one that is taken."""
        self._listeners = [
            _Listener(endpoint, port, tls=tls)
            for endpoint in self._all()
            for port, tls in self._bindings(endpoint.profile)
        ]
        for listener in self._listeners:
            # Never shut down singly, so the loop need not wake up to look.
            threading.Thread(target=listener.serve_forever, args=(3600.0,), daemon=True).start()

    def ports(self, name: str) -> dict[str, int]:
        """The ports of a server, by endpoint and protocol."""
        return {
            f"{kind}_{'https' if tls else 'http'}": port
            for kind, endpoint in self._endpoints[name].items()
            for port, tls in self._bindings(endpoint.profile)
        }

    def counters(self, name: str) -> dict[str, dict[str, int]]:
        """What a server has counted: counter, endpoint, number."""
        counted = {kind: endpoint.counters() for kind, endpoint in self._endpoints[name].items()}
        names = ("shells_open", *COUNTERS)
        return {counter: {kind: counted[kind][counter] for kind in counted} for counter in names}

    def close_idle_connections(self, name: str) -> None:
        """Close what waits for a request of its client, as http.sys does by itself after two minutes."""
        for listener in self._listeners:
            if listener.endpoint.server.name == name:
                for connection in list(listener.idle):
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

    def lose_shells(self, name: str) -> None:
        """All shells of a server vanish."""
        for endpoint in self._endpoints[name].values():
            endpoint.drop_shells()

    def reset(self) -> None:
        for endpoint in self._all():
            endpoint.reset()

    def close(self) -> None:
        """Let go of every client that waits."""
        for endpoint in self._all():
            endpoint.drop_shells()

    def _all(self) -> Iterator[Endpoint]:
        return (endpoint for endpoints in self._endpoints.values() for endpoint in endpoints.values())

    def _bindings(self, profile: Profile) -> list[tuple[int, bool]]:
        return [(self._port_offset + profile.http_port, False), (self._port_offset + profile.https_port, True)]


def _page(title: str, status: int) -> bytes:
    """A page as Windows's http.sys writes it: HTML that is no XML."""
    return (
        f"<!DOCTYPE HTML><HTML><HEAD><TITLE>{title}</TITLE>\r\n"
        f'<META HTTP-EQUIV="Content-Type" Content="{_PAGE_TYPE}"></HEAD>\r\n'
        f"<BODY><h2>{title}</h2><hr><p>HTTP Error {status}.</p></BODY></HTML>\r\n"
    ).encode()
