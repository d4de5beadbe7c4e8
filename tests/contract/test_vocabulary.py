"""The collection's vocabulary against the simulator's catalogue, which were written apart from the same reference."""

from __future__ import annotations

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.base import Kind as OurKind
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.bindings import Bindings, ConnectionSettings
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum, Int
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.sizes import (
    BlankIsUnlimited,
    ByteSize,
    UnlimitedInt,
)
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.spans import TimeSpan as OurTimeSpan
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.texts import Text
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import WebAddress
from ansible_collections.mailops.exchange.plugins.module_utils._objects.services import service_names
from ansible_collections.mailops.exchange.plugins.module_utils._tables.protocols import PROTOCOLS
from ansible_collections.mailops.exchange.plugins.module_utils._tables.rows import Setting
from ansible_collections.mailops.exchange.plugins.module_utils._tables.services import SERVICE_STATE, START_MODE
from ansible_collections.mailops.exchange.plugins.module_utils._tables.throttling import THROTTLING_SETTINGS
from exchange_simulator.catalogue import cmdlets, services, settings, throttling
from exchange_simulator.catalogue.kinds import RELEASES, Kind, Parameter
from exchange_simulator.catalogue.releases import RELEASE
from exchange_simulator.values import TimeSpan
from generate.settings import documented_default

# Only the help of Exchange 2010 lists it, and the reference says to ignore it: the collection does not have it.
_LEFT_OUT = {"2010": {"LiveIdBasicAuthReplacement"}}
# Microsoft's page of the enumeration spells it so; the case of a name counts nowhere.
_SPELLED = {"intranetUrl": "IntranetUrl"}
# Not settings of the object.
_ADDRESSING = {"Server", "DomainController", "WhatIf", "Confirm"}
# No range is documented; the collection goes by what a port is.
_PORTS = {"ProxyTargetPort": (0, 65535)}
_KINDS: dict[Kind, type[OurKind]] = {
    Kind.BOOLEAN: Bool,
    Kind.INT32: Int,
    Kind.TEXT: Text,
    Kind.ENUM: Enum,
    Kind.TIME_SPAN: OurTimeSpan,
    Kind.BYTE_SIZE: ByteSize,
    Kind.URI: WebAddress,
    Kind.BINDINGS: Bindings,
    Kind.CONNECTIONS: ConnectionSettings,
}


def version(release: str) -> Version:
    return Version(*RELEASE[release].build)


def ours(protocol: str, release: str) -> dict[str, Setting]:
    """The settings the collection knows on a release, by the cmdlet's parameter."""
    found = [setting for setting in PROTOCOLS[protocol].settings if setting.since <= version(release)]
    assert len({setting.parameter for setting in found}) == len(found)
    return {setting.parameter: setting for setting in found}


def theirs(protocol: str, release: str) -> dict[str, Parameter]:
    """The parameters the simulated cmdlet has on a release."""
    cmdlet = cmdlets.BY_NAME[f"set-{PROTOCOLS[protocol].noun}".casefold()]
    return {one.name: one for one in cmdlet.parameters if release in one.releases and one.name not in _ADDRESSING}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_parameters_of_each_release(protocol: str, release: str) -> None:
    left_out = _LEFT_OUT.get(release, set())
    assert theirs(protocol, release).keys() - ours(protocol, release).keys() == left_out
    assert ours(protocol, release).keys() <= theirs(protocol, release).keys()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_kinds_and_ranges_of_parameters(protocol: str) -> None:
    catalogue = theirs(protocol, "SE")
    for name, setting in ours(protocol, "SE").items():
        assert isinstance(setting.kind, _KINDS[catalogue[name].kind]), name
        bounds = (catalogue[name].minimum, catalogue[name].maximum)
        if isinstance(setting.kind, Int):
            assert (setting.kind.lowest, setting.kind.highest) == _PORTS.get(name, bounds), name
        if isinstance(setting.kind, OurTimeSpan):
            seconds = [TimeSpan.parse(str(bound)).ticks / 10_000_000 for bound in bounds]
            assert [setting.kind.lowest, setting.kind.highest] == seconds, name
    assert {name for name in _PORTS if catalogue[name].minimum is None} == _PORTS.keys()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_documented_defaults(protocol: str) -> None:
    """What a reader is told of Exchange's defaults is what a simulated server has out of the box."""
    known = {setting.parameter: setting for setting in PROTOCOLS[protocol].settings}
    told = 0
    for row in settings.SETTINGS:
        if not row.exists(protocol, "SE"):
            continue
        setting = known[row.name]
        documented = documented_default("protocol_settings", setting.option, PROTOCOLS[protocol])
        default = row.default(protocol, "SE")
        if documented is not None:
            told += 1
            assert setting.kind.parse(documented) == setting.kind.parse("" if default is None else default), row.name
    assert told > 20


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_names_and_numbers_of_enumerations(protocol: str) -> None:
    found = {
        name: {_SPELLED.get(member, member): number for member, number in one.enum.members.items()}
        for name, one in theirs(protocol, "SE").items()
        if one.enum is not None
    }
    assert found
    assert found == {
        name: dict(setting.kind.numbers)
        for name, setting in ours(protocol, "SE").items()
        if isinstance(setting.kind, Enum)
    }


@pytest.mark.parametrize("release", RELEASES)
def test_throttling_policies(release: str) -> None:
    known = [row for row in THROTTLING_SETTINGS if row.is_on(version(release))]
    assert len({row.option for row in known}) == len(known)
    catalogue = {one.name: one.parameter for one in throttling.THROTTLING_SETTINGS if release in one.releases}
    assert sorted(row.parameter for row in known) == sorted(catalogue)
    for row in known:
        parameter = catalogue[row.parameter]
        blank = {Kind.UNSIGNED: True, Kind.UNSIGNED_LIMIT: False}[parameter.kind]
        assert type(row.kind) is (BlankIsUnlimited if blank else UnlimitedInt), row.parameter
        # Where no range is documented it is that of the type.
        bounds = (parameter.minimum or 0, parameter.maximum or 0xFFFFFFFF)
        assert isinstance(row.kind, UnlimitedInt)
        assert (row.kind.lowest, row.kind.highest) == bounds, row.parameter


def test_the_start_modes_of_services() -> None:
    assert dict(START_MODE.numbers) == cmdlets.START_MODE.members


def test_the_states_of_services() -> None:
    """As Microsoft's page of ServiceControllerStatus numbers them, and that of Win32_Service writes them."""
    states = ["Stopped", "Start Pending", "Stop Pending", "Running", "Continue Pending", "Pause Pending", "Paused"]
    assert dict(SERVICE_STATE.numbers) == {state: number for number, state in enumerate(states, 1)}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_services_of_each_release(protocol: str, release: str) -> None:
    server = Server("EX01", "EX01.contoso.test", version(release))
    word = PROTOCOLS[protocol].title.casefold()
    registered = {row.name for row in services.SERVICES if word in row.name.casefold() and release in row.releases}
    assert set(service_names(PROTOCOLS[protocol], server)) == registered
    assert len(registered) == (1 if release == "2010" else 2)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_cmdlets_and_components(protocol: str) -> None:
    known = PROTOCOLS[protocol]
    assert {f"{verb}-{known.noun}".casefold() for verb in ("Get", "Set")} <= cmdlets.BY_NAME.keys()
    assert known.component == services.PROXY_COMPONENT[protocol]
    assert known.component in services.COMPONENTS
    assert tuple(PROTOCOLS) == settings.PROTOCOLS


@pytest.mark.parametrize("release", RELEASES)
def test_the_product_of_each_release(release: str) -> None:
    assert version(release).product == f"Exchange Server {release}"
