"""cas_mailbox: which mailboxes it means, what it writes, and what it refuses."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from module_runner import run_module

DEFAULTS = {
    f"{prefix}{name}": value
    for prefix in ("Pop", "Imap")
    for name, value in {
        "Enabled": True,
        "UseProtocolDefaults": True,
        "EnableExactRFC822Size": False,
        "ForceICalForCalendarRetrievalOption": False,
        "MessagesRetrievalMimeFormat": {"$text": "BestBodyFormat", "$value": 5},
        "SuppressReadReceipt": False,
    }.items()
}
NOT_FOUND = "[FailureCategory=Cmdlet-ManagementObjectNotFoundException] 8288830C,Get-CASMailbox"


class Refusal(Exception):
    """One of the piped mailboxes fails with this message."""


class MailboxHost:
    """Mailboxes by account name, and what can go wrong with them."""

    def __init__(self, *accounts: str) -> None:
        self.version = (15, 2, 2562, 17)
        self.mailboxes: dict[str, dict[str, Any]] = {}
        for account in ("Administrator", *accounts):
            self.add(account)
        self.calls: list[tuple[str, dict[str, Any], list[str] | None]] = []
        self.locked: set[str] = set()
        """Accounts whose mailbox cannot be written."""
        self.breaks: list[int] = []
        """Once each: the answer to a write is lost after so many of its mailboxes were written."""
        self.withheld: set[str] = set()
        self.told: list[str] = []

    def add(self, account: str, name: str | None = None, **values: Any) -> None:
        self.mailboxes[account] = {
            **DEFAULTS,
            "Guid": str(uuid.uuid5(uuid.NAMESPACE_DNS, account)),
            "Name": name or account.title(),
            "SamAccountName": account,
            "PrimarySmtpAddress": {"$text": f"{account.lower()}@contoso.test"},
            "DistinguishedName": f"CN={name or account.title()},OU={account},DC=contoso,DC=test",
            "Identity": {"$text": f"contoso.test/{account}/{name or account.title()}"},
            "LegacyExchangeDN": f"/o=First/cn={account}",
            "EmailAddresses": [f"SMTP:{account.lower()}@contoso.test", f"smtp:{account.lower()}@old.test"],
            **values,
        }

    def run(self, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
        return run_module("cas_mailbox", options, self.invoke, check=check, tell=self.told.append)

    def asked(self, cmdlet: str) -> list[tuple[dict[str, Any], list[str] | None]]:
        return [(parameters, piped) for name, parameters, piped in self.calls if name == cmdlet]

    @property
    def writes(self) -> list[list[str]]:
        """The accounts of each batch that was written."""
        accounts = {box["Guid"]: account for account, box in self.mailboxes.items()}
        return [[accounts[guid] for guid in piped or []] for _, piped in self.asked("Set-CASMailbox")]

    def enabled(self, protocol: str = "Pop") -> set[str]:
        return {account for account, box in self.mailboxes.items() if box[f"{protocol}Enabled"]}

    def invoke(self, text: str) -> str:
        request = json.loads(text)
        reply: dict[str, Any] = {"state": "completed", "output": [], "warnings": [], "errors": [], "reason": None}
        for command in request["pipeline"]:
            name, parameters = command["cmdlet"], command["parameters"]
            assert request["write"] is name.startswith("Set-")
            if name == "Get-ExchangeServer":
                numbers = dict(zip(("Major", "Minor", "Build", "Revision"), self.version, strict=True))
                reply["output"] = [{"Name": "EX01", "Fqdn": "ex01.contoso.test", "AdminDisplayVersion": numbers}]
                continue
            self.calls.append((name, parameters, request.get("input")))
            if name in self.withheld:
                error = {"id": "CommandNotFoundException", "message": "Not recognized."}
                reply |= {"state": "failed", "errors": [error]}
                continue
            items = request["input"] if "input" in request else [parameters.get("Identity")]
            for done, item in enumerate(items):
                if request["write"] and self.breaks and self.breaks[0] == done:
                    self.breaks.pop(0)
                    return json.dumps({**reply, "state": "unknown", "reason": "The connection broke.", "memory": {}})
                try:
                    self._one(name, item, parameters, reply, request["members"])
                except Refusal as refusal:
                    reply["errors"].append({"id": refusal.args[1], "message": refusal.args[0]})
        memory = {"host": "ex01.contoso.test", "inventory_hostname": "ex01"}
        return json.dumps({**reply, "memory": memory})

    def _one(
        self, name: str, item: str | None, parameters: dict[str, Any], reply: dict[str, Any], members: list[str]
    ) -> None:
        found = [box for box in self.mailboxes.values() if item is None or item.casefold() in self._names(box)]
        if "Filter" in parameters:
            member, _, value = parameters["Filter"].split()
            found = [box for box in found if box[member] is (value == "$true")]
        if not found and item is not None:
            raise Refusal(f"The object '{item}' couldn't be found.", NOT_FOUND)
        if name.startswith("Get-"):
            reply["output"] += [{key: box[key] for key in members if key in box} for box in found]
            return
        (box,) = found
        if box["SamAccountName"] in self.locked:
            raise Refusal("Insufficient access rights.", "1082ECE3,Set-CASMailbox")
        box.update(parameters)

    @staticmethod
    def _names(box: dict[str, Any]) -> set[str]:
        account = box["SamAccountName"]
        shown = {box["Guid"], box["Name"], account, box["DistinguishedName"], box["Identity"]["$text"]}
        hidden = {f"alias-{account}", f"CONTOSO\\{account}"}
        addresses = {address.partition(":")[2] for address in box["EmailAddresses"]}
        return {name.casefold() for name in shown | hidden | addresses}


@pytest.fixture
def host() -> MailboxHost:
    return MailboxHost("anna", "bert", "cleo", "dora")


OFF = {"pop_enabled": False}


def test_only_what_differs_is_written_and_a_second_run_writes_nothing(host):
    host.mailboxes["bert"]["PopEnabled"] = False
    options = {"identities": ["anna@contoso.test", "Bert"], **OFF}
    result = host.run(options)
    assert result["changed"] is True
    assert host.writes == [["anna"]]
    assert result["mailboxes"] == ["anna@contoso.test"]
    assert result["matched"] == 2
    assert result["diff"]["before"] == {"anna@contoso.test": {"pop_enabled": True}}
    assert result["diff"]["after"] == {"anna@contoso.test": {"pop_enabled": False}}
    assert result["cmdlets"] == [{"cmdlet": "Set-CASMailbox", "parameters": {"PopEnabled": False}, "piped": 1}]
    assert len(host.asked("Get-CASMailbox")) == 2, "once to compare, once to see that the write stuck"
    again = host.run(options)
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"] == {}
    assert len(host.writes) == 1


def test_check_mode_predicts_and_writes_nothing(host):
    options = {"filter": "PopEnabled -eq $true", "imap_enabled": False, "batch_size": 2}
    predicted = host.run(options, check=True)
    assert host.writes == []
    done = host.run(options)
    for key in ("changed", "diff", "mailboxes", "matched", "cmdlets", "failed_mailboxes"):
        assert predicted[key] == done[key], key
    assert [len(batch) for batch in host.writes] == [2, 2, 1]


@pytest.mark.parametrize(
    "identity",
    [
        "anna@contoso.test",
        "ANNA@OLD.TEST",
        "anna",
        "alias-anna",
        "CONTOSO\\anna",
        "CN=Anna,OU=anna,DC=contoso,DC=test",
        "contoso.test/anna/Anna",
        str(uuid.uuid5(uuid.NAMESPACE_DNS, "anna")).upper(),
    ],
)
@pytest.mark.parametrize("exclusive", [False, True])
def test_every_form_of_an_identity(host, identity, exclusive):
    access = {"pop_enabled": True, "exclusive": True} if exclusive else {"pop_enabled": False}
    assert host.run({"identities": [identity], **access})["changed"] is True
    everyone = set(host.mailboxes)
    assert host.enabled() == ({"anna"} if exclusive else everyone - {"anna"})


def test_exclusive_reads_everything_once_and_gives_and_takes(host):
    for account in ("anna", "bert"):
        host.mailboxes[account]["PopEnabled"] = False
    host.add("HealthMailbox1", DistinguishedName="CN=HealthMailbox1,CN=Monitoring Mailboxes,DC=contoso")
    options = {"identities": ["anna@contoso.test"], "pop_enabled": True, "exclusive": True}
    result = host.run(options)
    assert host.enabled() == {"anna", "HealthMailbox1"}
    assert host.enabled("Imap") == set(host.mailboxes)
    assert [parameters for parameters, _ in host.asked("Get-CASMailbox")] == [{"ResultSize": "unlimited"}, {}, {}]
    assert sorted(map(sorted, host.writes)) == [["Administrator", "cleo", "dora"], ["anna"]]
    assert result["matched"] == 1
    assert host.run(options)["changed"] is False


def test_exclusive_by_filter(host):
    host.mailboxes["anna"]["ImapEnabled"] = False
    host.run({"filter": "ImapEnabled -eq $false", "pop_enabled": True, "exclusive": True})
    assert host.enabled() == {"anna"}


def test_the_ceiling_stops_before_the_first_write_and_lists_what_would_have_changed(host):
    options = {"identities": ["anna"], "pop_enabled": True, "exclusive": True, "max_changes": 3}
    for check in (True, False):
        result = host.run(options, check=check)
        assert result["msg"] == (
            "max_changes: 4 mailboxes would change, and the ceiling is 3, so nothing was written: "
            "administrator@contoso.test, bert@contoso.test, cleo@contoso.test, dora@contoso.test."
        )
        assert result["changed"] is False
        assert len(result["mailboxes"]) == 4
    assert host.writes == []
    assert host.run({**options, "max_changes": 4})["changed"] is True


def test_administrator_and_health_mailboxes_are_not_enabled_by_filter_or_exclusive(host):
    host.add("HealthMailbox1", PopEnabled=False)
    host.mailboxes["Administrator"]["PopEnabled"] = False
    result = host.run({"filter": "PopEnabled -eq $false", "pop_enabled": True})
    assert result["changed"] is False
    assert "administrator@contoso.test, healthmailbox1@contoso.test: left alone" in str(result["warnings"])
    result = host.run({"identities": ["Administrator"], "pop_enabled": True, "exclusive": True})
    assert "Administrator" not in host.enabled()
    result = host.run({"identities": ["Administrator"], "pop_enabled": True})
    assert "Administrator" in host.enabled()
    assert "given access, to no avail" in str(result["warnings"])


def test_a_mailbox_that_fails_does_not_stop_the_others(host):
    host.locked = {"bert", "dora"}
    result = host.run({"identities": ["anna", "bert", "cleo", "dora"], **OFF, "batch_size": 3})
    assert host.enabled() == {"Administrator", "bert", "dora"}
    assert result["failed"] is True
    assert result["changed"] is True
    assert result["msg"] == (
        "2 of 4 mailboxes could not be changed. "
        "bert@contoso.test: Set-CASMailbox failed: Insufficient access rights. "
        "dora@contoso.test: Set-CASMailbox failed: Insufficient access rights."
    )
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == ["bert@contoso.test", "dora@contoso.test"]
    assert host.told == ["3 of 4 mailboxes written, 1 failed", "4 of 4 mailboxes written, 2 failed"]


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_lost_answer_is_read_back_and_only_the_rest_is_written_again(host, done):
    host.breaks = [done]
    result = host.run({"identities": ["anna", "bert", "cleo"], **OFF})
    assert result["changed"] is True
    assert "failed" not in result
    assert host.writes == [["anna", "bert", "cleo"], ["anna", "bert", "cleo"][done:]]


def test_two_lost_answers_are_reported(host):
    host.breaks = [1, 1]
    result = host.run({"identities": ["anna", "bert", "cleo"], **OFF})
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == ["cleo@contoso.test"]
    assert "may or may not have taken effect" in result["msg"]
    assert len(host.writes) == 2


def test_rbac_without_the_cmdlet_ends_the_task_at_once(host):
    host.withheld = {"Set-CASMailbox"}
    result = host.run({"filter": "PopEnabled -eq $true", **OFF, "batch_size": 1})
    assert "Set-CASMailbox is not granted to this user by RBAC" in result["msg"]
    assert result["changed"] is False
    assert len(host.asked("Set-CASMailbox")) == 1


def test_own_settings_need_the_defaults_switched_off(host):
    plain = {"identities": ["anna", "bert"], "pop_messages_retrieval_mime_format": "textonly"}
    host.mailboxes["bert"]["PopUseProtocolDefaults"] = False
    assert host.run(plain)["msg"] == (
        "pop_messages_retrieval_mime_format: it counts only with pop_use_protocol_defaults: false, which is not so for "
        "anna@contoso.test; give that option too."
    )
    assert host.writes == []
    both = {**plain, "pop_use_protocol_defaults": False}
    assert host.run(both)["changed"] is True
    assert sorted(host.asked("Set-CASMailbox"), key=str)[0][0] == {"PopMessagesRetrievalMimeFormat": "TextOnly"}
    host.mailboxes["anna"]["PopMessagesRetrievalMimeFormat"] = {"$text": "TextOnly", "$value": 0}
    host.mailboxes["bert"]["PopMessagesRetrievalMimeFormat"] = {"$text": "TextOnly", "$value": 0}
    assert host.run(plain)["changed"] is False
    # What is stored beside the defaults counts for nothing: switching them off writes it again.
    host.mailboxes["anna"]["PopUseProtocolDefaults"] = True
    assert host.run(both)["diff"]["after"]["anna@contoso.test"] == {
        "pop_use_protocol_defaults": False,
        "pop_messages_retrieval_mime_format": "TextOnly",
    }


def test_the_difference_of_very_many_mailboxes_is_bounded(host):
    for number in range(150):
        host.add(f"user{number}")
    result = host.run({"filter": "PopEnabled -eq $true", **OFF})
    assert len(result["mailboxes"]) == 155
    assert len(result["diff"]["after"]) == 101
    assert result["diff"]["before"]["(not shown)"] == "55 more mailboxes"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({**OFF}, "identities and filter: neither is given; give one of them to say which mailboxes are meant."),
    (
        {"identities": ["anna"], "filter": "Name -eq 'x'", **OFF},
        "identities and filter: both are given; give one of them to say which mailboxes are meant.",
    ),
    (
        {"identities": ["  "], **OFF},
        "identities: an entry is empty, which to Exchange means every mailbox; name a mailbox.",
    ),
    ({"identities": [], **OFF}, "identities: the list is empty; name at least one mailbox, or use filter."),
    ({"identities": ["*"], **OFF}, "identities: '*' is a pattern; name single mailboxes, or use filter."),
    (
        {"identities": "CN=Anna,OU=anna,DC=contoso,DC=test", **OFF},
        "identities: 'CN=Anna' is a part of a distinguished name, which was split at its commas; put the whole name "
        "into an entry of a list.",
    ),
    (
        {"identities": ["anna\nbert"], **OFF},
        "identities: 'anna\\nbert' contains a control character; give one mailbox in each entry.",
    ),
    (
        {"identities": ["nobody", "anna"], **OFF},
        "identities: 'nobody' is no mailbox of this organization; give an address or an alias.",
    ),
    (
        {"identities": ["twin"], **OFF},
        "identities: 'twin' means 2 mailboxes, twin1@contoso.test, twin2@contoso.test; give an address.",
    ),
    (
        {"identities": ["Twin"], "pop_enabled": True, "exclusive": True},
        "identities: 'Twin' means 2 mailboxes, twin1@contoso.test, twin2@contoso.test; give an address.",
    ),
    ({"identities": ["anna"]}, "pop_enabled and the other settings: none is given; give at least one."),
    (
        {"filter": "*", **OFF},
        "filter: '*' would mean every mailbox; write one such as PopEnabled -eq $true, or Name -like '*' for really "
        "all of them.",
    ),
    (
        {"filter": "Name -eq 'O'Brien'", **OFF},
        "filter: \"Name -eq 'O'Brien'\" has a quote without its other half; write two for one inside, as in "
        "'O''Brien'.",
    ),
    (
        {"filter": "{PopEnabled -eq $true}", **OFF},
        "filter: '{PopEnabled -eq $true}' is in braces, which belong to PowerShell; leave them out.",
    ),
    (
        {"filter": "Name -eq $name", **OFF},
        "filter: '$name' is a variable, which Exchange does not know here; put its value there.",
    ),
    ({"filter": "anna", **OFF}, "filter: 'anna' compares nothing; write one such as PopEnabled -eq $true."),
    (
        {"identities": ["anna"], **OFF, "exclusive": True},
        "exclusive: with pop_enabled: false nobody would have access; leave out one of the two.",
    ),
    (
        {"identities": ["anna"], "pop_suppress_read_receipt": True, "exclusive": True},
        "exclusive: it needs pop_enabled: true or imap_enabled: true, the access that others shall lose.",
    ),
    (
        {"identities": ["anna"], "imap_use_protocol_defaults": True, "imap_suppress_read_receipt": True},
        "imap_use_protocol_defaults: while it is true Exchange ignores imap_suppress_read_receipt; leave out one or "
        "the other.",
    ),
    (
        {"identities": ["anna"], **OFF, "max_changes": -1},
        "max_changes: -1 is out of range; give 0 to 2147483647 mailboxes.",
    ),
    ({"identities": ["anna"], **OFF, "batch_size": 0}, "batch_size: 0 is out of range; give 1 to 10000 mailboxes."),
    (
        {"identities": ["anna"], "pop_messages_retrieval_mime_format": "Html"},
        "pop_messages_retrieval_mime_format: 'Html' is none of its values; give TextOnly (0), HtmlOnly (1), "
        "HtmlAndTextAlternative (2), TextEnrichedOnly (3), TextEnrichedAndTextAlternative (4), BestBodyFormat (5) or "
        "Tnef (6).",
    ),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG)
def test_wrong_options_get_their_sentence_and_nothing_is_written(host, options, sentence):
    host.add("twin1", "Twin")
    host.add("twin2", "Twin")
    result = host.run(options)
    assert result["msg"] == sentence
    assert host.asked("Set-CASMailbox") == []


def test_what_a_version_lacks_is_refused_by_name(host):
    host.version = (14, 3, 123, 4)
    result = host.run({"identities": ["anna"], "pop_force_ical_for_calendar_retrieval_option": True})
    assert result["msg"].startswith(
        "pop_force_ical_for_calendar_retrieval_option: Set-CASMailbox has PopForceICalForCalendarRetrievalOption since"
    )
    assert host.asked("Get-CASMailbox") == []
