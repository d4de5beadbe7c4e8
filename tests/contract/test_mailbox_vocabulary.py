"""The settings of mailboxes in the collection's vocabulary against those in the simulator's catalogue."""

from __future__ import annotations

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.inherited import OrOrganization
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.web import UserAgents
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import (
    EWS_LISTS,
    MAILBOX_SETTINGS,
    is_custom,
)
from exchange_simulator.catalogue import mailboxes
from exchange_simulator.catalogue.kinds import RELEASES, Kind
from exchange_simulator.catalogue.releases import RELEASE


@pytest.mark.parametrize("release", RELEASES)
def test_the_parameters_of_each_release(release: str) -> None:
    version = Version(*RELEASE[release].build)
    ours = {setting.parameter for setting in MAILBOX_SETTINGS if setting.since <= version}
    assert ours == {setting.name for setting in mailboxes.SETTINGS if release in setting.releases}


def test_the_kinds_of_parameters() -> None:
    theirs = {setting.name: setting for setting in mailboxes.SETTINGS}
    for setting in MAILBOX_SETTINGS:
        other = theirs[setting.parameter]
        may_be_null = isinstance(setting.kind, OrOrganization)
        kind = setting.kind.kind if isinstance(setting.kind, OrOrganization) else setting.kind
        assert isinstance(kind, Bool) is (other.kind in (Kind.BOOLEAN, Kind.OPTIONAL_BOOLEAN))
        assert isinstance(kind, UserAgents) is (other.kind is Kind.STRINGS)
        assert may_be_null is (other.kind in (Kind.OPTIONAL_BOOLEAN, Kind.OPTIONAL_ENUM))
        if isinstance(kind, Enum):
            assert other.enum is not None
            assert dict(kind.numbers) == other.enum.members


def test_what_needs_the_defaults_switched_off() -> None:
    custom = {s.parameter for s in MAILBOX_SETTINGS if is_custom(s.option)}
    assert custom == mailboxes.CUSTOM.keys()


def test_the_policies_of_the_lists_of_programs() -> None:
    parameters = {setting.option: setting.parameter for setting in MAILBOX_SETTINGS}
    assert {parameters[option]: policy for option, policy in EWS_LISTS.items()} == mailboxes.EWS_LISTS
