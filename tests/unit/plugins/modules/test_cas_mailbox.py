"""cas_mailbox: which mailboxes it means, what it writes, and what it refuses."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request

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
AMBIGUOUS = "[FailureCategory=Cmdlet-ManagementObjectAmbiguousException] E5DDAC9B,Get-CASMailbox"
DOMAIN_SID = "S-1-5-21-1111-2222-3333"


class Refusal(Exception):
    """One of the piped mailboxes fails with this message, and with ``ends`` those behind it are not reached."""

    ends = False


class End(Refusal):
    ends = True


class MailboxHost:
    """Mailboxes by account name, and what can go wrong with them."""

    def __init__(self, *accounts: str) -> None:
        self.version = (15, 2, 2562, 17)
        self.mailboxes: dict[str, dict[str, Any]] = {}
        self.aliases: dict[str, str] = {}
        self.rids = {"Administrator": 500}
        for account in ("Administrator", *accounts):
            self.add(account)
        self.calls: list[tuple[str, dict[str, Any], list[str] | None]] = []
        self.locked: set[str] = set()
        """Accounts whose mailbox cannot be written."""
        self.fails: dict[str, tuple[str, type[Refusal]]] = {}
        """Accounts whose mailbox gives an error before or after it is written, and which kind."""
        self.unreadable: dict[str, str] = {}
        """Accounts whose mailbox gives an error with this id when it is read after a write."""
        self.unreadable_after: type[Refusal] = Refusal
        self.ambiguous = "all"
        """What a name of several is answered with: all of them, an error, or one and an error."""
        self.users: dict[str, Any] = {}
        """Members that Get-User shows of every account instead of its own."""
        self.breaks: list[int] = []
        """Once each: the answer to a write is lost after so many of its mailboxes were written."""
        self.withheld: set[str] = set()
        self.told: list[str] = []

    def add(self, account: str, name: str | None = None, *, alias: str | None = None, **values: Any) -> None:
        self.aliases[account] = alias or f"alias-{account}"
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
        accounts = {
            str(box.get(member)): account
            for account, box in self.mailboxes.items()
            for member in ("Guid", "DistinguishedName")
        }
        return [[accounts[key] for key in piped or []] for _, piped in self.asked("Set-CASMailbox")]

    def enabled(self, protocol: str = "Pop") -> set[str]:
        return {account for account, box in self.mailboxes.items() if box[f"{protocol}Enabled"]}

    def invoke(self, text: str) -> str:
        request = Request.parse(text)
        reply: dict[str, Any] = {"state": "completed", "output": [], "warnings": [], "errors": [], "reason": None}
        for name, parameters in [(request.cmdlet, request.parameters)] if request.cmdlet else []:
            assert request.write is name.startswith("Set-")
            if name == "Get-ExchangeServer":
                numbers = dict(zip(("Major", "Minor", "Build", "Revision"), self.version, strict=True))
                reply["output"] = [{"Name": "EX01", "Fqdn": "ex01.contoso.test", "AdminDisplayVersion": numbers}]
                continue
            self.calls.append((name, parameters, request.piped))
            if name in self.withheld:
                error = {"id": "CommandNotFoundException", "message": "Not recognized."}
                reply |= {"state": "failed", "errors": [error]}
                continue
            items = [parameters.get("Identity")] if request.piped is None else request.piped
            for done, item in enumerate(items):
                if request.write and self.breaks and self.breaks[0] == done:
                    self.breaks.pop(0)
                    return json.dumps({**reply, "state": "unknown", "reason": "The connection broke.", "memory": {}})
                try:
                    self._one(name, item, parameters, reply, request.members)
                except Refusal as refusal:
                    reply["errors"].append({"id": refusal.args[1], "message": refusal.args[0]})
                    if refusal.ends:
                        reply["state"] = "failed"
                        break
        memory = {"host": "ex01.contoso.test", "inventory_hostname": "ex01"}
        return json.dumps({**reply, "memory": memory})

    def _one(
        self, name: str, item: str | None, parameters: dict[str, Any], reply: dict[str, Any], members: list[str]
    ) -> None:
        found = {account: box for account, box in self.mailboxes.items() if item is None or self._is(account, item)}
        if name == "Get-User":
            self._users(found, parameters, reply, members)
            return
        if "Filter" in parameters:
            member, _, value = parameters["Filter"].split()
            found = {account: box for account, box in found.items() if box[member] is (value == "$true")}
        if not found and item is not None:
            raise Refusal(f"The object '{item}' couldn't be found.", NOT_FOUND)
        several = item is not None and len(found) > 1
        if name.startswith("Get-"):
            if self.unreadable and self.asked("Set-CASMailbox"):
                for account in found.keys() & self.unreadable.keys():
                    raise self.unreadable_after("The mailbox cannot be read.", self.unreadable[account])
            shown = [{key: box[key] for key in members if key in box} for box in found.values()]
            reply["output"] += {"error": [], "one": shown[:1]}.get(self.ambiguous, shown) if several else shown
            if several and self.ambiguous != "all":
                raise Refusal(f"'{item}' matches multiple entries.", AMBIGUOUS)
            return
        if several:
            raise Refusal(f"'{item}' matches multiple entries.", AMBIGUOUS)
        ((account, box),) = found.items()
        when, kind = self.fails.get(account, ("", Refusal))
        if account in self.locked:
            raise Refusal("Insufficient access rights.", "1082ECE3,Set-CASMailbox")
        if when == "before":
            raise kind(f"{account} is busy.", "1082ECE3,Set-CASMailbox")
        box.update(parameters)
        if when == "after":
            raise kind(f"{account} is busy.", "1082ECE3,Set-CASMailbox")

    def _users(
        self, found: dict[str, dict[str, Any]], parameters: dict[str, Any], reply: dict[str, Any], members: list[str]
    ) -> None:
        for account, box in found.items():
            # Each domain has its own numbers: those of a child are another one's.
            sid = f"{DOMAIN_SID}{box['DistinguishedName'].count('DC=')}-{self.rids.get(account, 1103)}"
            if parameters.get("Filter", f"Sid -eq '{sid}'") != f"Sid -eq '{sid}'":
                continue
            user = {"Sid": {"$text": sid}, "Guid": box.get("Guid"), "DistinguishedName": box.get("DistinguishedName")}
            reply["output"].append({key: self.users.get(key, user[key]) for key in members})

    def _is(self, account: str, name: str) -> bool:
        box = self.mailboxes[account]
        names = [box.get("Guid"), box["Name"], account, box.get("DistinguishedName"), box["Identity"]["$text"]]
        names += [self.aliases[account], f"CONTOSO\\{account}"]
        names += [address.partition(":")[2] for address in box["EmailAddresses"]]
        return name.casefold() in {str(one).casefold() for one in names if one}


@pytest.fixture
def host() -> MailboxHost:
    return MailboxHost("anna", "bert", "cleo", "dora")


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What modules warn of; Ansible itself keeps warnings for as long as the process lives."""
    warned: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _, text: warned.append(text))
    return warned


OFF = {"pop_enabled": False}


def test_only_what_differs_is_written_and_a_second_run_writes_nothing(host):
    host.mailboxes["bert"]["PopEnabled"] = False
    options = {"identities": ["anna@contoso.test", "bert@contoso.test"], **OFF}
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
    assert "the ceiling is 0, so nothing was written" in host.run({**options, "max_changes": 0})["msg"]
    assert host.writes == []
    assert host.run({**options, "max_changes": 4})["changed"] is True


def test_administrator_and_health_mailboxes_are_not_enabled_by_filter_or_exclusive(host, warned):
    host.add("HealthMailbox1", PopEnabled=False)
    host.mailboxes["Administrator"]["PopEnabled"] = False
    result = host.run({"filter": "PopEnabled -eq $false", "pop_enabled": True})
    assert result["changed"] is False
    (warning,) = warned
    assert warning.startswith("administrator@contoso.test, healthmailbox1@contoso.test: left alone")
    host.run({"identities": ["Administrator"], "pop_enabled": True, "exclusive": True})
    assert "Administrator" not in host.enabled()
    host.run({"identities": ["Administrator"], "pop_enabled": True})
    assert "Administrator" in host.enabled()
    assert "given access, to no avail" in warned[-1]


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


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("ambiguous", ["all", "error", "one"])
@pytest.mark.parametrize("name", ["Twin Person", "CONTOSO\\twin1", "twin2@contoso.test"])
def test_what_several_mailboxes_answer_to_ends_the_task(host, name, ambiguous, exclusive):
    """Even beside the address of one of them, which Exchange answers as it should."""
    host.add("twin1", "Twin Person")
    host.add("twin2", "Twin Person", alias="CONTOSO\\twin1")
    # Somebody logs on by the other one's address: it is an address of one mailbox alone, but two are called so.
    host.aliases["dora"] = "twin2@contoso.test"
    host.ambiguous = ambiguous
    options = {"identities": ["twin1@contoso.test", "anna@contoso.test", name], "pop_enabled": exclusive}
    result = host.run({**options, **({"exclusive": True} if exclusive else {})})
    if exclusive and name == "twin2@contoso.test":
        # All mailboxes are at hand, and one of them has this address.
        assert result["matched"] == 3
        return
    several = "2 mailboxes, " if ambiguous == "all" else "more than one mailbox; give an address."
    assert f"identities: {name!r} means {several}" in result["msg"]
    assert (result["failed"], host.writes) == (True, [])


@pytest.mark.parametrize("ambiguous", ["all", "error", "one"])
@pytest.mark.parametrize("identities", [["info"], ["anna@contoso.test", "INFO"]])
def test_a_name_is_asked_for_though_one_mailbox_has_it(host, identities, ambiguous):
    host.add("office", "Info")
    host.add("sales", alias="info")
    host.ambiguous = ambiguous
    result = host.run({"identities": identities, "pop_enabled": True, "exclusive": True})
    assert f"identities: {identities[-1]!r} means" in result["msg"]
    assert host.writes == []


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_an_error_of_the_reading_cmdlet_ends_the_task(host, state):
    def invoke(text):
        reply = json.loads(host.invoke(text))
        if "bert@contoso.test" in str(json.loads(text)):
            reply["errors"].append({"id": "X", "message": "The server is busy"})
            reply["state"] = state
        return json.dumps(reply)

    names = [f"{name}@contoso.test" for name in ("anna", "bert", "cleo", "dora")]
    result = run_module("cas_mailbox", {"identities": names, **OFF}, invoke)
    assert result["msg"] == "Get-CASMailbox failed: The server is busy."
    assert host.writes == []


def test_of_many_addresses_only_the_wrong_ones_are_asked_for_alone(host):
    names = []
    for number in range(200):
        host.add(f"user{number}")
        names.append(f"user{number}@contoso.test")
    host.aliases["anna"], host.ambiguous = names[77], "one"
    result = host.run({"identities": ["user3@old.test", "nobody@contoso.test", *names], **OFF})
    assert "'nobody@contoso.test' is no mailbox" in result["msg"]
    assert f"{names[77]!r} means more than one mailbox; give an address" in result["msg"]
    alone = [parameters["Identity"] for parameters, piped in host.asked("Get-CASMailbox") if piped is None]
    assert sorted(alone) == ["nobody@contoso.test", "user3@old.test", names[77]]
    assert len(host.asked("Get-CASMailbox")) < 25


def test_two_names_of_one_mailbox_are_one(host):
    names = ["anna@contoso.test", "anna@old.test", host.mailboxes["anna"]["Guid"], "Anna", "bert@contoso.test"]
    result = host.run({"identities": names, **OFF, "max_changes": 2})
    assert (result["matched"], result["mailboxes"]) == (2, ["anna@contoso.test", "bert@contoso.test"])
    assert host.writes == [["anna", "bert"]]


NO_GUID = [None, "", "00000000-0000-0000-0000-000000000000", "System.Guid", {"$text": "System.Guid"}, [], 5, "missing"]


def spoil(host, member, value, *accounts):
    for account in accounts or list(host.mailboxes):
        if value == "missing":
            del host.mailboxes[account][member]
        else:
            host.mailboxes[account][member] = value


@pytest.mark.parametrize("value", NO_GUID, ids=str)
@pytest.mark.parametrize("accounts", [(), ("anna", "cleo")], ids=["all", "some"])
def test_without_a_guid_the_distinguished_name_tells_mailboxes_apart(host, value, accounts):
    for name in ("anna", "bert"):
        host.mailboxes[name]["PopEnabled"] = False
    spoil(host, "Guid", value, *accounts)
    options = {"identities": ["anna@contoso.test", "Bert", "cleo@contoso.test"], **OFF}
    predicted = host.run(options, check=True)
    assert host.writes == []
    result = host.run(options)
    assert (result["changed"], result["matched"], result["mailboxes"]) == (True, 3, ["cleo@contoso.test"])
    assert (predicted["diff"], host.writes) == (result["diff"], [["cleo"]])
    assert host.run(options)["changed"] is False
    only = {"identities": ["anna@contoso.test", "bert@contoso.test"], "pop_enabled": True, "exclusive": True}
    assert host.run(only)["matched"] == 2
    assert host.enabled() == {"anna", "bert"}
    assert host.run(only)["changed"] is False


@pytest.mark.parametrize("choice", [{"identities": ["anna@contoso.test", "Bert"]}, {"filter": "PopEnabled -eq $true"}])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize(
    ("guid", "place", "told"),
    [
        ("5F1A3D60-7c2e-4b8a-9d41-000000000001", None, "shows the same GUID 5f1a3d60-7c2e-4b8a-9d41-000000000001 for "),
        (None, "CN=A,DC=contoso,DC=test", "shows the same distinguished name cn=a,dc=contoso,dc=test for "),
        (None, "", "it came as {'Guid': None, 'PrimarySmtpAddress': {'$text': "),
        ({"$text": "x"}, "Anna", "it came as {'Guid': {'$text': 'x'}, 'PrimarySmtpAddress': {'$text': "),
    ],
)
def test_mailboxes_that_cannot_be_told_apart_end_the_task(host, choice, exclusive, guid, place, told):
    spoil(host, "Guid", guid)
    if place is not None:
        spoil(host, "DistinguishedName", place)
    extra = {"pop_enabled": True, "exclusive": True} if exclusive else OFF
    result = host.run({**choice, **extra})
    assert told in result["msg"]
    assert "nothing was written" in result["msg"]
    assert (result["failed"], host.asked("Set-CASMailbox")) == (True, [])


@pytest.mark.parametrize("answer", ["Microsoft.Exchange.Data.Directory.Management.CASMailbox", None, 5, []])
def test_an_answer_that_is_no_mailbox_ends_the_task(host, answer):
    def invoke(text):
        reply = json.loads(host.invoke(text))
        if "Get-CASMailbox" in text:
            reply["output"] = [answer]
        return json.dumps(reply)

    result = run_module("cas_mailbox", {"identities": ["anna@contoso.test"], **OFF}, invoke)
    assert "neither a GUID nor a distinguished name" in result["msg"]
    assert str(answer) in result["msg"]


def test_exclusive_takes_nothing_if_who_is_meant_is_not_among_all_mailboxes(host):
    def invoke(text):
        reply = json.loads(host.invoke(text))
        if "ResultSize" in text:
            for found in reply["output"]:
                found.pop("Guid", None)
        return json.dumps(reply)

    result = run_module("cas_mailbox", {"identities": ["Anna"], "pop_enabled": True, "exclusive": True}, invoke)
    assert "exclusive: anna@contoso.test: found, but not among all mailboxes" in result["msg"]
    assert host.asked("Set-CASMailbox") == []


def test_a_member_that_a_later_mailbox_lacks_is_told_before_anything_is_written(host):
    del host.mailboxes["cleo"]["PopEnabled"]
    result = host.run({"identities": ["Anna", "Cleo"], **OFF})
    assert "the settings of cleo@contoso.test have no PopEnabled" in result["msg"]
    assert host.writes == []


EVERYBODY = {"filter": "PopEnabled -eq $false", "pop_enabled": True}


def closed(host):
    for box in host.mailboxes.values():
        box["PopEnabled"] = False


@pytest.mark.parametrize("name", ["Администратор", "xadmin", "CONTOSO\\xadmin", None, ["x"]], ids=str)
def test_the_administrator_is_known_by_his_number(host, warned, name):
    host.rids = {"anna": 500}
    host.mailboxes["anna"]["SamAccountName"] = name
    closed(host)
    host.run(EVERYBODY)
    # Whoever is called Administrator without being it may have access.
    assert host.enabled() == {"Administrator", "bert", "cleo", "dora"}
    assert ["anna@contoso.test: left alone" in warning for warning in warned] == [True]
    assert len(host.asked("Get-User")) == 2
    assert host.run(EVERYBODY)["changed"] is False
    closed(host)
    assert host.run({"identities": ["Anna"], "pop_enabled": True})["changed"] is True
    assert host.run({"identities": ["Bert", "Anna"], "pop_enabled": True, "exclusive": True})["matched"] == 2
    assert host.enabled() == {"anna", "bert"}, "exclusive neither gives him access nor takes what he is meant to have"


def test_each_domain_has_its_administrator_and_is_asked_once(host):
    host.rids = {"Administrator": 500, "boss": 500}
    for account in ("eve", "boss"):
        host.add(account, DistinguishedName=f"CN={account}\\,DC=x,OU=People,DC=sales,DC=contoso,DC=test")
    closed(host)
    host.run(EVERYBODY)
    assert host.enabled() == {"anna", "bert", "cleo", "dora", "eve"}
    # The first one of the forest's own domain is its administrator.
    assert [next(iter(parameters)) for parameters, _ in host.asked("Get-User")] == ["Identity", "Identity", "Filter"]


def test_nobody_is_asked_for_where_nobody_gets_access(host):
    assert host.run({"filter": "PopEnabled -eq $true", **OFF})["changed"] is True
    assert host.asked("Get-User") == []


@pytest.mark.parametrize(
    ("users", "reason"),
    [
        (None, "Get-User is not granted to this user by RBAC"),
        ({"Sid": None}, "Get-User shows no SID of an account of a domain: None."),
        ({"Sid": {"$text": "System.Security.Principal.SecurityIdentifier"}}, "Get-User shows no SID"),
        ({"Sid": "S-1-5-32-544"}, "Get-User shows no SID"),
        ({"Guid": None, "DistinguishedName": None}, "something else than the account with the SID S-1-5-21-1111-"),
        ({"Sid": "S-1-5-21-1-2-3-1103"}, "Get-User answered with 0 accounts instead of one."),
    ],
)
def test_by_name_where_the_number_cannot_be_had(host, warned, users, reason):
    if users is None:
        host.withheld = {"Get-User"}
    else:
        host.users = users
    host.mailboxes["anna"]["SamAccountName"] = "CONTOSO\\Administrateur"
    closed(host)
    host.run(EVERYBODY)
    assert host.enabled() == {"bert", "cleo", "dora"}
    left_alone, warning = warned
    assert "administrator@contoso.test, anna@contoso.test: left alone" in left_alone
    assert warning.startswith(
        "contoso.test: which account has the RID 500 cannot be told, so its Administrator is left"
    )
    assert reason in warning
    warned.clear()
    host.run({"identities": ["Administrator"], "pop_enabled": True})
    assert ["to no avail" in warning for warning in warned] == [True], "nobody relies on it there"


@pytest.mark.parametrize("value", [None, "", ["x"], {"$text": "System.Object[]"}, "CONTOSO\\"], ids=str)
def test_who_can_neither_be_told_by_number_nor_by_name_ends_the_task(host, value):
    host.withheld = {"Get-User"}
    closed(host)
    spoil(host, "SamAccountName", value, "anna")
    result = host.run(EVERYBODY)
    assert result["msg"].startswith(f"anna@contoso.test: its SamAccountName came as {value!r}, so it cannot be told")
    assert host.writes == []
    # Named by the user, he is not protected anyway.
    assert host.run({"identities": ["Anna"], "pop_enabled": True})["changed"] is True


PIPED = ["anna", "bert", "cleo", "dora"]


@pytest.mark.parametrize("kind", [Refusal, End])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("culprits", [["anna"], ["bert"], ["dora"], ["anna", "bert"], ["bert", "dora"], PIPED], ids=str)
def test_each_mailbox_speaks_for_itself(host, culprits, when, kind):
    host.fails = dict.fromkeys(culprits, (when, kind))
    result = host.run({"identities": PIPED, **OFF})
    failing = culprits if when == "before" else []
    right = [account for account in PIPED if account not in failing]
    assert host.enabled() == {"Administrator", *failing}
    assert result["changed"] is bool(right)
    assert sorted(result["mailboxes"]) == sorted(result["diff"]["after"]) == [f"{one}@contoso.test" for one in right]
    assert result["failed_mailboxes"] == [
        {"mailbox": f"{one}@contoso.test", "message": f"Set-CASMailbox failed: {one} is busy."} for one in failing
    ]
    assert ("failed" in result) is bool(failing)
    host.fails.clear()
    assert host.run({"identities": PIPED, **OFF})["changed"] is bool(failing)


@pytest.mark.parametrize("before", [["anna"], ["anna", "bert"]], ids=str)
def test_errors_of_others_before_the_one_that_ends_the_pipeline(host, before):
    host.locked, host.fails = {*before}, {"cleo": ("before", End)}
    result = host.run({"identities": [*PIPED, "Administrator"], **OFF})
    assert host.enabled() == {*before, "cleo"}
    told = {one["mailbox"].partition("@")[0]: one["message"] for one in result["failed_mailboxes"]}
    assert told == dict.fromkeys(before, "Set-CASMailbox failed: Insufficient access rights.") | {
        "cleo": "Set-CASMailbox failed: cleo is busy."
    }
    assert host.writes[-1] == ["dora", "Administrator"][-len(host.writes[-1]) :]


def test_errors_that_are_not_one_for_each_are_told_of_whom_they_are(host):
    host.locked, host.fails = {"bert"}, {"anna": ("after", Refusal)}
    result = host.run({"identities": PIPED, **OFF})
    assert result["failed_mailboxes"] == [
        {"mailbox": "bert@contoso.test", "message": "Set-CASMailbox failed: Insufficient access rights."}
    ]
    assert host.writes == [PIPED, ["bert"]]


@pytest.mark.parametrize("batch_size", [7, 500])
def test_the_rest_is_told_as_not_tried_if_each_ends_the_pipeline(host, batch_size):
    names = [f"user{number}" for number in range(60)]
    for name in names:
        host.add(name)
    host.fails = dict.fromkeys(names, ("before", End))
    result = host.run({"identities": names, **OFF, "batch_size": batch_size})
    told = [one["message"] for one in result["failed_mailboxes"]]
    assert told[:20] == [f"Set-CASMailbox failed: {name} is busy." for name in names[:20]]
    assert set(told[20:]) == {
        "It was not tried, because each of the 20 mailboxes before it ended Set-CASMailbox altogether."
    }
    assert (len(told), result["changed"], result["mailboxes"]) == (60, False, [])
    assert len(host.writes) < 50


@pytest.mark.parametrize("number", [1, 3, 40])
def test_every_other_mailbox_ends_the_pipeline(host, number):
    names = [f"user{number:02}" for number in range(2 * number)]
    for name in names:
        host.add(name)
    host.fails = dict.fromkeys(names[::2], ("before", End))
    result = host.run({"identities": names, **OFF})
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == [f"{name}@contoso.test" for name in names[::2]]
    assert not host.enabled() & {*names[1::2]}
    assert len(host.writes) < 3 * number + 10


def test_what_cannot_be_read_back_is_told_and_nothing_more_is_written(host):
    host.unreadable, host.unreadable_after = {"anna": "X"}, End
    result = host.run({"identities": PIPED, **OFF, "batch_size": 2})
    read = "What is stored now cannot be read: Get-CASMailbox failed: The mailbox cannot be read."
    assert [one["message"] for one in result["failed_mailboxes"]] == [
        *[f"Set-CASMailbox gave no error. {read}"] * 2,
        *["It was not tried, because what was written before it cannot be read back."] * 2,
    ]
    assert (result["changed"], result["mailboxes"], host.writes) == (True, [], [["anna", "bert"]])


@pytest.mark.parametrize("fails", [True, False])
def test_one_mailbox_that_cannot_be_read_back(host, fails):
    host.unreadable = {"anna": NOT_FOUND}
    host.fails = {"anna": ("before", Refusal)} if fails else {}
    result = host.run({"identities": ["anna", "bert"] if not fails else ["anna"], **OFF})
    (told,) = result["failed_mailboxes"]
    assert told["mailbox"] == "anna@contoso.test"
    said = "Set-CASMailbox failed: anna is busy." if fails else "Set-CASMailbox gave no error."
    assert told["message"] == f"{said} Get-CASMailbox did not find the object: The mailbox cannot be read."
    assert result["changed"] is not fails
    assert result["mailboxes"] == ([] if fails else ["bert@contoso.test"])


def test_rbac_that_changes_between_two_batches_leaves_told_what_moved(host):
    def tell(_):
        host.withheld = {"Set-CASMailbox"}

    options = {"identities": PIPED, **OFF, "batch_size": 3}
    result = run_module("cas_mailbox", options, host.invoke, tell=tell)
    assert "not granted to this user by RBAC" in result["msg"]
    assert (result["changed"], result["mailboxes"]) == (True, [f"{name}@contoso.test" for name in PIPED[:3]])
    assert sorted(result["diff"]["after"]) == result["mailboxes"]


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
