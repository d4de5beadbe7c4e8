# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left to be done until clients are shown a renewed certificate, and which older ones it takes the place of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import first_of, quoted
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.served_certificates import tls_port
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.certificates import CertificateIdentifier
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import CLIENT_SUBMISSION_PORT
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._x509 import X509

# By encryption, the bindings at which it is spoken.
_BINDINGS = {"implicit_tls": "ssl_bindings", "starttls": "unencrypted_or_tls_bindings"}


@dataclass(frozen=True)
class Renewal:
    """A server at some point of the way to its new certificate."""

    look: Mapping[str, Any]
    """A result of client_access_info, from before anything was changed."""
    certificate: Mapping[str, Any]
    """The new one, as exchange_certificate last told of it."""
    protocols: Sequence[str] = tuple(PROTOCOLS)
    x509_certificate_name: str | None = None
    """What the protocols are told to find it by; None for what they have stored."""
    manage_connector: bool = True
    connector: str | None = None
    """The one that clients send by; None for the one that users in general get."""
    host: str | None = None
    ports: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By protocol and encryption, where clients connect if that is not what is bound."""
    changed: Sequence[str] = ()
    """The protocols for which something was changed that needs a restart."""
    seen: Sequence[Mapping[str, Any]] = ()
    """Results of mail_probe for each of the probes, from before the restart."""
    served: Sequence[Mapping[str, Any]] = ()
    """And from after it."""

    def shown(self) -> dict[str, Any]:
        """All of it, as the role asks for it."""
        return {
            "refused": list(self._refused()),
            "services": [] if self.certificate["wildcard"] else [PROTOCOLS[key].service for key in self.protocols],
            "connector": self.manage_connector and not self._without_connector(),
            "probes": list(self._probes()),
            "shown": self._shown_by_protocol(),
            "restart": [key for key in self._served_protocols() if self._needs_restart(key)],
            "unserved": list(self._unserved()),
            "left_out": list(self._left_out()),
            "superseded": [one["thumbprint"] for one in self._superseded()],
        }

    @property
    def _new(self) -> X509:
        return _x509(self.certificate)

    def _name(self, protocol: str) -> str:
        return self.x509_certificate_name or self.look[protocol]["settings"].get("x509_certificate_name") or ""

    def _refused(self) -> Iterator[str]:
        for key in self.protocols:
            title, name = PROTOCOLS[key].title, self._name(key)
            if not (name and self._new.covers(name)):
                stored = "certificate_x509_certificate_name" if self.x509_certificate_name else "x509_certificate_name"
                yield (
                    f"{stored} of {title} on {self.look['server']} is {quoted(name)}, and the certificate "
                    f"{self.certificate['thumbprint']} covers only {first_of(self.certificate['names']) or 'no name'}; "
                    "set certificate_x509_certificate_name to the name that clients connect to."
                )

    def _served_protocols(self) -> list[str]:
        """Those that run, or would if a restart had not been cut off."""
        return [
            key
            for key in self.protocols
            if any(one["status"] == "running" for one in self.look[key]["services"])
            or all(one["start_mode"] == "automatic" for one in self.look[key]["services"])
        ]

    def _probes(self) -> Iterator[dict[str, Any]]:
        for key in self._served_protocols():
            for encryption in _BINDINGS:
                if port := self._port(key, encryption):
                    yield {
                        "protocol": key,
                        "encryption": encryption,
                        "port": port,
                        "host": self.host or self._name(key),
                    }
        if self.manage_connector and not self._without_connector():
            port = self.ports.get("smtp", {}).get("starttls", CLIENT_SUBMISSION_PORT)
            name = self.host or self._name(self.protocols[0])
            yield {"protocol": "smtp", "encryption": "starttls", "port": port, "host": name}

    def _port(self, protocol: str, encryption: str) -> int | None:
        bound = tls_port(self.look[protocol]["settings"].get(_BINDINGS[encryption]) or ())
        return self.ports.get(protocol, {}).get(encryption, bound) if bound else None

    def _without_connector(self) -> str:
        """Why the connector of the clients is left as it is; nothing if there is no reason."""
        mark, services = self.certificate["thumbprint"], self.certificate["services"]
        if self.look["product"] == "Exchange Server 2010":
            return "Exchange Server 2010 has no TlsCertificateName"
        if services is None:
            return f"it is not known whether {mark} is assigned to SMTP"
        if "SMTP" not in services:
            return f"{mark} is not assigned to SMTP; assign it with certificate_services: [SMTP]"
        try:
            CertificateIdentifier().of(self.certificate["issuer"], self.certificate["subject"])
        except ValueError as clause:
            return f"{mark} {clause}, so no receive connector can use it"
        if self.connector is None and self.look["connectors"] is None:
            return f"the receive connectors of {self.look['server']} could not be read"
        if self.connector is None and not any(one["for_users"] for one in self.look["connectors"]):
            return f"{self.look['server']} has no receive connector for clients"
        return ""

    def _shown_by_protocol(self) -> dict[str, str | None]:
        """By protocol the certificate that clients are shown from the start of a connection."""
        return {
            result["item"]["protocol"]: _thumbprint(result)
            for result in self.seen
            if result["item"]["encryption"] == "implicit_tls"
            and self.look[result["item"]["protocol"]]["restart_owed"] != "yes"
        }

    def _needs_restart(self, protocol: str) -> bool:
        others = [
            result
            for result in self.seen
            if result["item"]["protocol"] == protocol
            and result.get("reachable")
            and _thumbprint(result) != self.certificate["thumbprint"]
        ]
        own = self.look[protocol]
        is_down = any(service["status"] != "running" for service in own["services"])
        return bool(protocol in self.changed or others or is_down or own["restart_owed"] == "yes")

    def _unserved(self) -> Iterator[str]:
        for result in self.served:
            shown, probe = _thumbprint(result), result["item"]
            if shown == self.certificate["thumbprint"]:
                # The right one, and a mail program would refuse it all the same, for its chain as a rule.
                if result.get("msg"):
                    yield str(result["msg"])
                continue
            where = f"port {probe['port']} of {self.look['server']} ({probe['protocol']}, {probe['encryption']})"
            instead = f"clients are shown {shown}" if shown else str(result.get("msg") or "nothing is shown")
            yield f"{where} does not serve {self.certificate['thumbprint']}: {instead.rstrip('.')}."
        plain = [one["thumbprint"] for one in self.look["certificates"] or () if not one["wildcard"]]
        for mark in dict.fromkeys(_thumbprint(result) for result in self.served):
            if self.certificate["wildcard"] and mark in plain:
                yield (
                    f"{mark} has the exact name, which takes precedence over a wildcard while it is on the server; "
                    "remove it with exchange_certificate and state: absent, and run this again."
                )

    def _left_out(self) -> Iterator[str]:
        if self.manage_connector and (why := self._without_connector()):
            yield f"TlsCertificateName and the probe of port {CLIENT_SUBMISSION_PORT} are skipped: {why}."
        serving = self._served_protocols()
        for key in self.protocols:
            title = PROTOCOLS[key].title
            if key not in serving:
                yield f"{title} is not running, so it is neither restarted nor probed."
                continue
            seen = [result for result in self.seen if result["item"]["protocol"] == key]
            if seen and not any(result.get("reachable") for result in seen) and not self._needs_restart(key):
                yield (
                    f"The controller cannot reach any port of {title}, so it is not known which certificate clients "
                    "are shown and whether a restart is pending; if an earlier run was interrupted, restart it."
                )
            for encryption, option in _BINDINGS.items():
                if not self._port(key, encryption):
                    yield f"{title} does not listen for {encryption} ({option} is empty), so that is not probed."

    def _superseded(self) -> Iterator[Mapping[str, Any]]:
        """Older ones of an authority that clients could be shown until now, and of which the new one has all names.

        Nothing goes before each port was seen to show the new one.
        """
        new = self._new
        if not self.served or any(self._unserved()):
            return
        services = {PROTOCOLS[key].service for key in self.protocols}
        for one in self.look["certificates"] or ():
            old = _x509(one)
            # What cannot be read is named all the same: the removal tells why it stays.
            is_assigned = one["services"] is None or not services.isdisjoint(one["services"])
            was_shown = is_assigned or any(name.startswith("*.") for name in old.names)
            is_older = old.thumbprint != new.thumbprint and old.not_after < new.not_after
            has_all = all(map(new.covers, old.names)) if old.names else old.subject == new.subject != ""
            if was_shown and is_older and has_all and not one["self_signed"]:
                yield one


def _thumbprint(result: Mapping[str, Any]) -> str | None:
    thumbprint: str | None = (result.get("certificate") or {}).get("thumbprint")
    return thumbprint


def _x509(shown: Mapping[str, Any]) -> X509:
    return X509(
        shown["thumbprint"],
        shown["subject"],
        shown["issuer"],
        tuple(shown["names"]),
        datetime.fromisoformat(shown["not_before"]),
        datetime.fromisoformat(shown["not_after"]),
    )
