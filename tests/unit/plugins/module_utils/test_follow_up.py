"""What a role does after its parts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.mailops.exchange.plugins.module_utils._judgement.follow_up import FollowUp

ALL = {"restart": True, "changes": True, "verification": True}
CHANGED = {"changed": True, "diff": {"before": {}, "after": {"banner": "New."}}}
LOOKED_UP = {"changed": True, "diff": {"before": {}, "after": {"external_connection_settings": []}}}
SAME = {"changed": False, "diff": {"before": {}, "after": {}}}


def steps(
    results: Any,
    *,
    owed: str = "no",
    state: str = "active",
    statuses: tuple[str, ...] = ("running", "stopped"),
    product: str = "Exchange Server SE",
    switches: Any = ALL,
    **more: Any,
) -> list[str]:
    services = [{"status": status} for status in statuses]
    own = {"component_state": state, "restart_owed": owed, "services": services}
    return list(FollowUp({"pop3": own, "product": product}, "pop3", results, switches=switches, **more).steps())


def test_where_nothing_was_changed_it_only_verifies() -> None:
    assert steps({"settings": SAME, "services": {}}) == ["verification"]
    assert steps({}, switches={}) == []
    assert steps({"settings": CHANGED}, state="inactive", failure="Broken.") == []


def test_what_could_not_be_compared_is_reported() -> None:
    unknown = {**SAME, "assigned_reason": "It is left out."}
    assert steps({"certificate": unknown}) == ["report", "verification"]
    assert steps({"certificate": {**CHANGED, "assigned_reason": "It is left out."}}).count("report") == 1
    assert steps({"certificate": {**SAME, "assigned_reason": None}}) == ["verification"]


@pytest.mark.parametrize(
    ("results", "more", "restarts"),
    [
        ({"settings": CHANGED}, {}, True),
        ({"settings": CHANGED}, {"statuses": ("stopped", "stopped")}, False),
        ({"settings": CHANGED}, {"failure": "Broken."}, True),
        ({"settings": CHANGED}, {"switches": {}}, False),
        ({"certificate": CHANGED}, {}, True),
        ({"certificate": {**CHANGED, "restart_required": False}}, {}, False),
        ({"certificate": {**SAME, "restart_required": True}}, {}, True),
        ({"mailboxes": CHANGED}, {}, False),
        ({"mailboxes": CHANGED}, {"restart_for_mailboxes": True}, True),
        ({"connector": CHANGED}, {}, False),
        ({}, {"owed": "yes"}, True),
        ({}, {"owed": "yes", "failure": "Broken."}, False),
        ({}, {"owed": "possible"}, False),
    ],
)
def test_when_it_restarts(results: Any, more: dict[str, Any], restarts: bool) -> None:
    found = steps(results, **more)
    assert ("restart" in found) is restarts
    assert "restart" not in found or found[0] == "restart"


@pytest.mark.parametrize("owed", ["possible", "unknown"])
def test_a_doubt_is_told_where_nothing_is_restarted(owed: str) -> None:
    assert steps({}, owed=owed) == ["restart_doubt", "verification"]
    assert steps({"settings": CHANGED}, owed=owed) == ["restart", "report", "changes", "verification"]
    assert steps({}, owed=owed, switches={"verification": True}) == ["verification"]


@pytest.mark.parametrize(
    ("results", "when", "product", "restarts"),
    [
        ({"settings": LOOKED_UP}, "never", "Exchange Server 2013", False),
        ({"settings": LOOKED_UP}, "when_needed", "Exchange Server 2013", True),
        ({"connector": {**CHANGED, "diff": {"after": {"fqdn": "x"}}}}, "when_needed", "Exchange Server 2013", True),
        ({"settings": LOOKED_UP}, "when_needed", "Exchange Server 2016", False),
        ({"settings": CHANGED}, "when_needed", "Exchange Server 2013", False),
        ({"settings": CHANGED}, "always", "Exchange Server 2010", True),
        ({"certificate": CHANGED}, "always", "Exchange Server 2013", False),
        ({"settings": SAME}, "always", "Exchange Server 2013", False),
    ],
)
def test_when_iis_is_restarted(results: Any, when: str, product: str, restarts: bool) -> None:
    assert ("iis" in steps(results, restart_iis=when, product=product)) is restarts


@pytest.mark.parametrize(
    "option",
    ["advertise_client_settings", "external_connection_settings", "fqdn", "internal_connection_settings", "banner"],
)
def test_what_outlook_on_the_web_tells_of(option: str) -> None:
    result = {"changed": True, "diff": {"before": {}, "after": {option: "x"}}}
    found = steps({"settings": result}, restart_iis="when_needed", product="Exchange Server 2013")
    assert ("iis" in found) is (option != "banner")


def test_a_failure_is_told_after_what_was_changed_took_effect() -> None:
    found = steps({"connector": CHANGED, "settings": LOOKED_UP}, restart_iis="always", failure="Broken.")
    assert found == ["restart", "iis", "report", "changes", "failure"]
    assert steps({"connector": CHANGED}, switches={"restart": True}) == ["report"]
