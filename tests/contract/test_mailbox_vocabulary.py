"""The settings of mailboxes in the collection's vocabulary against those in the simulator's catalogue."""

from __future__ import annotations

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._kinds.simple import Bool, Enum
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import CUSTOM, MAILBOX_SETTINGS
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
        assert isinstance(setting.kind, Bool) is (other.kind is Kind.BOOLEAN)
        if isinstance(setting.kind, Enum):
            assert other.enum is not None
            assert dict(setting.kind.numbers) == other.enum.members


def test_what_needs_the_defaults_switched_off() -> None:
    custom = {s.parameter for s in MAILBOX_SETTINGS if s.option.partition("_")[2] in CUSTOM}
    assert custom == mailboxes.CUSTOM.keys()
