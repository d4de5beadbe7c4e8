# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What mail_probe does: its options checked, then one visit to a service, or the round trip of a message."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import Failure
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import stray
from ansible_collections.mailops.exchange.plugins.module_utils._mail.dialogues import DIALOGUES, Dialogue, Pop3, Smtp
from ansible_collections.mailops.exchange.plugins.module_utils._mail.round_trip import Mail, RoundTrip
from ansible_collections.mailops.exchange.plugins.module_utils._mail.service import Account, MailService, Report
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import Deadline
from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import MailTarget
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import can_read_x509

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


NAME = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?"
)


def probe(options: Mapping[str, Any], report: Report, *, send: bool) -> None:
    """Do what the options of the module say, and write down what is seen."""
    begun = time.monotonic()
    _refuse(options)
    deadline = Deadline(options["timeout"])
    kind = DIALOGUES[options["protocol"]]
    account = None
    if options["user"] is not None:
        account = Account(
            options["user"],
            options["password"],
            in_clear=options["allow_plain_text_password"],
            succeeds=options["expect_logon"] == "ok",
        )
    common: dict[str, Any] = {"account": account, "validate": options["validate_certs"]}
    service = MailService(kind, _target(kind, options, options["ca_cert"]), deadline, **common)
    try:
        if options["round_trip"] is None:
            with service.visit(report):
                pass
            return
        trip = dict(options["round_trip"])
        if trip["host"] is None:
            trip |= {"host": options["host"], "connect_to": trip["connect_to"] or options["connect_to"]}
        submission = MailService(Smtp, _target(Smtp, trip, options["ca_cert"]), deadline, **common)
        mail = Mail(trip["sender"] or trip["recipient"], trip["recipient"], trip["remove"])
        mailbox = cast(MailService[Pop3], service)
        RoundTrip(mailbox, submission, mail, deadline, report).run(send=send)
    finally:
        report.seconds["total"] = round(time.monotonic() - begun, 3)


def _target(kind: type[Dialogue], options: Mapping[str, Any], ca_cert: str | None) -> MailTarget:
    encryption = options["encryption"] or ("starttls" if kind is Smtp else "implicit_tls")
    if encryption != "none" and not can_read_x509():
        raise Failure(
            "The Python library cryptography is missing on the controller: install the collection's requirements (pip "
            "install cryptography) into the Python that runs Ansible."
        )
    port = kind.ports[encryption] if options["port"] is None else options["port"]
    # OpenSSL would look for the dot of a name written to the end in the certificate too.
    return MailTarget(options["host"].rstrip("."), port, encryption, options["connect_to"], ca_cert)


def _refuse(options: Mapping[str, Any]) -> None:
    """Tell all that is wrong with the options, before anything is connected to."""
    if problems := list(_problems(options)):
        raise Failure(" ".join(problems))


def _problems(options: Mapping[str, Any]) -> Iterator[str]:
    trip = options["round_trip"]
    for prefix, where in (("", options), ("round_trip.", trip or {})):
        for option in ("host", "connect_to"):
            if where.get(option) is not None and not _is_name(where[option]):
                yield (
                    f"{prefix}{option}: {where[option]!r} is neither a host name nor an address; give it without port, "
                    "brackets and https://."
                )
        if where.get("port") is not None and not 1 <= where["port"] <= 65535:
            yield f"{prefix}port: {where['port']} is not a port, which is from 1 to 65535."
    if not 1 <= options["timeout"] <= 3600:
        yield f"timeout: {options['timeout']} is not from 1 to 3600 seconds."
    user, password = options["user"], options["password"]
    if (user is None) != (password is None):
        yield "user, password: one was given without the other; a log-on needs both."
    for option in ("user", "password"):
        if options[option] == "":
            yield f"{option}: it is empty; leave both out to probe without a log-on."
        elif options[option] and stray(options[option]):
            yield f"{option}: it has a line break or another control character in it."
    if options["ca_cert"] and stray(options["ca_cert"]):
        yield "ca_cert: it has a line break or another control character in it."
    if options["expect_logon"] == "refused" and user is None:
        yield "expect_logon: without user and password no log-on is tried that could be refused."
    if trip is None:
        return
    if options["protocol"] != "pop3":
        yield f"round_trip: the message is fetched by POP3, and protocol is {options['protocol']}."
    if user is None:
        yield "round_trip: sending and fetching need user and password."
    if options["expect_logon"] == "refused":
        yield "round_trip: it needs a log-on that succeeds, and expect_logon is refused."
    for option in ("sender", "recipient"):
        if trip[option] is not None and not ADDRESS.fullmatch(trip[option]):
            yield f"round_trip.{option}: {trip[option]!r} is not a mail address such as anna@contoso.com, in ASCII."


def _is_name(text: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(text)
        return True
    try:
        name = text.encode("idna").decode()
    except UnicodeError:
        return False
    return bool(NAME.fullmatch(name)) and len(name) <= 253
