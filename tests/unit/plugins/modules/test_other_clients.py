"""cas_mailbox beyond POP3 and IMAP4: the switches of other clients, the programs that use EWS, and going back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hostile import HOSTILE
from in_process import ABSENT, InProcessHost, Put

from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.adopted import variables
from ansible_collections.mailops.exchange.plugins.module_utils._judgement.restoring import AdoptedMailboxes
from ansible_collections.mailops.exchange.plugins.module_utils._tables.mailboxes import (
    OTHER_ACCESS,
    PROTOCOL_ACCESS,
)
from exchange_simulator.catalogue.mailboxes import DEFAULTS
from exchange_simulator.mailboxes import domain_sid

MODULE, INFO = "cas_mailbox", "cas_mailbox_info"
GET, SET, GET_USER = "Get-CASMailbox", "Set-CASMailbox", "Get-User"
ANNA = {"identities": ["anna@contoso.test"]}
OTHERS = ("owa", "owa_for_devices", "active_sync", "ecp", "mapi", "ews")
CLOSED = {f"{client}_enabled": False for client in ("imap", *OTHERS)}
ALLOW, BLOCK = ({"ews_application_access_policy": f"Enforce{which}List"} for which in ("Allow", "Block"))


@pytest.fixture
def host() -> InProcessHost:
    return InProcessHost("SE", mailbox_user="anna")


def stored(host: InProcessHost, alias: str = "anna") -> dict[str, Any]:
    (mailbox,) = host.organisation.mailboxes.find(alias)
    return dict(mailbox.read(host.organisation.controllers[0], host.organisation.now).values)


def settings(host: InProcessHost, **options: Any) -> dict[str, Any]:
    ((group),) = host.run(INFO, {**ANNA, "other_clients": True, **options})["alike"]
    return group["settings"]


@pytest.mark.parametrize("release", ["2010", "2013", "2016", "2019", "SE"])
def test_check_apply_again_and_back_for_all_that_a_version_has(release: str) -> None:
    host = InProcessHost(release, mailbox_user="anna")
    rows = [row for row in OTHER_ACCESS if row.is_on(Version(*host.server.release.build))]
    wanted: dict[str, Any] = {row.option: not DEFAULTS[row.parameter] for row in rows if "list" not in row.option}
    wanted |= {"ews_application_access_policy": "enforceallowlist", "ews_allow_list": ["Tickets/*"]}
    wanted |= {row.option: False for row in rows if DEFAULTS[row.parameter] is None and row.option not in wanted}
    before = settings(host)
    predicted = host.run(MODULE, {**ANNA, **wanted}, check=True)
    assert host.asked(SET) == []
    done = host.run(MODULE, {**ANNA, **wanted})
    assert predicted["diff"] == done["diff"]
    assert set(done["diff"]["after"]["anna@contoso.test"]) == set(wanted)
    assert host.run(MODULE, {**ANNA, **wanted})["changed"] is False
    host.run(MODULE, {**ANNA, **before})
    assert stored(host) == DEFAULTS
    assert host.run(MODULE, {**ANNA, **before})["changed"] is False


def test_what_a_version_lacks_is_refused_by_name() -> None:
    host = InProcessHost("2010", mailbox_user="anna")
    told = host.run(MODULE, {**ANNA, "owa_for_devices_enabled": False})["msg"]
    assert told.startswith(
        "owa_for_devices_enabled: Set-CASMailbox has OWAforDevicesEnabled since Exchange Server 2013"
    )
    assert "owa_for_devices_enabled" not in settings(host)


def test_the_organization_decides_again(host: InProcessHost) -> None:
    assert host.run(MODULE, {**ANNA, "ews_enabled": "Organization"})["changed"] is False
    done = host.run(MODULE, {**ANNA, "ews_enabled": "no", "mapi_http_enabled": True})
    assert done["diff"]["before"]["anna@contoso.test"] == {
        "ews_enabled": "organization",
        "mapi_http_enabled": "organization",
    }
    assert (stored(host)["EwsEnabled"], stored(host)["MapiHttpEnabled"]) == (False, True)
    back = host.run(MODULE, {**ANNA, "ews_enabled": "organization"})
    assert back["cmdlets"][0]["parameters"] == {"EwsEnabled": None}
    assert stored(host)["EwsEnabled"] is None


def test_lists_take_the_forms_of_lists(host: InProcessHost) -> None:
    agent = "Mozilla/5.0 (X11, Linux)"
    host.run(MODULE, {**ANNA, **ALLOW, "ews_allow_list": agent})
    assert stored(host)["EwsAllowList"] == (agent,), "a comma is in the name of a program"
    added = host.run(MODULE, {**ANNA, "ews_allow_list": {"add": ["Tickets/*"]}})
    assert added["diff"]["after"]["anna@contoso.test"] == {"ews_allow_list": [agent, "Tickets/*"]}
    host.run(MODULE, {**ANNA, "ews_allow_list": {"remove": [agent, "Others/*"]}})
    assert stored(host)["EwsAllowList"] == ("Tickets/*",)
    assert host.run(MODULE, {**ANNA, "ews_allow_list": {"set": ["Tickets/*"]}})["changed"] is False
    assert host.run(MODULE, {**ANNA, "ews_allow_list": []})["changed"] is True
    assert stored(host)["EwsAllowList"] == ()


def test_exchange_keeps_the_list_of_the_policy(host: InProcessHost) -> None:
    host.run(MODULE, {**ANNA, **ALLOW, "ews_allow_list": ["Tickets/*"]})
    told = host.run(MODULE, {**ANNA, "ews_block_list": ["OWA/*"]})
    assert told["msg"] == (
        "ews_block_list: it has an effect only with ews_application_access_policy: EnforceBlockList, which is not so "
        "for anna@contoso.test; set that option too."
    )
    done = host.run(MODULE, {**ANNA, **BLOCK, "ews_block_list": {"add": ["OWA/*"]}})
    assert done["diff"]["before"]["anna@contoso.test"] == {**ALLOW, "ews_block_list": []}
    assert (stored(host)["EwsAllowList"], stored(host)["EwsBlockList"]) == ((), ("OWA/*",))
    assert settings(host).keys() & {"ews_allow_list", "ews_block_list"} == {"ews_block_list"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"ews_allow_list": [], "ews_block_list": []},
            "ews_allow_list and ews_block_list: Exchange keeps one list, that of ews_application_access_policy; leave "
            "out one of the two.",
        ),
        (
            {**BLOCK, "ews_allow_list": ["a"]},
            "ews_allow_list: it has an effect only with ews_application_access_policy: EnforceAllowList; leave out one "
            "of them.",
        ),
        (
            {"ews_application_access_policy": "organization", "ews_block_list": ["a"]},
            "ews_block_list: it has an effect only with ews_application_access_policy: EnforceBlockList; leave out one "
            "of them.",
        ),
        (
            {"ews_application_access_policy": "Both"},
            "ews_application_access_policy: 'Both' is not valid; use EnforceAllowList (0) or "
            "EnforceBlockList (1), or organization for the organization's value.",
        ),
        (
            {"owa_enabled": False, "exclusive": True},
            "exclusive: it needs pop_enabled: true or imap_enabled: true, the access that others lose.",
        ),
        (
            {"pop_enabled": True, "exclusive": True, "refuse_built_in_accounts": True},
            "refuse_built_in_accounts: filter and exclusive skip the mailboxes of such accounts anyway; leave "
            "it out, or name the mailboxes by identities.",
        ),
    ],
)
def test_contradictions(host: InProcessHost, options: dict[str, Any], sentence: str) -> None:
    assert host.run(MODULE, {**ANNA, **options})["msg"] == sentence
    assert host.calls == []


def test_exclusive_takes_nothing_but_pop3_and_imap4_from_others(host: InProcessHost) -> None:
    host.organisation.mailboxes.add("Bert", "bert")
    host.run(MODULE, {**ANNA, "pop_enabled": True, **CLOSED, "imap_enabled": True, "exclusive": True})
    assert stored(host, "bert") == {**DEFAULTS, "PopEnabled": False, "ImapEnabled": False}
    assert stored(host)["OWAEnabled"] is False


def test_nobody_reads_what_was_not_asked_for(host: InProcessHost) -> None:
    host.run(MODULE, {**ANNA, "pop_enabled": False})
    host.run(INFO)
    read = {member for call in host.calls if call.cmdlet == GET for member in call.members or ()}
    protocols = {row.parameter for row in PROTOCOL_ACCESS}
    assert read & {row.parameter for row in OTHER_ACCESS} == set()
    assert protocols <= read
    host.calls.clear()
    host.run(MODULE, {**ANNA, "pop_enabled": True, "owa_enabled": False})
    (first, *_) = [call for call in host.calls if call.cmdlet == GET]
    assert set(first.members or ()) & (protocols | {row.parameter for row in OTHER_ACCESS}) == {
        "PopEnabled",
        "OWAEnabled",
    }


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_a_hostile_text_is_stored_as_it_is_or_refused(host: InProcessHost, text: str) -> None:
    result = host.run(MODULE, {**ANNA, **ALLOW, "ews_allow_list": [text]})
    if result.get("failed"):
        assert result["msg"].startswith("ews_allow_list: ")
        assert "\n" not in result["msg"]
        assert host.asked(SET) == []
    else:
        assert stored(host)["EwsAllowList"] == (text.strip(),)
        assert host.run(MODULE, {**ANNA, **ALLOW, "ews_allow_list": [text]})["changed"] is False
        file = variables(host.run(INFO, {**ANNA, "other_clients": True}))
        (group,) = yaml.safe_load(file.replace(": !unsafe ", ": "))["adopted_mailboxes"]["alike"]
        assert group["settings"]["ews_allow_list"] == [text.strip()]


@pytest.mark.parametrize("value", ["OWA/*, Tickets/*", ["OWA/*", None], ["OWA/*", 7], True, {"$text": None}], ids=str)
def test_a_list_that_cannot_be_read_is_not_compared(host: InProcessHost, value: Any) -> None:
    host.run(MODULE, {**ANNA, **ALLOW, "ews_allow_list": ["OWA/*", "Tickets/*"]})
    host.shapes[GET] = Put({"EwsAllowList": value})
    host.calls.clear()
    result = host.run(MODULE, {**ANNA, "ews_allow_list": {"add": ["Others/*"]}})
    assert "ews_allow_list" in result["msg"]
    assert "EwsAllowList" in result["msg"]
    assert host.asked(SET) == []
    assert host.run(INFO, {**ANNA, "other_clients": True})["unreadable"] == ["anna@contoso.test"]
    assert host.run(INFO, ANNA)["unreadable"] == [], "nobody asked for it"


def test_what_an_update_lacks_is_left_out(host: InProcessHost) -> None:
    host.shapes[GET] = Put({"MapiHttpEnabled": ABSENT})
    found = settings(host)
    assert "mapi_http_enabled" not in found
    assert found["owa_enabled"] is True


@pytest.mark.parametrize(("rid", "whose"), [("500", "Administrator"), ("501", "Guest")])
@pytest.mark.parametrize("access", [{"pop_enabled": True}, {"imap_enabled": True, "pop_enabled": False}], ids=str)
def test_a_built_in_account_is_refused_by_its_number(
    host: InProcessHost, rid: str, whose: str, access: dict[str, Any]
) -> None:
    host.shapes[GET_USER] = Put({"Sid": f"{domain_sid('contoso.test')}-{rid}"})
    options = {**ANNA, **access, "refuse_built_in_accounts": True}
    assert host.run(MODULE, options)["msg"] == (
        f"identities: anna@contoso.test belongs to the built-in account {whose}, and Exchange opens such a mailbox to "
        "no user by POP3 or IMAP4; name a mailbox with an account of its own."
    )
    assert host.asked(SET) == []
    # Nobody asks whose it is where access is taken away.
    assert "failed" not in host.run(MODULE, {**options, "pop_enabled": False, "imap_enabled": False})


def test_a_name_alone_is_no_reason_to_refuse(host: InProcessHost, warned: list[str]) -> None:
    host.organisation.mailboxes.add("Administrator of buildings", "guest")
    options = {"identities": ["guest"], "pop_enabled": True, "refuse_built_in_accounts": True}
    assert host.run(MODULE, options)["changed"] is False
    assert warned == []
    # Where no number is told, the account's name has to do, and that is said.
    host.fault("rbac_without", cmdlet=GET_USER)
    assert "the built-in account Guest" in host.run(MODULE, options)["msg"]
    assert host.run(MODULE, {**options, **ANNA})["changed"] is False
    warning = warned[-1]
    assert (
        "known from its name only, and not from its SID; grant Identity of Get-User. Get-User is not granted" in warning
    )
    host.shapes[GET] = Put({"SamAccountName": ["x"]})
    assert (
        "cannot be distinguished from the mailboxes of the Administrator and the Guest"
        in host.run(MODULE, options)["msg"]
    )


def test_exchanges_own_mailboxes_are_refused(host: InProcessHost) -> None:
    host.organisation.mailboxes.add("Probe", "healthmailbox1")
    options = {"identities": ["healthmailbox1"], "pop_enabled": True, "refuse_built_in_accounts": True}
    assert "belongs to Exchange's own monitoring" in host.run(MODULE, options)["msg"]


def test_going_back_covers_other_clients(host: InProcessHost, tmp_path: Path) -> None:
    host.run(MODULE, {**ANNA, **ALLOW, "ews_allow_list": ["Tickets/*"]})
    file = yaml.safe_load(variables(host.run(INFO, {**ANNA, "other_clients": True})))
    adopted = AdoptedMailboxes(file)
    assert adopted.of_other_clients
    host.run(MODULE, {**ANNA, **CLOSED, "ews_application_access_policy": "organization"})
    now = host.run(INFO, {**ANNA, "other_clients": True})
    (part,) = adopted.parts(now, ["pop3", "imap4"])
    host.run(part.module, part.options)
    assert stored(host) == {
        **DEFAULTS,
        "EwsApplicationAccessPolicy": "EnforceAllowList",
        "EwsAllowList": ("Tickets/*",),
    }
    # Who brings back one protocol alone leaves other clients as they are.
    host.run(MODULE, {**ANNA, **CLOSED})
    (part,) = adopted.parts(host.run(INFO, {**ANNA, "other_clients": True}), ["imap4"])
    assert part.options == {
        "identities": part.options["identities"],
        "imap_enabled": True,
        "imap_use_protocol_defaults": True,
    }
    old = AdoptedMailboxes(yaml.safe_load(variables(host.run(INFO, ANNA))))
    assert not old.of_other_clients
