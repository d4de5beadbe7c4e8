"""throttling_policy: which policies Exchange lets be changed, and of which that is not known."""

from __future__ import annotations

import pytest
from in_process import ABSENT, InProcessHost, Put

MODULE = "throttling_policy"
GET = "Get-ThrottlingPolicy"
WANTED = {"name": "Programs", "pop_max_concurrency": 7}


@pytest.fixture
def host(host: InProcessHost) -> InProcessHost:
    host.administer("New-ThrottlingPolicy", Name="Programs")
    return host


@pytest.mark.parametrize(("scope", "own"), [("Global", True), ("Organization", False), (ABSENT, False)])
def test_exchanges_own_policy_is_not_changed(host: InProcessHost, scope: object, own: bool) -> None:
    host.shapes[GET] = Put({"ThrottlingPolicyScope": scope})
    result = host.run(MODULE, WANTED)
    assert (result.get("failed", False), host.writes) == (own, [] if own else ["Set-ThrottlingPolicy"])
    assert not own or result["msg"].startswith("name: Exchange does not allow changes to Programs")


def test_a_scope_that_cannot_be_read_changes_nothing(host: InProcessHost) -> None:
    host.shapes[GET] = Put({"ThrottlingPolicyScope": "Weltweit"})
    assert "so it is not known whether Exchange allows changes to it" in host.run(MODULE, WANTED)["msg"]
    assert host.writes == []


def test_unlimited_is_a_value_of_its_own(host: InProcessHost) -> None:
    options = {"name": "Programs", "pop_max_concurrency": "Unlimited"}
    assert host.run(MODULE, options)["changed"] is True
    assert host.asked("Set-ThrottlingPolicy")[0]["PopMaxConcurrency"] == "Unlimited"
    assert host.run(MODULE, options)["changed"] is False
