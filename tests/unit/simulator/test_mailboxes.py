"""Get- and Set-CASMailbox, and what POP3 and IMAP4 make of them."""

from __future__ import annotations

import imaplib
import poplib
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from administrator import Administrator
from memory import forget_peak, peak

from exchange_simulator.control import plain
from exchange_simulator.engine import Command, Result
from exchange_simulator.opath import InvalidFilter, parse
from exchange_simulator.organisation import Organisation

_SECRET = "Correct-Horse-1"


@pytest.fixture
def admin(make: Callable[..., Organisation]) -> Administrator:
    return Administrator(make("SE", "2010", mailboxes=20))


def get(admin: Administrator, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain(admin.one("Get-CASMailbox", **parameters))
    return found


def names(admin: Administrator, **parameters: Any) -> list[str]:
    result = admin.run("Get-CASMailbox", **parameters)
    assert result.errors == []
    assert result.terminating is None, str(result.terminating)
    return [plain(one)["SamAccountName"] for one in result.output]


def pipe(admin: Administrator, items: list[Any], cmdlet: str = "Set-CASMailbox", **parameters: Any) -> Result:
    command = Command(cmdlet, tuple(parameters.items()))
    return admin.organisation.run("EX01", "exchange", "tester", [[command]], items)


def test_a_mailbox_is_found_by_every_form_of_its_identity(admin: Administrator) -> None:
    user = get(admin, Identity="user000007")
    forms = [
        "User 000007",
        "USER000007",
        "CN=User 000007,CN=Users,DC=contoso,DC=test",
        "contoso.test/Users/User 000007",
        "CONTOSO\\user000007",
        "User000007@Contoso.test",
        str(user["Guid"]["$text"]),
        user["LegacyExchangeDN"],
    ]
    for form in forms:
        assert get(admin, Identity=form)["SamAccountName"] == "user000007", form
    for form in ("user00000", "CONTOSO\\user", "ou@contoso.test", "CN=User 000007,CN=Elsewhere,DC=contoso,DC=test"):
        assert "couldn't be found on 'DC1.contoso.test'" in str(admin.refused("Get-CASMailbox", Identity=form))


def test_the_members_of_a_mailbox_per_release(admin: Administrator) -> None:
    modern, old = get(admin, Identity="user000001"), get(admin, Identity="user000001", on="EX02")
    assert modern.keys() - old.keys() == {
        "MAPIBlockOutlookExternalConnectivity",
        "MapiHttpEnabled",
        "OWAforDevicesEnabled",
        "PopForceICalForCalendarRetrievalOption",
        "ImapForceICalForCalendarRetrievalOption",
    }
    assert modern["PopEnabled"] is True
    assert modern["PopMessagesRetrievalMimeFormat"] == {"$text": "BestBodyFormat", "$value": 5}
    assert modern["ExternalPopSettings"] == ""
    shown = get(admin, Identity="user000001", ProtocolSettings=True)
    assert shown["InternalPopSettings"] == "EX01.contoso.test:995:SSL, EX01.contoso.test:110:TLS"
    refused = admin.refused("Set-CASMailbox", on="EX02", Identity="reader", PopForceICalForCalendarRetrievalOption=True)
    assert str(refused.FullyQualifiedErrorId).startswith("NamedParameterNotFound")


def test_a_name_that_two_mailboxes_have(admin: Administrator) -> None:
    admin.organisation.mailboxes.add("User 000001", "twin")
    assert names(admin, Identity="User 000001") == ["user000001", "twin"]
    refused = admin.refused("Set-CASMailbox", Identity="User 000001", PopEnabled=False)
    assert str(refused) == "The operation couldn't be performed because 'User 000001' matches multiple entries."
    assert names(admin, Identity="twin@contoso.test") == ["twin"]


def test_a_get_may_refuse_such_a_name_as_well(admin: Administrator) -> None:
    admin.organisation.mailboxes.add("Info", "office")
    admin.organisation.mailboxes.add("Front Desk", "info")
    assert names(admin, Identity="info") == ["office", "info"]
    admin.organisation.faults.arm({"kind": "ambiguous_name_refused"})
    refused = admin.refused("Get-CASMailbox", Identity="INFO")
    assert "[FailureCategory=Cmdlet-ManagementObjectAmbiguousException]" in str(refused.FullyQualifiedErrorId)
    result = pipe(admin, ["info", "info@contoso.test"], "Get-CASMailbox")
    assert [plain(one)["Name"] for one in result.output] == ["Front Desk"]
    assert len(result.errors) == 1
    admin.organisation.faults.clear()
    admin.organisation.faults.arm({"kind": "ambiguous_name_refused", "shows_one": True})
    result = admin.run("Get-CASMailbox", Identity="info")
    assert [plain(one)["SamAccountName"] for one in result.output] == ["office"]
    assert len(result.errors) == 1


def test_a_reset_forgets_who_came_later(admin: Administrator) -> None:
    mailboxes = admin.organisation.mailboxes
    mailboxes.add("User 000001", "twin", is_administrator=True)
    mailboxes.add("User 000001", "triplet")
    admin.organisation.reset()
    assert names(admin, Identity="User 000001") == ["user000001"]
    assert names(admin, Filter="Name -like '*'").count("twin") == 0
    assert [one.alias for one in mailboxes if one.is_administrator] == ["administrator"]
    assert mailboxes.add("Anna", "twin").sid.rpartition("-")[2] != "500"
    assert names(admin, Identity="twin") == ["twin"]


@pytest.mark.parametrize("ends_pipeline", [False, True])
def test_a_mailbox_that_cannot_be_read(admin: Administrator, ends_pipeline: bool) -> None:
    fault = {"kind": "mailbox_unreadable", "mailbox": "user000002", "ends_pipeline": ends_pipeline}
    admin.organisation.faults.arm(fault)
    result = pipe(admin, ["user000001", "user000002", "user000003"], "Get-CASMailbox")
    assert (result.terminating is not None, len(result.errors)) == (ends_pipeline, int(not ends_pipeline))
    assert "CN=User 000002" in str(result.terminating or result.errors[0])
    # What came before the end of the pipeline has arrived.
    assert len(result.output) == (1 if ends_pipeline else 2)


def user(admin: Administrator, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain(admin.one("Get-User", **parameters))
    return found


def test_who_is_behind_a_mailbox(make: Callable[..., Organisation]) -> None:
    admin = Administrator(make("SE", mailboxes=2, administrator=("Администратор", "boss")))
    admin.organisation.mailboxes.add("Chief", "chief", domain="sales.contoso.test", is_administrator=True)
    mailbox = get(admin, Identity="user000001")
    someone = user(admin, Identity=str(mailbox["Guid"]["$text"]))
    assert (someone["Guid"], someone["DistinguishedName"]) == (mailbox["Guid"], mailbox["DistinguishedName"])
    domain = someone["Sid"]["$text"].rpartition("-")[0]
    assert user(admin, Filter=f"Sid -eq '{domain.lower()}-500'")["SamAccountName"] == "Администратор"
    assert user(admin, Identity="administrator")["Sid"]["$text"] != f"{domain}-500"
    chief = user(admin, Identity="sales\\chief")
    assert chief["DistinguishedName"] == "CN=Chief,CN=Users,DC=sales,DC=contoso,DC=test"
    assert (chief["Sid"]["$text"][-4:], chief["Sid"]["$text"][:-4]) != ("-500", domain)
    assert admin.run("Get-User", Filter="Sid -eq 'S-1-5-21-1-2-3-500'").output == []
    assert "couldn't be found" in str(admin.refused("Get-User", Identity="nobody"))
    assert "not a recognized filterable property" in str(admin.refused("Get-User", Filter="PopEnabled -eq $true"))


def test_health_mailboxes_show_only_when_asked_for(admin: Administrator) -> None:
    assert [name for name in names(admin) if name.startswith("Health")] == []
    (health,) = names(admin, Monitoring=True)
    assert health.startswith("HealthMailbox")
    assert "Monitoring Mailboxes" in get(admin, Monitoring=True)["DistinguishedName"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PopEnabled -eq $false", ["user000002"]),
        ("popenabled -EQ 'false'", ["user000002"]),
        ("PopEnabled -eq $false -and ImapEnabled -eq $false", []),
        ("Name -like 'User 00000*' -and -not (PopEnabled -ne $false)", ["user000002"]),
        ("Alias -eq 'user000003' -or DisplayName -eq \"user 000004\"", ["user000003", "user000004"]),
        ("Name -eq 'O''Brien'", ["obrien"]),
        ("PrimarySmtpAddress -like 'reader@*'", ["reader"]),
    ],
)
def test_filters(admin: Administrator, text: str, expected: list[str]) -> None:
    admin.organisation.mailboxes.add("O'Brien", "obrien")
    admin.do("Set-CASMailbox", Identity="user000002", PopEnabled=False)
    assert names(admin, Filter=text) == expected


@pytest.mark.parametrize(
    "text", ["PopEnabled", "PopEnabled -eq", "Shoes -eq 'x'", "Name -eq 'a' 'b'", "(Name -eq 'a'", "Name -eq 'O'Brien'"]
)
def test_what_is_no_filter(admin: Administrator, text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse(text, ["Name", "PopEnabled"])
    error = admin.refused("Get-CASMailbox", Filter=text)
    assert str(error.FullyQualifiedErrorId) == "ParameterArgumentTransformationError,Get-CASMailbox"


def test_anr_looks_at_the_beginning_of_names(admin: Administrator) -> None:
    assert names(admin, Anr="user 00000") == [f"user{number:06}" for number in range(1, 10)]


def test_result_size_and_its_warnings(make: Callable[..., Organisation]) -> None:
    admin = Administrator(make("SE", mailboxes=1100))
    result = admin.run("Get-CASMailbox")
    assert len(result.output) == 1000
    assert result.warnings[0].startswith("By default, only the first 1000 items are returned.")
    few = admin.run("Get-CASMailbox", ResultSize="5")
    assert len(few.output) == 5
    assert few.warnings == [
        "There are more results available than are currently displayed. To view them, increase the value for the "
        "ResultSize parameter."
    ]
    everything = admin.run("Get-CASMailbox", ResultSize="Unlimited")
    assert (len(everything.output), everything.warnings) == (1102, [])
    assert "Unlimited`1" in str(admin.refused("Get-CASMailbox", ResultSize="many"))


def test_settings_are_written_and_a_write_without_effect_warns(admin: Administrator) -> None:
    assert admin.do("Set-CASMailbox", Identity="reader", PopEnabled=False) == []
    assert get(admin, Identity="reader")["PopEnabled"] is False
    assert admin.do("Set-CASMailbox", Identity="reader", PopEnabled=False) == [
        "The command completed successfully but no settings of 'contoso.test/Users/Reader' have been modified."
    ]
    admin.organisation.reset()
    assert get(admin, Identity="reader")["PopEnabled"] is True


def test_own_settings_need_the_defaults_switched_off(admin: Administrator) -> None:
    refused = admin.refused("Set-CASMailbox", Identity="reader", PopSuppressReadReceipt=True)
    assert "only while PopUseProtocolDefaults is set to $false" in str(refused)
    both = {"PopSuppressReadReceipt": True, "PopUseProtocolDefaults": False}
    admin.do("Set-CASMailbox", Identity="reader", **both)
    admin.do("Set-CASMailbox", Identity="reader", PopMessagesRetrievalMimeFormat=0)
    assert get(admin, Identity="reader")["PopMessagesRetrievalMimeFormat"]["$text"] == "TextOnly"


def test_one_bad_item_of_many_is_an_error_and_the_others_go_on(admin: Administrator) -> None:
    admin.organisation.faults.arm({"kind": "mailbox_protected", "mailbox": "user000003"})
    items = ["user000001", "nobody", "user000003", "user000004", ""]
    result = pipe(admin, items, PopEnabled=False)
    assert result.terminating is None
    messages = [str(error) for error in result.errors]
    assert len(messages) == 3
    assert "'nobody' couldn't be found" in messages[0]
    assert "INSUFF_ACCESS_RIGHTS" in messages[1]
    assert names(admin, Filter="PopEnabled -eq $false") == ["user000001", "user000004"]
    assert admin.organisation.log[0]["piped"] == 5


@pytest.mark.parametrize("ends_pipeline", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_mailbox_that_fails_before_or_after_its_effect(admin: Administrator, when: str, ends_pipeline: bool) -> None:
    fault = {"kind": "mailbox_fails", "mailbox": "user000002", "when": when, "ends_pipeline": ends_pipeline}
    admin.organisation.faults.arm(fault)
    result = pipe(admin, ["user000001", "user000002", "user000003"], PopEnabled=False)
    assert (result.terminating is not None, len(result.errors)) == (ends_pipeline, int(not ends_pipeline))
    assert "CN=User 000002" in str(result.terminating or result.errors[0])
    done = ["user000001", *(["user000002"] if when == "after" else []), *([] if ends_pipeline else ["user000003"])]
    assert names(admin, Filter="PopEnabled -eq $false") == done


def test_what_came_out_of_a_session_cannot_be_piped_back(admin: Administrator) -> None:
    (error,) = pipe(admin, [admin.one("Get-CASMailbox", Identity="reader")], PopEnabled=False).errors
    assert str(error.FullyQualifiedErrorId) == "ParameterArgumentTransformationError,Set-CASMailbox"


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_identity(admin: Administrator, value: str | None) -> None:
    admin.refused("Set-CASMailbox", Identity=value, PopEnabled=False)


def test_ignore_default_scope_wants_a_distinguished_name(admin: Administrator) -> None:
    admin.refused("Set-CASMailbox", Identity="reader", PopEnabled=False, IgnoreDefaultScope=True)
    dn = get(admin, Identity="reader")["DistinguishedName"]
    admin.do("Set-CASMailbox", Identity=dn, PopEnabled=False, IgnoreDefaultScope=True)


def test_other_controllers_learn_of_a_change_later(make: Callable[..., Organisation]) -> None:
    admin = Administrator(make("SE", domain_controllers=2, replication_delay=60))
    admin.do("Set-CASMailbox", Identity="reader", PopEnabled=False, DomainController="DC1.contoso.test")
    assert get(admin, Identity="reader", DomainController="DC2.contoso.test")["PopEnabled"] is True
    admin.organisation.advance_clock(120)
    assert get(admin, Identity="reader", DomainController="DC2.contoso.test")["PopEnabled"] is False


EMEA = "emea.contoso.test"


@pytest.fixture
def forest(make: Callable[..., Organisation]) -> Administrator:
    return Administrator(make("SE", domain_controllers=2, mailboxes=1, child_domain=EMEA, child_mailboxes=2))


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ({}, ["administrator", "reader", "user000001"]),
        ({"DomainController": "DC2.contoso.test"}, ["administrator", "reader", "user000001"]),
        ({"DomainController": f"DC2.{EMEA}"}, ["boss.emea", "emea000001", "emea000002"]),
    ],
)
def test_a_controller_has_the_mailboxes_of_its_own_domain(
    forest: Administrator, named: dict[str, str], shown: list[str]
) -> None:
    fault = {"server": "EX01", "kind": "other_controller", "controller": f"DC1.{EMEA}"}
    for preferred in (None, fault):
        if preferred:
            forest.organisation.faults.arm(preferred)
        assert names(forest, **named) == shown
        for cmdlet in ("Get-CASMailbox", "Get-User"):
            for alias in ("user000001", "emea000001"):
                result = forest.run(cmdlet, Identity=alias, **named)
                assert (len(result.output), len(result.errors)) == ((1, 0) if alias in shown else (0, 1))


def test_a_mailbox_of_another_domain_is_not_written(forest: Administrator) -> None:
    wanted = {"Identity": "emea000001", "PopEnabled": False}
    for named in ({}, {"DomainController": "DC1.contoso.test"}):
        error = forest.refused("Set-CASMailbox", **wanted, **named)
        assert error.CategoryInfo.Reason == "ManagementObjectNotFoundException"
        assert "'DC1.contoso.test'" in str(error)
    forest.do("Set-CASMailbox", **wanted, DomainController=f"DC1.{EMEA}")
    found = get(forest, Identity="emea000001", DomainController=f"DC2.{EMEA}")
    assert (found["PopEnabled"], found["OriginatingServer"]) == (False, f"DC2.{EMEA}")
    place = {"Identity": found["DistinguishedName"], "IgnoreDefaultScope": True}
    forest.do("Set-CASMailbox", **place, PopEnabled=True)
    assert get(forest, Identity="emea000001", DomainController=f"DC1.{EMEA}")["PopEnabled"] is True


def test_the_configuration_is_on_every_controller_of_the_forest(forest: Administrator) -> None:
    forest.do("Set-PopSettings", Banner="x", DomainController=f"DC1.{EMEA}")
    assert forest.one("Get-PopSettings", DomainController="DC1.contoso.test")["Banner"] == "x"


def test_a_hundred_thousand_mailboxes(make: Callable[..., Organisation]) -> None:
    before = forget_peak()
    admin = Administrator(make("SE", mailboxes=100_000))
    everything = admin.run("Get-CASMailbox", ResultSize="unlimited").output
    assert len(everything) == 100_002
    assert sum(len(one.clixml()) > 1000 for one in everything) == 100_002
    assert peak() - before < 400 << 20


@pytest.fixture
def served(make: Callable[..., Organisation]) -> Administrator:
    organisation = make("SE")
    organisation.accounts |= {"reader": _SECRET, "administrator": _SECRET}
    organisation.start_listeners()
    admin = Administrator(organisation)
    admin.do("Start-Service", Name=["MSExchangePop3", "MSExchangePOP3BE", "MSExchangeImap4", "MSExchangeIMAP4BE"])
    for number in (1, 2):
        content = f"Subject: Note {number}\r\nFrom: a@contoso.test\r\n\r\nLine.\r\n.dot\r\nLast {number}.\r\n"
        organisation.mailboxes.find("reader")[0].inbox.deliver(content.encode(), organisation.now)
    return admin


def careless() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def pop3(admin: Administrator, user: str = "reader") -> poplib.POP3_SSL:
    address = admin.organisation.servers["EX01"].address
    client = poplib.POP3_SSL(address, 20995, context=careless(), timeout=10)
    client.user(user)
    client.pass_(_SECRET)
    return client


def imap4(admin: Administrator, user: str = "reader") -> imaplib.IMAP4_SSL:
    client = imaplib.IMAP4_SSL(admin.organisation.servers["EX01"].address, 20993, ssl_context=careless(), timeout=10)
    client.login(user, _SECRET)
    return client


def test_pop3_reads_and_deletes(served: Administrator) -> None:
    client = pop3(served)
    count, size = client.stat()
    assert count == 2
    assert sum(int(row.split()[1]) for row in client.list()[1]) == size
    assert client.uidl()[1] == [b"1 1", b"2 2"]
    assert client.uidl(2) == b"+OK 2 2"
    assert client.retr(2)[1][-2:] == [b".dot", b"Last 2."]
    assert client.top(1, 1)[1][-1] == b"Line."
    client.dele(1)
    for gone in (1, 3):
        with pytest.raises(poplib.error_proto, match="out of range"):
            client.retr(gone)
    client.rset()
    client.dele(1)
    client.quit()
    assert pop3(served).uidl()[1] == [b"1 2"]


def test_a_connection_that_breaks_deletes_nothing(served: Administrator) -> None:
    client = pop3(served)
    client.dele(1)
    client.close()
    assert pop3(served).stat()[0] == 2


def test_imap4_searches_reads_and_deletes(served: Administrator) -> None:
    client = imap4(served)
    assert client.select("INBOX") == ("OK", [b"2"])
    assert client.search(None, "SUBJECT", '"note 2"')[1] == [b"2"]
    assert client.search(None, "UNSEEN")[1] == [b"1 2"]
    assert client.uid("SEARCH", "HEADER", "Subject", "Note")[1] == [b"1 2"]
    answer = client.fetch("2", "(RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
    assert answer[0][1] == b"Subject: Note 2\r\n\r\n"  # type: ignore[index]
    assert client.search(None, "SEEN")[1] == [b""]
    assert client.fetch("1:*", "(BODY[TEXT])")[1][0][1].startswith(b"Line.")  # type: ignore[index,union-attr]
    assert client.search(None, "SEEN")[1] == [b"1 2"]
    client.store("1", "+FLAGS", "(\\Deleted)")
    assert client.expunge()[1] == [b"1"]
    assert client.select("INBOX")[1] == [b"1"]
    assert client.uid("FETCH", "2", "(FLAGS)")[1] == [b"1 (UID 2 FLAGS (\\Seen))"]
    assert client.select("Elsewhere")[0] == "NO"
    with pytest.raises(imaplib.IMAP4.error):
        client.fetch("1", "(SHOES)")


def test_a_mailbox_is_closed_to_the_protocol_it_may_not_use(served: Administrator) -> None:
    served.do("Set-CASMailbox", Identity="reader", PopEnabled=False)
    with pytest.raises(poplib.error_proto, match="Logon failure"):
        pop3(served)
    assert imap4(served).logout()[0] == "BYE"
    served.do("Set-CASMailbox", Identity="reader", PopEnabled=True, ImapEnabled=False)
    assert pop3(served).stat()[0] == 2
    with pytest.raises(imaplib.IMAP4.error, match="LOGIN failed"):
        imap4(served)


def test_the_administrator_reads_no_mail_this_way(served: Administrator) -> None:
    with pytest.raises(poplib.error_proto, match="Logon failure"):
        pop3(served, "administrator")
