"""cas_mailbox: which mailboxes it means, what it writes, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from in_process import ABSENT, InProcessHost, Put, element
from module_runner import run_module

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request, Unreadable
from exchange_simulator.engine import Result
from exchange_simulator.mailboxes import Mailbox, domain_sid

MODULE = "cas_mailbox"
GET, SET, GET_USER = "Get-CASMailbox", "Set-CASMailbox", "Get-User"
DOMAIN = domain_sid("contoso.test")
DENIED = (
    "Set-CASMailbox failed: Active Directory operation failed on DC1.contoso.test. This error is not retriable. "
    "Additional information: Insufficient access rights to perform the operation. Active directory response: 00002098: "
    "SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0."
)


def busy(name: str, cmdlet: str = SET) -> str:
    return (
        f"{cmdlet} failed: Active Directory operation failed on DC1.contoso.test. The object "
        f"'CN={name},CN=Users,DC=contoso,DC=test' is busy."
    )


def unchecked_and_busy(name: str, unchecked: str = "") -> str:
    """The two sentences of a mailbox that fails with more than one error."""
    place = f"CN={name},CN=Users,DC=contoso,DC=test"
    return f"Set-CASMailbox failed: The object '{place}' could not be checked{unchecked}. {busy(name)}"


class MailboxHost(InProcessHost):
    """A server of an organisation with the mailboxes of the Administrator and a few others, known by their aliases."""

    def __init__(self, release: str = "SE", **options: Any) -> None:
        super().__init__(release, mailbox_user="anna", **options)
        for alias in ("bert", "cleo", "dora"):
            self.add(alias)
        self.breaks: list[int] = []
        """Once each: the answer to a write is lost after so many of its mailboxes were written."""

    def add(self, alias: str, name: str | None = None, **more: Any) -> Mailbox:
        return self.organisation.mailboxes.add(name or alias.capitalize(), alias, **more)

    @property
    def mailboxes(self) -> dict[str, Mailbox]:
        """Those that Exchange shows."""
        return {one.alias: one for one in self.organisation.mailboxes if not one.is_monitoring}

    def store(self, *aliases: str, **values: Any) -> None:
        for alias in aliases:
            self.administer(SET, Identity=f"{alias}@contoso.test", **values)

    def close(self) -> None:
        self.store(*self.mailboxes, PopEnabled=False)

    def enabled(self, protocol: str = "pop3") -> set[str]:
        return {alias for alias, mailbox in self.mailboxes.items() if mailbox.allows(protocol)}

    def asked_for(self, cmdlet: str) -> list[dict[str, Any]]:
        """The parameters of each call, without the controller that all have."""
        return [{k: v for k, v in asked.items() if k != "DomainController"} for asked in self.asked(cmdlet)]

    @property
    def batches(self) -> list[list[str]]:
        """The aliases of each batch that was written."""
        aliases = {
            key: alias
            for alias, mailbox in self.mailboxes.items()
            for key in (str(mailbox.guid), mailbox.distinguished_name)
        }
        return [[aliases[key] for key in call.piped or ()] for call in self.calls if call.cmdlet == SET]

    def _perform(self, request: Request) -> Result:
        if request.cmdlet == SET and self.breaks:
            request = replace(request, piped=(request.piped or ())[: self.breaks.pop(0)])
        return super()._perform(request)


@pytest.fixture
def host() -> MailboxHost:
    return MailboxHost()


OFF = {"pop_enabled": False}


def test_only_what_differs_is_written_and_a_second_run_writes_nothing(host):
    host.store("bert", PopEnabled=False)
    options = {"identities": ["anna@contoso.test", "bert@contoso.test"], **OFF}
    result = host.run(MODULE, options)
    assert result["changed"] is True
    assert host.batches == [["anna"]]
    assert result["mailboxes"] == ["anna@contoso.test"]
    assert result["matched"] == 2
    assert result["diff"]["before"] == {"anna@contoso.test": {"pop_enabled": True}}
    assert result["diff"]["after"] == {"anna@contoso.test": {"pop_enabled": False}}
    assert result["cmdlets"] == [{"cmdlet": "Set-CASMailbox", "parameters": {"PopEnabled": False}, "piped": 1}]
    assert len(host.asked(GET)) == 2, "once to compare, once to see that the write stuck"
    again = host.run(MODULE, options)
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"] == {}
    assert len(host.batches) == 1


def test_check_mode_predicts_and_writes_nothing(host):
    options = {"filter": "PopEnabled -eq $true", "imap_enabled": False, "batch_size": 2}
    predicted = host.run(MODULE, options, check=True)
    assert host.batches == []
    done = host.run(MODULE, options)
    for key in ("changed", "diff", "mailboxes", "matched", "cmdlets", "failed_mailboxes"):
        assert predicted[key] == done[key], key
    assert [len(batch) for batch in host.batches] == [2, 2, 1]


FORMS = [
    "address", "principal_name", "alias", "account", "name", "distinguished_name", "canonical_name", "legacy_name",
    "guid", "with_domain",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("exclusive", [False, True])
def test_every_form_of_an_identity(host, form, exclusive):
    eva = host.add("eva", "Eva Maria", account="emaria")
    identity = "contoso\\emaria" if form == "with_domain" else str(getattr(eva, form)).swapcase()
    access = {"pop_enabled": True, "exclusive": True} if exclusive else {"pop_enabled": False}
    assert host.run(MODULE, {"identities": [identity], **access})["changed"] is True
    assert host.enabled() == ({"eva"} if exclusive else host.mailboxes.keys() - {"eva"})


def test_exclusive_reads_everything_once_and_gives_and_takes(host):
    host.store("anna", "bert", PopEnabled=False)
    host.add("probe")
    host.add("healthmailbox1")
    # Exchange is thought to show these to nobody but who asks for -Monitoring.
    host.shapes[GET] = Put({"DistinguishedName": "CN=Probe,CN=Monitoring Mailboxes,DC=contoso,DC=test"}, of="Probe")
    options = {"identities": ["anna@contoso.test"], "pop_enabled": True, "exclusive": True}
    result = host.run(MODULE, options)
    assert host.enabled() == {"anna", "probe", "healthmailbox1"}
    assert host.enabled("imap4") == host.mailboxes.keys()
    assert host.asked_for(GET) == [{"ResultSize": "unlimited"}, {}, {}]
    assert sorted(map(sorted, host.batches)) == [["administrator", "cleo", "dora"], ["anna"]]
    assert result["matched"] == 1
    assert host.run(MODULE, options)["changed"] is False


def test_exclusive_by_filter(host):
    host.store("anna", ImapEnabled=False)
    host.run(MODULE, {"filter": "ImapEnabled -eq $false", "pop_enabled": True, "exclusive": True})
    assert host.enabled() == {"anna"}


def test_the_ceiling_stops_before_the_first_write_and_lists_what_would_have_changed(host):
    options = {"identities": ["anna"], "pop_enabled": True, "exclusive": True, "max_changes": 3}
    for check in (True, False):
        result = host.run(MODULE, options, check=check)
        assert result["msg"] == (
            "max_changes: 4 mailboxes would change, but the limit is 3, so nothing was written: "
            "administrator@contoso.test, bert@contoso.test, cleo@contoso.test, dora@contoso.test."
        )
        assert result["changed"] is False
        assert len(result["mailboxes"]) == 4
    assert "the limit is 0, so nothing was written" in host.run(MODULE, {**options, "max_changes": 0})["msg"]
    assert host.batches == []
    assert host.run(MODULE, {**options, "max_changes": 4})["changed"] is True


def test_administrator_and_health_mailboxes_are_not_enabled_by_filter_or_exclusive(host, warned):
    host.add("HealthMailbox1")
    host.store("healthmailbox1", "administrator", PopEnabled=False)
    result = host.run(MODULE, {"filter": "PopEnabled -eq $false", "pop_enabled": True})
    assert result["changed"] is False
    (warning,) = warned
    assert warning.startswith("administrator@contoso.test, HealthMailbox1@contoso.test: skipped")
    host.run(MODULE, {"identities": ["Administrator"], "pop_enabled": True, "exclusive": True})
    assert "administrator" not in host.enabled()
    host.run(MODULE, {"identities": ["Administrator"], "pop_enabled": True})
    assert "administrator" in host.enabled()
    assert "given access without effect" in warned[-1]


def test_a_mailbox_that_fails_does_not_stop_the_others(host):
    for alias in ("bert", "dora"):
        host.fault("mailbox_protected", mailbox=alias)
    result = host.run(MODULE, {"identities": ["anna", "bert", "cleo", "dora"], **OFF, "batch_size": 3})
    assert host.enabled() == {"administrator", "bert", "dora"}
    assert result["failed"] is True
    assert result["changed"] is True
    assert result["msg"] == (f"2 of 4 mailboxes could not be changed. bert@contoso.test, dora@contoso.test: {DENIED}")
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == ["bert@contoso.test", "dora@contoso.test"]
    assert host.told == [], "nobody waits for so few"


def test_who_waits_long_is_told_how_far_it_has_come(host):
    names = [host.add(f"user{number}").address for number in range(56)]
    host.slow = 3
    host.fault("mailbox_protected", mailbox="user3")
    host.run(MODULE, {"identities": [*names, "anna", "bert", "cleo", "dora"], **OFF, "batch_size": 20})
    # 56 by their addresses in one call, the four aliases in one call each.
    reading = [
        "57 of 60 mailboxes read (95 %), 10 a second, about 1 second left",
        "59 of 60 mailboxes read (98 %), 5 a second, about 1 second left",
        "60 of 60 mailboxes read (100 %), 4 a second",
    ]
    # Each batch is written and read back, and what fails once more by itself.
    written = [
        "19 of 60 mailboxes written (31 %), 3 a second, about 13 seconds left",
        "20 of 60 mailboxes written (33 %), 2 a second, about 24 seconds left, 1 failed",
        "40 of 60 mailboxes written (66 %), 2 a second, about 9 seconds left, 1 failed",
        "60 of 60 mailboxes written (100 %), 2 a second, 1 failed",
    ]
    assert host.told == reading + written


def test_one_long_answer_is_waited_for_audibly(host):
    host.slow = 17
    options = {"filter": "PopEnabled -eq $true", **OFF}
    host.run(MODULE, options, check=True)
    assert host.told == [f"reading mailboxes, which come in one answer, for {n} seconds now" for n in (5, 10, 15)]


def test_check_mode_does_not_tell_of_writing(host):
    host.slow = 30
    host.run(MODULE, {"identities": ["anna", "bert"], **OFF}, check=True)
    assert not any("written" in line for line in host.told)


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_lost_answer_is_read_back_and_only_the_rest_is_written_again(host, done):
    host.lost, host.breaks = [(SET, True)], [done]
    result = host.run(MODULE, {"identities": ["anna", "bert", "cleo"], **OFF})
    assert result["changed"] is True
    assert "failed" not in result
    assert host.batches == [["anna", "bert", "cleo"], ["anna", "bert", "cleo"][done:]]


def test_two_lost_answers_are_reported(host):
    host.lost, host.breaks = [(SET, True)] * 2, [1, 1]
    result = host.run(MODULE, {"identities": ["anna", "bert", "cleo"], **OFF})
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == ["cleo@contoso.test"]
    assert "; it had no effect: The connection broke." in result["msg"]
    assert len(host.batches) == 2


def test_what_had_moved_before_nothing_could_be_read_any_more_is_reported_as_moved(host):
    def once_more():
        host.afterwards[SET] = lambda: host.fault("mailbox_unreadable", mailbox="bert", ends_pipeline=True)

    host.lost, host.breaks = [(SET, True)], [1]
    host.afterwards[SET] = once_more
    result = host.run(MODULE, {"identities": ["anna", "bert", "cleo"], **OFF})
    assert host.batches == [["anna", "bert", "cleo"], ["bert", "cleo"]]
    assert (result["changed"], result["mailboxes"]) == (True, ["anna@contoso.test"])
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == ["bert@contoso.test", "cleo@contoso.test"]


def test_rbac_without_the_cmdlet_ends_the_task_at_once(host):
    host.fault("rbac_without", cmdlet=SET)
    result = host.run(MODULE, {"filter": "PopEnabled -eq $true", **OFF, "batch_size": 1})
    assert "Set-CASMailbox is not granted to this user by RBAC" in result["msg"]
    assert result["changed"] is False
    assert len(host.asked(SET)) == 1


def test_own_settings_need_the_defaults_switched_off(host):
    plain = {"identities": ["anna", "bert"], "pop_messages_retrieval_mime_format": "textonly"}
    host.store("bert", PopUseProtocolDefaults=False)
    assert host.run(MODULE, plain)["msg"] == (
        "pop_messages_retrieval_mime_format: it has an effect only with pop_use_protocol_defaults: false, which is not "
        "so for anna@contoso.test; set that option too."
    )
    assert host.batches == []
    both = {**plain, "pop_use_protocol_defaults": False}
    assert host.run(MODULE, both)["changed"] is True
    assert {"PopMessagesRetrievalMimeFormat": "TextOnly"} in host.asked_for(SET)
    assert host.run(MODULE, plain)["changed"] is False
    # What is stored beside the defaults counts for nothing: switching them off writes it again.
    host.store("anna", PopUseProtocolDefaults=True)
    assert host.run(MODULE, both)["diff"]["after"]["anna@contoso.test"] == {
        "pop_use_protocol_defaults": False,
        "pop_messages_retrieval_mime_format": "TextOnly",
    }


def test_the_difference_of_very_many_mailboxes_is_bounded(host):
    for number in range(150):
        host.add(f"user{number}")
    result = host.run(MODULE, {"filter": "PopEnabled -eq $true", **OFF})
    assert len(result["mailboxes"]) == 155
    assert len(result["diff"]["after"]) == 101
    assert result["diff"]["before"]["(not shown)"] == "55 more mailboxes"


AMBIGUOUS = {"all": None, "error": {}, "one": {"shows_one": True}}


def answer_ambiguous(host, how):
    """What a name of several is answered with: all of them, an error, or one and an error."""
    if AMBIGUOUS[how] is not None:
        host.fault("ambiguous_name_refused", **AMBIGUOUS[how])


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("ambiguous", AMBIGUOUS)
@pytest.mark.parametrize("name", ["Twin Person", "CONTOSO\\twin1", "twin2@contoso.test"])
def test_what_several_mailboxes_answer_to_ends_the_task(host, name, ambiguous, exclusive):
    """Even beside the address of one of them, which Exchange answers as it should."""
    host.add("twin1", "Twin Person")
    host.add("twin2", "Twin Person")
    host.add("third", account="twin1", domain="contoso.sales.test")
    # Somebody logs on by the other one's address: it is an address of one mailbox alone, but two are called so.
    host.add("fourth", account="twin2")
    answer_ambiguous(host, ambiguous)
    options = {"identities": ["twin1@contoso.test", "anna@contoso.test", name], "pop_enabled": exclusive}
    result = host.run(MODULE, {**options, **({"exclusive": True} if exclusive else {})})
    if exclusive and name == "twin2@contoso.test":
        # All mailboxes are at hand, and one of them has this address.
        assert result["matched"] == 3
        return
    several = "2 mailboxes, " if ambiguous == "all" else "more than one mailbox; use an address."
    assert f"identities: {name!r} means {several}" in result["msg"]
    assert (result["failed"], host.batches) == (True, [])


@pytest.mark.parametrize("ambiguous", AMBIGUOUS)
@pytest.mark.parametrize("identities", [["info"], ["anna@contoso.test", "INFO"]])
def test_a_name_is_asked_for_though_one_mailbox_has_it(host, identities, ambiguous):
    host.add("office", "Info")
    host.add("info", "Sales")
    answer_ambiguous(host, ambiguous)
    result = host.run(MODULE, {"identities": identities, "pop_enabled": True, "exclusive": True})
    assert f"identities: {identities[-1]!r} means" in result["msg"]
    assert host.batches == []


def test_an_address_that_two_mailboxes_show_is_asked_for(host):
    host.shapes[GET] = Put({"PrimarySmtpAddress": "bert@contoso.test"}, of="Anna")
    host.run(MODULE, {"identities": ["bert@contoso.test"], "pop_enabled": True, "exclusive": True})
    assert host.enabled() == {"bert"}


@pytest.mark.parametrize("ends_pipeline", [False, True])
def test_an_error_of_the_reading_cmdlet_ends_the_task(host, ends_pipeline):
    host.fault("mailbox_unreadable", mailbox="bert", ends_pipeline=ends_pipeline)
    result = host.run(MODULE, {"identities": [f"{alias}@contoso.test" for alias in PIPED], **OFF})
    assert result["msg"] == busy("Bert", GET)
    assert host.batches == []


@pytest.mark.parametrize("ambiguous", ["one", "all"])
def test_of_many_addresses_only_the_wrong_ones_are_asked_for_alone(host, ambiguous):
    # The one that is shown is not the one whose address it is.
    host.add("alma", account="user77")
    host.add("eva", account="emaria")
    names = [host.add(f"user{number}").address for number in range(200)]
    answer_ambiguous(host, ambiguous)
    result = host.run(MODULE, {"identities": ["emaria@contoso.test", "nobody@contoso.test", *names], **OFF})
    assert "'nobody@contoso.test' is not a mailbox" in result["msg"]
    several = "more than one mailbox" if ambiguous == "one" else "2 mailboxes, "
    assert f"{names[77]!r} means {several}" in result["msg"]
    alone = [call.parameters["Identity"] for call in host.calls if call.cmdlet == GET and call.piped is None]
    # Nobody's mailbox could be on another controller than ours.
    wrong = ["emaria@contoso.test", *["nobody@contoso.test"] * 2, names[77]]
    # One object too many is looked for by halves, down to the last three.
    assert sorted(alone) == (wrong if ambiguous == "one" else [*wrong[:3], *names[75:78]])
    assert len(host.asked(GET)) < 25


def test_two_names_of_one_mailbox_are_one(host):
    eva = host.add("eva", "Eva Maria", account="emaria")
    names = [eva.address, eva.principal_name, str(eva.guid), eva.name, "bert@contoso.test"]
    result = host.run(MODULE, {"identities": names, **OFF, "max_changes": 2})
    assert (result["matched"], result["mailboxes"]) == (2, ["eva@contoso.test", "bert@contoso.test"])
    assert host.batches == [["eva", "bert"]]


NO_GUID = [None, "", "00000000-0000-0000-0000-000000000000", "System.Guid", {"$text": "System.Guid"}, [], 5, ABSENT]


def spoil(host, *names, **members):
    """Other values in the place of members of some mailboxes, or of all."""

    def shape(output):
        for name in names or [None]:
            output = Put(members, of=name)(output)
        return output

    host.shapes[GET] = shape


@pytest.mark.parametrize("value", NO_GUID, ids=repr)
@pytest.mark.parametrize("names", [(), ("Anna", "Cleo")], ids=["all", "some"])
def test_without_a_guid_the_distinguished_name_tells_mailboxes_apart(host, value, names):
    host.store("anna", "bert", PopEnabled=False)
    spoil(host, *names, Guid=value)
    options = {"identities": ["anna@contoso.test", "Bert", "cleo@contoso.test"], **OFF}
    predicted = host.run(MODULE, options, check=True)
    assert host.batches == []
    result = host.run(MODULE, options)
    assert (result["changed"], result["matched"], result["mailboxes"]) == (True, 3, ["cleo@contoso.test"])
    assert (predicted["diff"], host.batches) == (result["diff"], [["cleo"]])
    assert host.run(MODULE, options)["changed"] is False
    only = {"identities": ["anna@contoso.test", "bert@contoso.test"], "pop_enabled": True, "exclusive": True}
    assert host.run(MODULE, only)["matched"] == 2
    assert host.enabled() == {"anna", "bert"}
    assert host.run(MODULE, only)["changed"] is False


@pytest.mark.parametrize("choice", [{"identities": ["anna@contoso.test", "Bert"]}, {"filter": "PopEnabled -eq $true"}])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize(
    ("guid", "place", "told"),
    [
        ("5F1A3D60-7c2e-4b8a-9d41-000000000001", None, "shows the same GUID 5f1a3d60-7c2e-4b8a-9d41-000000000001 for "),
        (None, "CN=A,DC=contoso,DC=test", "shows the same distinguished name cn=a,dc=contoso,dc=test for "),
        (None, "", "was returned as {'Guid': None, 'PrimarySmtpAddress': 'a"),
        ({"$text": "x"}, "Anna", "was returned as {'Guid': {'$text': 'x'}, 'PrimarySmtpAddress': 'a"),
    ],
)
def test_mailboxes_that_cannot_be_told_apart_end_the_task(host, choice, exclusive, guid, place, told):
    spoil(host, Guid=guid, **({} if place is None else {"DistinguishedName": place}))
    extra = {"pop_enabled": True, "exclusive": True} if exclusive else OFF
    result = host.run(MODULE, {**choice, **extra})
    assert told in result["msg"]
    assert "nothing was written" in result["msg"]
    assert (result["failed"], host.asked(SET)) == (True, [])


@pytest.mark.parametrize("answer", ["Microsoft.Exchange.Data.Directory.Management.CASMailbox", None, 5, []])
def test_an_answer_that_is_no_mailbox_ends_the_task(host, answer):
    host.shapes[GET] = lambda _: [element(answer)]
    result = host.run(MODULE, {"identities": ["anna@contoso.test"], **OFF})
    assert "neither a GUID nor a distinguished name" in result["msg"]
    assert str(answer) in result["msg"]


def test_exclusive_takes_nothing_if_who_is_meant_is_not_among_all_mailboxes(host):
    without = Put({"Guid": ABSENT})
    host.shapes[GET] = lambda output: without(output) if "ResultSize" in host.asked(GET)[-1] else output
    result = host.run(MODULE, {"identities": ["Anna"], "pop_enabled": True, "exclusive": True})
    assert "exclusive: anna@contoso.test: found, but not among all mailboxes" in result["msg"]
    assert host.batches == []


def test_a_member_that_a_later_mailbox_lacks_is_told_before_anything_is_written(host):
    spoil(host, "Cleo", PopEnabled=ABSENT)
    result = host.run(MODULE, {"identities": ["Anna", "Cleo"], **OFF})
    assert "the settings of cleo@contoso.test have no PopEnabled" in result["msg"]
    assert host.batches == []


EVERYBODY = {"filter": "PopEnabled -eq $false", "pop_enabled": True}


@pytest.mark.parametrize("name", ["Администратор", "xadmin", "CONTOSO\\xadmin", None, ["x"]], ids=str)
def test_the_administrator_is_known_by_his_number(host, warned, name):
    host.organisation.mailboxes.administrators = {host.mailboxes["anna"].number}
    spoil(host, "Anna", SamAccountName=name)
    host.close()
    host.run(MODULE, EVERYBODY)
    # Whoever is called Administrator without being it may have access.
    assert host.enabled() == {"administrator", "bert", "cleo", "dora"}
    assert ["anna@contoso.test: skipped" in warning for warning in warned] == [True]
    assert len(host.asked(GET_USER)) == 2
    assert host.run(MODULE, EVERYBODY)["changed"] is False
    host.close()
    assert host.run(MODULE, {"identities": ["Anna"], "pop_enabled": True})["changed"] is True
    assert host.run(MODULE, {"identities": ["Bert", "Anna"], "pop_enabled": True, "exclusive": True})["matched"] == 2
    assert host.enabled() == {"anna", "bert"}, "exclusive neither gives him access nor takes what he is meant to have"


def test_each_domain_has_its_administrator_and_is_asked_once(host):
    for alias in ("eve", "boss"):
        # The comma of the name does not begin the domain.
        host.add(alias, f"{alias},DC=x", domain="sales.contoso.test", is_administrator=alias == "boss")
    host.close()
    host.run(MODULE, EVERYBODY)
    assert host.enabled() == {"anna", "bert", "cleo", "dora", "eve"}
    # The first one of the forest's own domain is its administrator.
    assert [next(iter(parameters)) for parameters in host.asked(GET_USER)] == ["Identity", "Identity", "Filter"]


def test_nobody_is_asked_for_where_nobody_gets_access(host):
    assert host.run(MODULE, {"filter": "PopEnabled -eq $true", **OFF})["changed"] is True
    assert host.asked(GET_USER) == []


@pytest.mark.parametrize(
    ("users", "reason"),
    [
        (None, "Get-User is not granted to this user by RBAC"),
        ({"Sid": None}, "Get-User shows no SID of an account of a domain: None."),
        ({"Sid": {"$text": "System.Security.Principal.SecurityIdentifier"}}, "Get-User shows no SID"),
        ({"Sid": "S-1-5-32-544"}, "Get-User shows no SID"),
        (
            {"Guid": None, "DistinguishedName": None},
            f"something other than the account with the SID {DOMAIN}-500",
        ),
        ({"Sid": "S-1-5-21-1-2-3-1103"}, "Get-User answered with 0 accounts instead of one."),
    ],
)
def test_by_name_where_the_number_cannot_be_had(host, warned, users, reason):
    if users is None:
        host.fault("rbac_without", cmdlet=GET_USER)
    else:
        host.shapes[GET_USER] = Put(users)
    spoil(host, "Anna", SamAccountName="CONTOSO\\Administrateur")
    host.close()
    host.run(MODULE, EVERYBODY)
    assert host.enabled() == {"bert", "cleo", "dora"}
    left_alone, warning = warned
    assert "administrator@contoso.test, anna@contoso.test: skipped" in left_alone
    assert warning.startswith(
        "contoso.test: which account has the RID 500 is not known, so its Administrator is skipped"
    )
    assert reason in warning
    warned.clear()
    host.run(MODULE, {"identities": ["Administrator"], "pop_enabled": True})
    assert ["without effect" in warning for warning in warned] == [True], "nobody relies on it there"


@pytest.mark.parametrize("value", [None, "", ["x"], {"$text": "System.Object[]"}, "CONTOSO\\"], ids=str)
def test_who_can_neither_be_told_by_number_nor_by_name_ends_the_task(host, value):
    host.fault("rbac_without", cmdlet=GET_USER)
    host.close()
    spoil(host, "Anna", SamAccountName=value)
    result = host.run(MODULE, EVERYBODY)
    came = Unreadable(value)
    assert result["msg"].startswith(
        f"anna@contoso.test: its SamAccountName was returned as {came}, so it cannot be distinguished"
    )
    assert result["unreadable"] == {"SamAccountName": came.shape}
    assert host.batches == []
    # Named by the user, he is not protected anyway.
    assert host.run(MODULE, {"identities": ["Anna"], "pop_enabled": True})["changed"] is True


PIPED = ["anna", "bert", "cleo", "dora"]


def fail(host, *aliases, when="before", ends_pipeline=True):
    for alias in aliases:
        host.fault("mailbox_fails", mailbox=alias, when=when, ends_pipeline=ends_pipeline)


@pytest.mark.parametrize("ends_pipeline", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("culprits", [["anna"], ["bert"], ["dora"], ["anna", "bert"], ["bert", "dora"], PIPED], ids=str)
def test_each_mailbox_speaks_for_itself(host, culprits, when, ends_pipeline):
    fail(host, *culprits, when=when, ends_pipeline=ends_pipeline)
    result = host.run(MODULE, {"identities": PIPED, **OFF})
    failing = culprits if when == "before" else []
    right = [account for account in PIPED if account not in failing]
    assert host.enabled() == {"administrator", *failing}
    assert result["changed"] is bool(right)
    assert sorted(result["mailboxes"]) == sorted(result["diff"]["after"]) == [f"{one}@contoso.test" for one in right]
    assert result["failed_mailboxes"] == [
        {"mailbox": f"{one}@contoso.test", "message": busy(one.capitalize())} for one in failing
    ]
    assert ("failed" in result) is bool(failing)
    host.fault("none")
    assert host.run(MODULE, {"identities": PIPED, **OFF})["changed"] is bool(failing)


@pytest.mark.parametrize("before", [["anna"], ["anna", "bert"]], ids=str)
def test_errors_of_others_before_the_one_that_ends_the_pipeline(host, before):
    for alias in before:
        host.fault("mailbox_protected", mailbox=alias)
    fail(host, "cleo")
    result = host.run(MODULE, {"identities": [*PIPED, "Administrator"], **OFF})
    assert host.enabled() == {*before, "cleo"}
    told = {one["mailbox"].partition("@")[0]: one["message"] for one in result["failed_mailboxes"]}
    assert told == dict.fromkeys(before, DENIED) | {"cleo": busy("Cleo")}
    assert host.batches[-1] == ["dora", "administrator"][-len(host.batches[-1]) :]


def test_errors_that_are_not_one_for_each_are_told_of_whom_they_are(host):
    host.fault("mailbox_protected", mailbox="bert")
    fail(host, "anna", when="after", ends_pipeline=False)
    result = host.run(MODULE, {"identities": PIPED, **OFF})
    assert result["failed_mailboxes"] == [{"mailbox": "bert@contoso.test", "message": DENIED}]
    assert host.batches == [PIPED, ["bert"]]


@pytest.mark.parametrize(
    ("speaking", "when", "errors"),
    [("anna", "before", 2), ("anna", "after", 1), ("anna", "after", 2), ("cleo", "before", 2), ("dora", "after", 1)],
)
def test_no_error_is_told_of_a_mailbox_that_wrote_none(host, speaking, when, errors):
    """As many errors as mailboxes that differ are not one for each of them."""
    host.fault("mailbox_fails", mailbox=speaking, when=when, errors=errors)
    host.fault("mailbox_keeps_what_it_has", mailbox="bert")
    result = host.run(MODULE, {"identities": PIPED, **OFF})
    told = {one["mailbox"].partition("@")[0]: one["message"] for one in result["failed_mailboxes"]}
    own = {speaking: unchecked_and_busy(speaking.capitalize())} if when == "before" else {}
    silent = "Set-CASMailbox returned no error, but the mailbox does not have what was written."
    assert told == {"bert": silent} | own
    assert host.enabled() == {"administrator", *told}


@pytest.mark.parametrize("culprits", [["anna"], ["anna", "dora"], PIPED], ids=str)
def test_several_errors_of_one_mailbox_are_all_told_of_it(host, culprits):
    for alias in culprits:
        host.fault("mailbox_fails", mailbox=alias, when="before", errors=3)
    result = host.run(MODULE, {"identities": PIPED, **OFF})
    assert result["failed_mailboxes"] == [
        {"mailbox": f"{one}@contoso.test", "message": unchecked_and_busy(one.capitalize(), " (2 times)")}
        for one in culprits
    ]


@pytest.mark.parametrize("batch_size", [7, 500])
def test_the_rest_is_told_as_not_tried_if_each_ends_the_pipeline(host, batch_size):
    names = [f"user{number}" for number in range(60)]
    for name in names:
        host.add(name)
    fail(host, *names)
    result = host.run(MODULE, {"identities": names, **OFF, "batch_size": batch_size})
    told = [one["message"] for one in result["failed_mailboxes"]]
    assert told[:20] == [busy(name.capitalize()) for name in names[:20]]
    assert set(told[20:]) == {
        "It was not tried, because each of the 20 mailboxes before it ended Set-CASMailbox altogether."
    }
    assert (len(told), result["changed"], result["mailboxes"]) == (60, False, [])
    assert len(host.batches) < 50


@pytest.mark.parametrize("number", [1, 3, 40])
@pytest.mark.parametrize(("first", "batch_size"), [(0, 500), (1, 2)], ids=["before the others", "behind the others"])
def test_every_other_mailbox_ends_the_pipeline(host, number, first, batch_size):
    names = [f"user{number:02}" for number in range(2 * number)]
    for name in names:
        host.add(name)
    culprits = names[first::2]
    fail(host, *culprits)
    result = host.run(MODULE, {"identities": names, **OFF, "batch_size": batch_size})
    assert [one["mailbox"] for one in result["failed_mailboxes"]] == [f"{name}@contoso.test" for name in culprits]
    assert host.enabled() & {*names} == {*culprits}
    assert len(host.batches) < 3 * number + 10


def test_behind_one_that_ends_the_pipeline_many_are_written_at_a_time_again(host):
    names = [host.add(f"user{number:02}").address for number in range(40)]
    fail(host, "user00")
    host.run(MODULE, {"identities": names, **OFF})
    assert [len(batch) for batch in host.batches] == [40, 1, 20, 19]


def test_what_cannot_be_read_back_is_told_and_nothing_more_is_written(host):
    host.afterwards[SET] = lambda: host.fault("mailbox_unreadable", mailbox="anna", ends_pipeline=True)
    result = host.run(MODULE, {"identities": PIPED, **OFF, "batch_size": 2})
    read = f"What is stored now cannot be read: {busy('Anna', GET)}"
    assert [one["message"] for one in result["failed_mailboxes"]] == [
        *[f"Set-CASMailbox returned no error. {read}"] * 2,
        *["It was not tried, because what was written before it cannot be read back."] * 2,
    ]
    assert (result["changed"], result["mailboxes"], host.batches) == (True, [], [["anna", "bert"]])


@pytest.mark.parametrize("fails", [True, False])
def test_one_mailbox_that_cannot_be_read_back(host, fails):
    host.afterwards[SET] = lambda: host.fault("mailbox_unreadable", mailbox="anna")
    if fails:
        fail(host, "anna", ends_pipeline=False)
    result = host.run(MODULE, {"identities": ["anna", "bert"] if not fails else ["anna"], **OFF})
    (told,) = result["failed_mailboxes"]
    assert told["mailbox"] == "anna@contoso.test"
    said = busy("Anna") if fails else "Set-CASMailbox returned no error."
    assert told["message"] == f"{said} {busy('Anna', GET)}"
    # An error of the directory does not prove that nothing was stored.
    assert result["changed"] is True
    assert result["mailboxes"] == ([] if fails else ["bert@contoso.test"])


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(("errors", "unsure"), [(1, True), (4, False)])
def test_what_a_pipeline_may_have_written_is_not_forgotten(host, errors, unsure, ends):
    def invoke(text):
        request = Request.parse(text)
        if request.cmdlet != SET:
            return host.invoke(text)
        for alias in PIPED:
            host.fault("mailbox_unreadable", mailbox=alias, ends_pipeline=ends)
        refused = CmdletError(id="Refused", message="It was refused")
        memory = {**host.memory, "form": host.form}
        return Reply(errors=[refused] * (errors if len(request.piped) > 1 else 1), memory=memory).to_json()

    result = run_module(MODULE, {"identities": PIPED, **OFF}, invoke)
    assert (result["changed"], result["mailboxes"], len(result["failed_mailboxes"])) == (unsure, [], 4)
    told = "4 of 4 mailboxes could not be changed, or it is not known whether they were. "
    assert result["msg"].startswith(told) is unsure


def test_rbac_that_changes_between_two_batches_leaves_told_what_moved(host):
    host.afterwards[SET] = lambda: host.fault("rbac_without", cmdlet=SET)
    result = host.run(MODULE, {"identities": PIPED, **OFF, "batch_size": 3})
    assert "not granted to this user by RBAC" in result["msg"]
    assert (result["changed"], result["mailboxes"]) == (True, [f"{name}@contoso.test" for name in PIPED[:3]])
    assert sorted(result["diff"]["after"]) == result["mailboxes"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({**OFF}, "identities and filter: neither is given; use one of them to select mailboxes."),
    (
        {"identities": ["anna"], "filter": "Name -eq 'x'", **OFF},
        "identities and filter: both are given; use one of them to select mailboxes.",
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
        "identities: 'anna\\nbert' contains a control character; use one mailbox in each entry.",
    ),
    (
        {"identities": ["nobody", "anna"], **OFF},
        "identities: 'nobody' is not a mailbox that Exchange finds; check the address or alias, and if the mailbox and "
        "the server are in different domains, set domain_controller to one of the mailbox's domain.",
    ),
    (
        {"identities": ["twin"], **OFF},
        "identities: 'twin' means 2 mailboxes, twin1@contoso.test, twin2@contoso.test; use an address.",
    ),
    (
        {"identities": ["Twin"], "pop_enabled": True, "exclusive": True},
        "identities: 'Twin' means 2 mailboxes, twin1@contoso.test, twin2@contoso.test; use an address.",
    ),
    ({"identities": ["anna"]}, "pop_enabled and the other settings: none is given; set at least one."),
    (
        {"filter": "*", **OFF},
        "filter: '*' would mean every mailbox; write one such as PopEnabled -eq $true, or Name -like '*' if you mean "
        "all of them.",
    ),
    (
        {"filter": "Name -eq 'O'Brien'", **OFF},
        "filter: \"Name -eq 'O'Brien'\" has an unmatched quotation mark; double those inside text, as in 'O''Brien'.",
    ),
    (
        {"filter": "{PopEnabled -eq $true}", **OFF},
        "filter: '{PopEnabled -eq $true}' is in braces, which only PowerShell uses; leave them out.",
    ),
    (
        {"filter": "Name -eq $name", **OFF},
        "filter: '$name' is a variable, which Exchange does not know here; use its value.",
    ),
    ({"filter": "anna", **OFF}, "filter: 'anna' contains no comparison; write one such as PopEnabled -eq $true."),
    (
        {"identities": ["anna"], **OFF, "exclusive": True},
        "exclusive: with pop_enabled: false, nobody would have access; leave out one of the two.",
    ),
    (
        {"identities": ["anna"], "pop_suppress_read_receipt": True, "exclusive": True},
        "exclusive: it needs pop_enabled: true or imap_enabled: true, the access that others lose.",
    ),
    (
        {"identities": ["anna"], "imap_use_protocol_defaults": True, "imap_suppress_read_receipt": True},
        "imap_use_protocol_defaults: while it is true, Exchange ignores imap_suppress_read_receipt; leave out one or "
        "the other.",
    ),
    (
        {"identities": ["anna"], **OFF, "max_changes": -1},
        "max_changes: -1 is out of range; use 0 to 2147483647 mailboxes.",
    ),
    ({"identities": ["anna"], **OFF, "batch_size": 0}, "batch_size: 0 is out of range; use 1 to 10000 mailboxes."),
    (
        {"identities": ["anna"], "pop_messages_retrieval_mime_format": "Html"},
        "pop_messages_retrieval_mime_format: 'Html' is not valid; use TextOnly (0), HtmlOnly (1), "
        "HtmlAndTextAlternative (2), TextEnrichedOnly (3), TextEnrichedAndTextAlternative (4), BestBodyFormat (5), or "
        "Tnef (6).",
    ),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG)
def test_wrong_options_get_their_sentence_and_nothing_is_written(host, options, sentence):
    host.add("twin1", "Twin")
    host.add("twin2", "Twin")
    result = host.run(MODULE, options)
    assert result["msg"] == sentence
    assert host.asked(SET) == []


def test_what_a_version_lacks_is_refused_by_name():
    host = MailboxHost("2010")
    result = host.run(MODULE, {"identities": ["anna"], "pop_force_ical_for_calendar_retrieval_option": True})
    assert result["msg"].startswith(
        "pop_force_ical_for_calendar_retrieval_option: Set-CASMailbox has PopForceICalForCalendarRetrievalOption since"
    )
    assert host.asked(GET) == []


def test_the_server_that_is_named_says_what_there_is():
    """Over a connection to another one, which would have the setting."""
    host = MailboxHost(beside=(("EX02", "2010"),))
    options = {"identities": ["anna"], "pop_use_protocol_defaults": False}
    ical = {"pop_force_ical_for_calendar_retrieval_option": True}
    result = host.run(MODULE, {**options, **ical, "server": "EX02"})
    assert "since Exchange Server 2013, and EX02 is Exchange Server 2010" in result["msg"]
    assert host.batches == []
    assert host.run(MODULE, {**options, "server": "EX02"})["changed"] is True
    assert host.run(MODULE, {**options, **ical, "server": "EX01"})["changed"] is True
