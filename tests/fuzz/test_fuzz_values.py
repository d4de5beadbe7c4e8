"""What a server sends in the place of a value is a value or unreadable, and never in the way of a report."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fuzzing import JSON, fuzz
from hypothesis import strategies as st

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError, Failure
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Unreadable
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._judgement import comparison
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.client_settings import client_settings
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.findings import (
    Facts,
    ProtocolFacts,
    find,
)
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restarts import restart_owed
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import ConnectionSetting, binding_port
from ansible_collections.mailops.exchange.plugins.module_utils._objects import connector_rules, connectors
from ansible_collections.mailops.exchange.plugins.module_utils._objects.certificates import Certificate
from ansible_collections.mailops.exchange.plugins.module_utils._objects.components import Component
from ansible_collections.mailops.exchange.plugins.module_utils._objects.connectors import (
    Connector,
    client_connectors,
    default_name,
    find_connector,
)
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import MISSING, RUNNING, Service
from ansible_collections.mailops.exchange.plugins.module_utils._tables.connectors import (
    ALLOWED_SERVICES,
    CONNECTOR_SETTINGS,
)
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import MAILBOX_SETTINGS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.services import START_MODE
from ansible_collections.mailops.exchange.plugins.module_utils._work.plan import Stored, make_plan, read_members, shown
from ansible_collections.mailops.exchange.plugins.module_utils._work.rules import refusals, warnings

SETTINGS: list[Setting] = [
    *(setting for protocol in PROTOCOLS.values() for setting in protocol.settings),
    *CONNECTOR_SETTINGS,
    *MAILBOX_SETTINGS,
    Setting("services", "Services", ALLOWED_SERVICES),
    Setting("start_mode", "StartMode", START_MODE),
]

HOSTS = st.sampled_from(["mail.contoso.test", "", "a b", "ä", "0.0.0.0", "[::]", "[::1", "::", "256.0.0.1"])
NUMBERS = st.integers() | st.text(max_size=3)
# Texts that are nearly right.
NEARLY = st.one_of(
    st.builds("{}:{}".format, HOSTS, NUMBERS),
    st.builds("{}:{}:{}".format, HOSTS, NUMBERS, st.sampled_from(["SSL", "tls", "x", ""])),
    st.builds("{}.{}:{}:{}.{}".format, *[st.integers(-1, 10**9)] * 5),
    st.builds("{} {} ({} bytes)".format, NUMBERS, st.sampled_from(["B", "MB", "EB", "mb", ""]), NUMBERS),
    st.builds("P{}DT{}H{}M{}S".format, *[st.integers(0, 10**12)] * 4),
    st.builds("{}-{}".format, st.ip_addresses(), st.ip_addresses()),
    st.builds("{}/{}".format, st.ip_addresses(), st.integers(-1, 200)),
    st.builds("{}({})".format, st.ip_addresses(), st.ip_addresses()),
    st.builds("<I>{}<S>{}".format, st.text(max_size=8), st.text(max_size=8)),
    st.builds("http://{}:{}/".format, HOSTS, NUMBERS),
    st.from_regex(r"[A-Za-z, ]{0,20}", fullmatch=True),
)
WIRE = JSON | NEARLY | st.lists(NEARLY, max_size=3) | st.builds(lambda text: {"$text": text}, NEARLY)
MOMENTS = st.datetimes().map(lambda moment: moment.isoformat()) | NEARLY


@fuzz(1500, st.sampled_from(SETTINGS), WIRE)
def test_every_kind_of_value(setting: Setting, wire: Any) -> None:
    kind = setting.kind
    try:
        value = kind.read(wire)
    except Unreadable:
        return
    assert kind.read(value) == value
    assert kind.equal(value, value)
    hash(kind.key(value))
    json.dumps([kind.render(value), kind.send(value)])
    assert not make_plan([setting], {setting.option: value}, {setting.option: value}).changed
    assert make_plan([setting], {setting.option: value}, {}).unread == [setting.option]


def test_numbers_of_thousands_of_digits_are_made_no_numbers() -> None:
    """Python refuses to make numbers of them."""
    for digits in ("9" * 5000, "0" * 5000):
        for text in (
            digits,
            f"0.0.0.0:{digits}",
            f"a:{digits}:SSL",
            f"{digits}.00:00:00",
            f"PT{digits}S",
            f"({digits} b)",
        ):
            for setting in SETTINGS:
                with contextlib.suppress(Unreadable):
                    assert setting.kind.read(text) == text
        assert binding_port(f"0.0.0.0:{digits}") is None
        assert ConnectionSetting.of(f"mail.contoso.test:{digits}:SSL") is None
        for version in (digits, f"15.2.{digits}.1"):
            with pytest.raises(Failure, match="shows AdminDisplayVersion of EX01 as text"):
                Server.read({"Name": "EX01", "Fqdn": "EX01.contoso.test", "AdminDisplayVersion": version})


def test_a_limit_of_hundreds_of_digits_is_none_in_any_form() -> None:
    (setting,) = (one for one in CONNECTOR_SETTINGS if one.option == "message_rate_limit")
    for limit in ({"Value": 10**100}, 10**100, str(10**100)):
        with pytest.raises(Unreadable):
            setting.kind.read(limit)
    assert setting.kind.read({"Value": 5}) == 5


def test_a_size_below_the_smallest_allowed_is_read_as_a_size() -> None:
    (setting,) = (one for one in CONNECTOR_SETTINGS if one.option == "max_message_size")
    assert setting.kind.read("0 B (0 bytes)") == setting.kind.read("0") == setting.kind.read(0) == 0


@fuzz(300, st.dictionaries(st.sampled_from(["Name", "Fqdn", "AdminDisplayVersion", "IsMailboxServer"]), WIRE))
def test_servers_and_their_versions(found: dict[str, Any]) -> None:
    with contextlib.suppress(Failure):
        server = Server.read(found)
        assert server.title


@fuzz(300, st.lists(WIRE, max_size=3), st.lists(st.dictionaries(st.text(max_size=9), WIRE), max_size=3))
def test_replies(output: list[Any], errors: list[dict[str, Any]]) -> None:
    known = [{**error, "id": error.get("id"), "message": error.get("message")} for error in errors]
    reply = Reply.parse(json.dumps({"state": "failed", "output": output, "errors": known}))
    for error in reply.errors:
        assert isinstance(error, CmdletError)
        assert error.sentence("Get-PopSettings").endswith(".")


def stored(settings: tuple[Setting, ...]) -> st.SearchStrategy[Stored]:
    """Settings as they come of anything a server may send."""
    wire = st.fixed_dictionaries({}, optional={s.parameter: WIRE for s in settings})
    return wire.map(lambda members: read_members(settings, members))


def values(settings: tuple[Setting, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return stored(settings).map(lambda one: one.values)


def services(wire: Any) -> frozenset[str] | None:
    try:
        return frozenset(ALLOWED_SERVICES.read(wire))
    except Unreadable:
        return None


NOW = datetime(2026, 3, 1, tzinfo=UTC)
VERSIONS = st.builds(Version, st.integers(0, 20), st.integers(0, 3), st.integers(0, 3000))
SERVERS = st.builds(Server, st.just("EX01") | st.text(), st.text(), VERSIONS)
CONNECTORS = st.builds(
    lambda name, role, stored: Connector(name, role, stored.values, stored.unreadable),
    st.text(max_size=5) | st.just("Client Frontend EX01"),
    st.sampled_from(["FrontendTransport", "HubTransport", "", "x"]),
    stored(CONNECTOR_SETTINGS),
)
CERTIFICATES = st.builds(
    Certificate,
    thumbprint=st.just("A" * 40),
    subject=st.text(max_size=9) | st.just("CN=Microsoft Exchange Server Auth Certificate"),
    issuer=st.text(max_size=9),
    names=st.lists(st.sampled_from(["mail.contoso.test", "*.contoso.test", "", "*", "ä"]), max_size=3).map(tuple),
    not_before=st.datetimes(timezones=st.just(UTC)),
    not_after=st.datetimes(timezones=st.just(UTC)),
    key=st.text(max_size=5),
    weakness=st.none() | st.text(max_size=5),
    services=WIRE.map(services),
    has_private_key=st.none() | st.booleans(),
    status=st.none() | st.text(max_size=9),
)
SERVICES = st.builds(
    Service,
    st.sampled_from(["MSExchangePop3", "MSExchangePOP3BE"]),
    st.sampled_from([RUNNING, MISSING, "", "paused"]) | st.text(max_size=5),
    st.none() | st.text(max_size=9),
    st.integers(),
)
STARTS = st.lists(st.tuples(st.booleans(), st.none() | MOMENTS), max_size=3)


@st.composite
def protocols(draw: st.DrawFn) -> ProtocolFacts:
    key = draw(st.sampled_from(list(PROTOCOLS)))
    return ProtocolFacts(
        key,
        draw(st.lists(SERVICES, max_size=2)),
        draw(values(PROTOCOLS[key].settings)),
        Component("PopProxy", draw(st.sampled_from(["active", "inactive", "unknown"])), reason="It is so."),
        restart_owed(draw(MOMENTS), draw(STARTS), draw(st.integers(0, 900))),
    )


@fuzz(
    300,
    SERVERS,
    st.lists(protocols(), max_size=2),
    st.none() | st.lists(CERTIFICATES, max_size=3),
    st.none() | st.lists(CONNECTORS, max_size=3),
    st.timedeltas(timedelta(-40000), timedelta(40000)),
)
def test_findings_on_anything(
    server: Server,
    read: list[ProtocolFacts],
    certificates: list[Certificate] | None,
    found: list[Connector] | None,
    shift: timedelta,
) -> None:
    chosen = None
    with contextlib.suppress(Failure):
        chosen = None if found is None else client_connectors(found, server)
    facts = Facts(server, read, NOW + shift, certificates, chosen, {"Get-X": "It was not read."})
    told = [finding.shown() for finding in find(facts)]
    told_all = [told, client_settings(facts), [shown(CONNECTOR_SETTINGS, one.values) for one in found or []]]
    json.dumps(told_all)
    for finding in told:
        assert all(finding[key] for key in ("id", "severity", "found", "why", "fix"))


@fuzz(300, st.lists(CONNECTORS, min_size=1, max_size=3), SERVERS, values(CONNECTOR_SETTINGS), CERTIFICATES)
def test_connectors_of_any_kind(
    found: list[Connector], server: Server, wanted: dict[str, Any], certificate: Certificate
) -> None:
    with contextlib.suppress(Failure):
        find_connector(found, server, None)
    plan = make_plan(CONNECTOR_SETTINGS, wanted, found[0].values)
    changed = {**found[0].values, **plan.changes}
    own = plan.changes.keys()
    told = [*refusals(connector_rules.contradictions(changed), own)]
    told += connectors.refused_changes(found[0], found, server, changed, own)
    told += warnings(connector_rules.basic_without_tls(found[0].name, changed))
    told += warnings(connector_rules.fqdn_not_covered(found[0].name, str(changed.get("fqdn", "")), [certificate]))
    assert all(sentence.endswith(".") for sentence in told)
    assert default_name(server)
    assert all(binding_port(binding) is None or binding for binding in changed.get("bindings", ()))


def part(settings: tuple[Setting, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """What is told of a protocol or a connector, with anything in the place of its values."""
    service = {"name": st.sampled_from(["MSExchangePop3", ""]), "status": st.text(max_size=3), "start_mode": WIRE}
    stored = st.dictionaries(st.sampled_from([one.option for one in settings]), WIRE, max_size=2) | WIRE
    return st.fixed_dictionaries(
        {"settings": stored, "services": st.none() | st.lists(st.fixed_dictionaries(service), max_size=2)}
    )


RESULTS = st.fixed_dictionaries(
    {"server": st.sampled_from(["EX01", "EX02", "", "(?"]), "fqdn": WIRE, "version": WIRE},
    optional={
        **{key: part(protocol.settings) | WIRE for key, protocol in PROTOCOLS.items()},
        "connectors": st.lists(part(CONNECTOR_SETTINGS).map(lambda one: {**one, "for_users": True}), max_size=2) | WIRE,
    },
)


@fuzz(400, st.lists(RESULTS, max_size=3))
def test_the_comparison_of_anything(results: list[dict[str, Any]]) -> None:
    try:
        told = [fact.shown()["found"] for fact in comparison.differences(results)]
    except ValueError as refused:
        # Of results of the module nothing else can be wrong.
        told = [str(refused).replace("which is not a valid value", "which is not a valid value.")]
    else:
        assert all(comparison.differences([one, one]) == [] for one in results)
    assert all(sentence.endswith(".") for sentence in told), told


@fuzz(200, st.lists(st.dictionaries(st.sampled_from(["server", "pop3"]), WIRE), min_size=1) | JSON)
def test_what_is_no_result_is_not_compared(results: Any) -> None:
    known = isinstance(results, list) and all(isinstance(one, dict) and "server" in one for one in results)
    if known and all(isinstance(one["server"], str) for one in results):
        return
    with pytest.raises(ValueError, match=r"result.* of client_access_info"):
        comparison.differences(results)
