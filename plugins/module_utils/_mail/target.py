# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way to a mail server: its name resolved, a connection made, and what TLS asks of its certificate."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.addresses import bracketed
from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import (
    Deadline,
    LimitedSocket,
    LimitedTlsContext,
    Traffic,
)


class Trust(Enum):
    """How much of the certificate has to be right for a conversation to begin."""

    NAME_AND_CHAIN = 1
    CHAIN = 2
    NOTHING = 3


@dataclass(frozen=True)
class MailTarget:
    """Where a mail program would connect to, and as what it expects the server to show itself."""

    host: str
    port: int
    encryption: str
    connect_to: str | None = None
    ca_cert: str | None = None

    def __str__(self) -> str:
        at = f" at {bracketed(self.connect_to)}" if self.connect_to else ""
        return f"{bracketed(self.host)}:{self.port}{at}"

    def context(self, trust: Trust, traffic: Traffic) -> LimitedTlsContext:
        """TLS 1.2 or newer, as Python has it by default, and names only where mail programs look for them."""
        context = LimitedTlsContext(ssl.PROTOCOL_TLS_CLIENT)
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
            raise Failure(f"ca_cert: {self.ca_cert} contains no certificate in PEM form.") from None
        except OSError as error:
            raise Failure(f"ca_cert: {self.ca_cert} cannot be read: {error.strerror}.") from None
        return context

    def connect(self, traffic: Traffic) -> LimitedSocket:
        """A connection to the first of the addresses that takes it; they share the time that is left."""
        deadline = traffic.deadline
        addresses = _resolve(self.connect_to or self.host, self.port, deadline)
        problem: OSError = TimeoutError()
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            line = LimitedSocket(family, kind, protocol)
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
                f"{self} did not accept the connection within {deadline.seconds:g} seconds: check the address, and "
                "whether a firewall drops connections from the controller."
            )
        if isinstance(problem, ConnectionRefusedError):
            raise Failure(
                f"{self} refused the connection, so nothing listens on port {self.port} there: check the port, the "
                "service, and its bindings."
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
            f"The name {name} was not resolved within {deadline.seconds:g} seconds: check the controller's DNS servers."
        ) from None
    if isinstance(answer, Exception):
        told = answer.strerror if isinstance(answer, OSError) else "it is not a host name"
        raise Failure(
            f"The name {name} does not resolve on the controller ({told}): check its spelling and the DNS record, or "
            "use an address in connect_to."
        )
    return list(answer)
