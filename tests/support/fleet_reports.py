"""Reports on servers as the playbook report writes them, made without servers: the same ones each time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.fleet import Seen, desired, instant, report
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.usage import of_server

NOW = datetime(2026, 11, 27, 2, 20, tzinfo=UTC)
VERSION = "1.0.0"
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "fleet_report-1.schema.json"
PROTOCOLS = ("pop3", "imap4")
TITLES = {"pop3": "POP3", "imap4": "IMAP4"}
SERVICES = {
    "pop3": ("MSExchangePop3", "MSExchangePOP3BE"),
    "imap4": ("MSExchangeImap4", "MSExchangeIMAP4BE"),
}
PORTS = {"pop3": (110, 995, 1995), "imap4": (143, 993, 1993)}
PRODUCTS = (("Exchange Server SE", "15.2.2562.17"), ("Exchange Server 2019", "15.2.1748.10"))
# Whatever comes from a server may be any of these.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(2)">',
    "' onmouseover='alert(3)",
    "</script><style>*{display:none}</style>",
    "]]>&amp;&#10;</testcase><!--",
    "{{ lookup('pipe', 'id') }}{% for %}{#",
    "\u202egnp.exe\u2066 left",
    "nul\0 bell\x07 escape\x1b[31m line\r\nfeed\u2028\u2029",
    "half \ud800 of a pair \uffff\ufffe",
    "javascript:alert(4)",
    "",
    "x" * 3000,
)


def fleet(
    servers: int = 12,
    *,
    hostile: bool = False,
    wanted: bool = True,
    previous: bool = True,
    healthy: bool = False,
    usage: bool = False,
) -> dict[str, Any]:
    """A report on servers among which there is everything that can be, if they are twelve or more.

    `hostile` has harmful strings wherever a server's text can be; without `wanted` nothing is desired of any; with
    `previous` it tells what has changed since the day before; `healthy` servers are all in sync; with `usage` it tells
    who uses the protocols.
    """
    before = made(servers, NOW - timedelta(days=1), hostile, wanted, healthy=True) if previous else None
    if before is not None and servers and not healthy:
        before["servers"]["gone"] = {**next(iter(before["servers"].values())), "host": "gone"}
        before["servers"].pop("ex01" if servers > 1 else "", None)
    return made(servers, NOW, hostile, wanted, healthy, before, usage)


def made(
    servers: int,
    now: datetime,
    hostile: bool = False,
    wanted: bool = True,
    healthy: bool = False,
    previous: Mapping[str, Any] | None = None,
    usage: bool = False,
) -> dict[str, Any]:
    """A report as of one time."""
    seen = [server(number, now, wanted=wanted, healthy=healthy) for number in range(1, servers + 1)]
    if usage:
        seen = [replace(one, logs=logs(number)) for number, one in enumerate(seen, 1)]
    if hostile:
        strings = cycle(HOSTILE)
        seen = [
            replace(one, look=_harmful(one.look, strings), logs=one.logs and _harmful(one.logs, strings))
            for one in seen
        ]
    allowed = ["user0@contoso.com", "user1"] if usage else None
    return report([one.record(now) for one in seen], PROTOCOLS, now, VERSION, previous, allowed)


def server(number: int, now: datetime = NOW, *, wanted: bool = True, healthy: bool = False) -> Seen:
    """What a run got to know of the server of a number; of what kind it is follows from that."""
    name, kind = f"EX{number:02}", 1 if healthy else (number - 1) % 12 + 1
    look = looked(name, now, *PRODUCTS[kind == 6])
    names = [f"{key}_{option}" for key in PROTOCOLS for option in ("banner", "login_type", "x509_certificate_name")]
    if kind == 8:
        names = [one for one in names if one.startswith("pop3_")]
    given = desired(names if wanted else (), PROTOCOLS)
    accepted = [
        {"id": "loopback-not-bound", "reason": "The probe is off.", "until": "2026-12-31", "protocol": None},
        {"id": "no-external-settings", "reason": "Only inside.", "until": "2026-11-01", "protocol": "imap4"},
    ]
    told = {"look": look, "given": given, "accepted": accepted, "read_at": instant(now)}
    reports = {key: drift(look, key) for key in given}
    failure = ""
    if kind == 2:
        look["pop3"]["settings"] |= {"login_type": "PlainTextLogin", "banner": f"Hello from {name}."}
        look["findings"].insert(0, finding("plain-text-login", "warning", "pop3", "login_type is PlainTextLogin."))
        if wanted:
            reports["pop3"]["differences"] = {
                "settings": {
                    "before": {"login_type": "PlainTextLogin", "banner": f"Hello from {name}."},
                    "after": {"login_type": "SecureLogin", "banner": "POP3 at Contoso is ready."},
                }
            }
    elif kind == 3:
        look["pop3"] |= {"restart_owed": "possible", "restart_reason": "Changed 20 seconds after a service started."}
        look["pop3"]["restart_possible_until"] = "2026-11-27T02:35:00+00:00"
    elif kind == 4:
        look["certificates"][0] |= {"days_left": 12, "renewal_due": True, "not_after": "2026-12-09T08:00:00+00:00"}
        said = f"The certificate CN=mail.contoso.com, assigned to IMAP and POP, has 12 days left on {name}."
        look["findings"].insert(0, finding("certificate-renewal-due", "warning", None, said))
    elif kind == 5:
        return Seen(f"ex{number:02}", False, {"unreachable": True, "msg": f"{name} does not answer at port 5986."})
    elif kind == 6:
        said = f"{name} is Exchange Server 2019 (15.2.1748.10)."
        look["findings"].insert(0, finding("exchange-unsupported", "warning", None, said))
    elif kind == 7:
        for key in PROTOCOLS:
            look[key] |= {"component": "Inactive", "component_state": "inactive"}
            look[key]["component_reason"] = "The server component is Inactive, as requested by Maintenance."
            look[key]["services"] = [one | {"status": "stopped", "started": None} for one in look[key]["services"]]
    elif kind == 8:
        look["imap4"]["services"] = [
            one | {"status": "stopped", "start_mode": "manual", "started": None} for one in look["imap4"]["services"]
        ]
        look["connectors"][0]["settings"]["max_message_size"] = "10MB"
    elif kind == 9:
        reports, failure = {}, f"pop3_max_command_size: 5 is not valid on {name}; use 40 to 1024."
    elif kind == 10 and wanted:
        reports["pop3"]["unknown"] = {"certificate": "The services of the certificate cannot be read."}
    elif kind == 11:
        look["imap4"] |= {"restart_owed": "unknown", "restart_reason": "It is not known when the services started."}
        look["connectors"], look["certificates"] = None, None
        look["findings"].insert(0, finding("part-not-granted", "warning", None, "Get-ReceiveConnector is withheld."))
    elif kind == 12:
        look["findings"].insert(0, finding("service-not-running", "error", "imap4", "MSExchangeIMAP4BE is stopped."))
        look["imap4"]["services"][1] |= {"status": "stopped", "started": None}
        look["imap4"]["unreadable"] = {"ssl_bindings": "null"}
        del look["imap4"]["settings"]["ssl_bindings"]
        if wanted:
            reports["imap4"]["differences"] = {
                "services": {
                    "before": {"MSExchangeIMAP4BE": {"status": "stopped"}},
                    "after": {"MSExchangeIMAP4BE": {"status": "running"}},
                }
            }
    for key, one in reports.items():
        one["maintenance"] = look[key]["component_state"] == "inactive"
        one["restart"] = {
            "owed": look[key]["restart_owed"],
            "reason": look[key]["restart_reason"],
            "possible_until": look[key]["restart_possible_until"],
        }
    return Seen(f"ex{number:02}", True, told, reports, failure)


def logs(number: int) -> dict[str, Any]:
    """What fleet_usage returned of the server of a number."""
    kind = (number - 1) % 12 + 1
    if kind == 5:
        return {"skipped": True}
    if kind == 11:
        return {"failed": True, "msg": f"Select-String is not allowed on EX{number:02}."}
    pop3 = read_logs([user(f"user{one}", ("no", "yes", "unknown")[one % 3]) for one in range(number)])
    if kind == 2:
        off = "Protocol logging of POP3 is off: set protocol_log_enabled to true with mailops.exchange.pop_settings."
        pop3 |= {"logged": False, "turn_on": off, "days": [], "users": []}
    elif kind == 3:
        pop3 |= {"days": [], "users": [], "until": None}
    elif kind == 4:
        pop3 |= {"unreadable": {"front_end log": "#Fields: dateTime,user", "protocol_log_enabled": "null"}}
    imap4 = read_logs([user(f"CONTOSO\\user{number}", "no")])
    return {"protocols": of_server({"since": "2026-11-20", "pop3": pop3, "imap4": imap4}, NOW.date())}


def read_logs(users: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What protocol_log_info tells of a protocol whose log is on."""
    told = {"logged": True, "turn_on": None, "login_type": "PlainTextLogin", "unreadable": {}, "users": users}
    return {
        **told,
        "days": [logged(f"2026-11-{day}") for day in range(20, 27)],
        "until": "2026-11-27T02:19:59.514000+00:00",
        **more,
    }


def logged(day: str, log_ons: int = 0) -> dict[str, Any]:
    return {"day": day, "log_ons": log_ons}


def user(
    name: str, without_tls: str | None = "no", last_seen: str | None = "2026-11-26", **more: Any
) -> dict[str, Any]:
    return {"user": name, "without_tls": without_tls, "last_seen": last_seen, "unclear": 0, "days": [], **more}


def drift(look: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What a role reports in check mode of a server that is in sync."""
    return {"server": look["server"], "maintenance": False, "differences": {}, "unknown": {}, "restart": {}}


def finding(name: str, severity: str, protocol: str | None, found: str) -> dict[str, Any]:
    """A finding as client_access_info returns it."""
    told = {
        "id": name,
        "severity": severity,
        "found": found,
        "why": f"Clients may notice: {name}.",
        "fix": f"Fix {name} with mailops.exchange.pop_settings.",
    }
    return {**told, "fixed_by": ["login_type"], "protocol": protocol}


def looked(name: str, now: datetime, product: str, version: str) -> dict[str, Any]:
    """What client_access_info returns of a server on which both protocols are on."""
    fqdn = f"{name}.contoso.com"
    return {
        "server": name,
        "fqdn": fqdn,
        "product": product,
        "version": version,
        **{key: deepcopy(_protocol(key, fqdn)) for key in PROTOCOLS},
        "certificates": [
            _certificate("CN=mail.contoso.com", ["IMAP", "POP"], now),
            _certificate(f"CN={name}", [], now),
        ],
        "connectors": [_connector(name)],
        "client_settings": _client_settings(fqdn),
        "findings": [
            finding("loopback-not-bound", "notice", "pop3", "ssl_bindings is [10.0.0.1:995], without 127.0.0.1."),
            finding("no-external-settings", "notice", "imap4", "external_connection_settings is empty."),
            finding("connector-not-advertised", "notice", "smtp", f"Of 'Client Frontend {name}' it is false."),
        ],
    }


def _protocol(key: str, fqdn: str) -> dict[str, Any]:
    plain, tls, proxy = PORTS[key]
    folder = f"C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Logging\\{key.capitalize()}"
    started = "2026-11-20T08:15:30.1234567+01:00"
    return {
        "services": [
            {"name": one, "status": "running", "start_mode": "automatic", "started": started} for one in SERVICES[key]
        ],
        "settings": {
            "authenticated_connection_timeout": "00:30:00",
            "banner": f"{TITLES[key]} at Contoso is ready.",
            "calendar_item_retrieval_option": "iCalendar",
            "enable_exact_rfc822_size": False,
            "enable_gssapi_and_ntlm_auth": True,
            "enforce_certificate_errors": False,
            "extended_protection_policy": "None",
            "external_connection_settings": [f"mail.contoso.com:{tls}:SSL"] if key == "pop3" else [],
            "internal_connection_settings": [f"{fqdn}:{plain}:TLS", f"{fqdn}:{tls}:SSL"],
            "log_file_location": folder,
            "log_file_roll_over_settings": "Hourly",
            "log_per_file_size_quota": "0B",
            "login_type": "SecureLogin",
            "max_connection_from_single_ip": 2147483647,
            "max_connections": 2147483647,
            "max_connections_per_user": 16,
            "message_retrieval_mime_format": "BestBodyFormat",
            "owa_server_url": "",
            "pre_authenticated_connection_timeout": "00:01:00",
            "protocol_log_enabled": False,
            "proxy_target_port": proxy,
            "ssl_bindings": [f"0.0.0.0:{tls}", f"[::]:{tls}"],
            "suppress_read_receipt": False,
            "unencrypted_or_tls_bindings": [f"0.0.0.0:{plain}", f"[::]:{plain}"],
            "x509_certificate_name": "mail.contoso.com",
            "max_command_size": 512 if key == "pop3" else 10240,
        },
        "unreadable": {},
        "settings_changed": "2026-11-20T07:10:00Z",
        "component": "Active",
        "component_state": "active",
        "component_reason": None,
        "served_certificate": "611C687DFC4343A5A03E0005A1EC6E9B6AFF586D",
        "restart_owed": "no",
        "restart_reason": "Every running service started after the last change to the settings.",
        "restart_possible_until": None,
        "running_since": "2026-11-20T08:15:30.123456+01:00",
    }


def _certificate(subject: str, services: list[str], now: datetime) -> dict[str, Any]:
    ends = datetime(2027, 3, 1, 8, tzinfo=UTC)
    return {
        "thumbprint": "611C687DFC4343A5A03E0005A1EC6E9B6AFF586D" if services else "0" * 40,
        "subject": subject,
        "issuer": "CN=Contoso Issuing CA, O=Contoso",
        "names": [subject.removeprefix("CN=").lower()],
        "not_before": "2026-03-01T08:00:00+00:00",
        "not_after": ends.isoformat(),
        "days_left": (ends - now).days,
        "renewal_due": False,
        "key": "RSA 2048",
        "weakness": None,
        "self_signed": False,
        "wildcard": False,
        "has_private_key": True,
        "status": None,
        "services": services,
    }


def _connector(name: str) -> dict[str, Any]:
    return {
        "name": f"Client Frontend {name}",
        "for_users": True,
        "settings": {
            "advertise_client_settings": False,
            "auth_mechanism": ["Tls", "Integrated", "BasicAuth", "BasicAuthRequireTLS"],
            "bindings": ["0.0.0.0:587", "[::]:587"],
            "enabled": True,
            "fqdn": "mail.contoso.com",
            "max_message_size": "36MB",
            "permission_groups": ["ExchangeUsers"],
            "remote_ip_ranges": ["0.0.0.0-255.255.255.255"],
            "require_tls": False,
            "tls_certificate_name": "",
        },
        "unreadable": {},
    }


def _client_settings(fqdn: str) -> dict[str, Any]:
    smtp = [{"server": "mail.contoso.com", "port": 587, "encryption": "starttls"}]
    inside = {key: [{"server": fqdn, "port": PORTS[key][1], "encryption": "implicit_tls"}] for key in PROTOCOLS}
    outside = {"pop3": [{"server": "mail.contoso.com", "port": 995, "encryption": "implicit_tls"}], "imap4": []}
    return {"external": {**outside, "smtp": smtp}, "internal": {**inside, "smtp": smtp}}


# What a server can write as it likes; the rest are words, numbers and times of ours.
_FREE = {
    "banner", "component", "component_reason", "fqdn", "issuer", "key", "msg", "name", "names",
    "found", "product", "restart_reason", "server", "subject", "user", "version", "weakness",
}  # fmt: skip


def _harmful(told: Any, strings: Iterator[str], key: str = "") -> Any:
    """The same, with harmful strings wherever a server writes text as it likes."""
    if isinstance(told, Mapping):
        return {
            name: value if name in ("accepted", "given") else _harmful(value, strings, name)
            for name, value in told.items()
        }
    if isinstance(told, list):
        return [_harmful(item, strings, key) for item in told]
    if key in _FREE and isinstance(told, str):
        return next(strings) if key in ("server", "fqdn", "product") else f"{told} {next(strings)}"
    return told


def closed_schema() -> dict[str, Any]:
    """The schema of reports, for ours: what it does not know is not in them."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    _close(schema)
    return schema


def _close(rule: Any) -> None:
    if isinstance(rule, dict):
        if isinstance(rule.get("properties"), dict):
            rule.setdefault("additionalProperties", False)
        for part in rule.values():
            _close(part)
    elif isinstance(rule, list):
        for part in rule:
            _close(part)
