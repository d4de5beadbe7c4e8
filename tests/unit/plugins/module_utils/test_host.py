"""The host: which server is meant, which controller is asked, and what its errors say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from in_process import ABSENT, Put, element

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    CmdletError,
    CmdletFailure,
    Defect,
    Failure,
    OutcomeUnknown,
    Unreachable,
)
from ansible_collections.mailops.exchange.plugins.module_utils._host.host import connect
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request
from ansible_collections.mailops.exchange.plugins.module_utils._host.server import Server
from ansible_collections.mailops.exchange.plugins.module_utils._host.versions import Version
from ansible_collections.mailops.exchange.plugins.module_utils._host.way import Way, laid
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.clixml import to_plain
from exchange_simulator import shapes


@pytest.fixture
def line(host):
    with laid(Way(host.invoke, clock=host.clock, pause=host.pause)):
        yield host


SERVER = "Get-ExchangeServer"


def test_outside_of_a_task_there_is_no_line():
    with pytest.raises(Failure, match="action plugin"):
        connect()


def test_the_server_is_found_by_address_and_asked_for_once_in_a_play(line):
    server = connect().server()
    assert server == Server("EX01", "EX01.contoso.test", Version(15, 2, 2562, 17))
    assert connect().server() == server
    assert line.asked("Get-ExchangeServer") == [{"Identity": "ex01.contoso.test"}]


@pytest.mark.parametrize(
    ("address", "inventory", "asked"),
    [
        ("10.0.0.1", "EX01", ["EX01"]),
        ("[fe80::1]", "ex01.contoso.test.", ["ex01.contoso.test"]),
        ("mail.contoso.test", "ex01", ["mail.contoso.test", "ex01"]),
        ("10.0.0.1", "10.0.0.1", ["EX01"]),
        ("lb.contoso.test", "LB.contoso.test", ["lb.contoso.test", "EX01"]),
        ("", "", ["EX01"]),
    ],
)
def test_names_are_tried_in_order_and_addresses_are_not(line, address, inventory, asked):
    line.memory.update(host=address, inventory_hostname=inventory)
    assert connect().server().name == "EX01"
    assert [call["Identity"] for call in line.asked("Get-ExchangeServer")] == asked


def test_a_server_that_cannot_be_found(line):
    line.memory.update(host="10.0.0.1", inventory_hostname="somebody")
    line.shapes[SERVER] = lambda _: []
    with pytest.raises(Failure, match="set the option server"):
        connect().server()
    with pytest.raises(Failure, match="server: 'EX09' does not name exactly one Exchange server"):
        connect().server("EX09")


def test_an_error_of_the_look_for_the_server_is_that_of_its_cmdlet(line):
    line.fault("rbac_without", cmdlet=SERVER)
    with pytest.raises(CmdletFailure, match=r"^Get-ExchangeServer is not granted to this user by RBAC"):
        connect().server()


def test_an_answer_with_another_server_or_several_is_not_believed(line):
    others = dict.fromkeys(("Guid", "DistinguishedName", "ExchangeLegacyDN"), ABSENT)
    line.shapes[SERVER] = Put({"Name": "EX02", "Fqdn": "EX02.contoso.test", **others})
    with pytest.raises(Failure, match="exactly one"):
        connect().server("EX01")
    line.shapes[SERVER] = lambda output: output * 2
    with pytest.raises(Failure, match="exactly one"):
        connect().server("EX01")


@pytest.mark.parametrize("asked", [None, "EX01", "ex01.contoso.test"])
@pytest.mark.parametrize(
    ("member", "value", "came"),
    [
        ("Name", ABSENT, "null"),
        ("Name", None, "null"),
        ("Name", "", "empty text"),
        ("Name", 5, "an integer"),
        ("Name", {"$type": "X"}, "an object of the type X without text"),
        ("Name", ["EX01"], "a list of 1"),
        ("Name", "EX02", "text that is in neither its Fqdn nor its DistinguishedName"),
        ("Name", "Microsoft.Exchange.Data.X", "text"),
        ("Fqdn", ABSENT, "null"),
        ("Fqdn", {"$type": "X"}, "an object of the type X without text"),
        ("AdminDisplayVersion", ABSENT, "null"),
        ("AdminDisplayVersion", 15, "an integer"),
        ("AdminDisplayVersion", "15", "text"),
        ("AdminDisplayVersion", "15.2", "text"),
        ("AdminDisplayVersion", "Exchange 2019 CU 14.5", "text"),
        ("AdminDisplayVersion", {"Major": 15, "Minor": 2}, "an object without text with the members Major, Minor"),
    ],
)
def test_a_server_that_cannot_be_read_is_not_taken_for_one_that_is_not_there(line, asked, member, value, came):
    line.shapes[SERVER] = Put({member: value})
    with pytest.raises(
        Failure, match=rf"^Get-ExchangeServer shows {member} of .* as {came}.*; please report that\.$"
    ) as told:
        connect().server(asked)
    assert told.value.result == {"unreadable": {member: came}}


@pytest.mark.parametrize("whole", ["EX01", None, {"$text": "EX01"}, {"$type": "X"}])
def test_a_server_that_is_no_object_is_said_to_be_without_a_name(line, whole):
    line.shapes[SERVER] = lambda _: [element(whole)]
    with pytest.raises(Failure, match=r"^Get-ExchangeServer shows Name of the server as null, which cannot be read"):
        connect().server()


@pytest.mark.parametrize(
    "shown",
    [
        {"Name": "ex01"},
        {"Name": {"$text": "EX01"}},
        {"Fqdn": "ex01.CONTOSO.test"},
        {"Fqdn": "mail.contoso.test"},
        {"Fqdn": "mail.contoso.test", "DistinguishedName": "cn=EX01,cn=Servers"},
        {"DistinguishedName": ABSENT},
        {"AdminDisplayVersion": "Version 15.2 (Build 2562.17)"},
        {"AdminDisplayVersion": "15.2.2562.17"},
        {"AdminDisplayVersion": {"Major": 15, "Minor": 2, "Build": 2562, "Revision": 17}},
    ],
)
def test_what_says_the_same_of_a_server(line, shown):
    line.shapes[SERVER] = Put(shown)
    server = connect().server()
    assert (server.name.upper(), server.version) == ("EX01", Version(15, 2, 2562, 17))


@pytest.mark.parametrize("member", ["IsClientAccessServer", "IsMailboxServer"])
@pytest.mark.parametrize("value", [ABSENT, None, 0, 1, "0", "Falsch", "", {"$type": "X"}])
def test_a_role_that_cannot_be_read_is_neither_there_nor_not(host_of, member, value):
    host = host_of("2013")
    host.shapes[SERVER] = Put({member: value})
    with laid(Way(host.invoke)), pytest.raises(Failure, match=f"shows {member} of EX01 as .* please report that"):
        connect().server()
    # Other versions have all services on every server.
    host = host_of("2016")
    host.shapes[SERVER] = Put({member: value})
    with laid(Way(host.invoke)):
        assert connect().server().name == "EX01"


@pytest.mark.parametrize("value", [False, "False", "false", "FALSE", {"$text": "False"}])
def test_the_roles_of_2013_may_be_texts(host_of, value):
    host = host_of("2013")
    host.shapes[SERVER] = Put({"IsClientAccessServer": value, "IsMailboxServer": "True"})
    with laid(Way(host.invoke)):
        server = connect().server()
    assert (server.client_access, server.mailbox) == (False, True)


@pytest.mark.parametrize("value", [ABSENT, None, "", 7, {"$type": "X"}])
def test_a_computer_that_does_not_tell_its_name(line, value):
    line.memory.update(host="10.0.0.1", inventory_hostname="10.0.0.1")
    line.shapes["Get-CimInstance"] = Put({"Name": value})
    with pytest.raises(Failure, match=r"^Win32_ComputerSystem shows Name of this host as .* please report that"):
        connect().server()
    assert connect().server("EX01").name == "EX01"


def test_a_server_may_be_named_by_its_guid(line):
    guid = to_plain(element(shapes.guid("object", line.server.distinguished_name)))
    assert connect().server(guid.upper()).name == "EX01"


def test_the_play_stays_with_the_controller_that_answered_first(line):
    connect().server()
    connect().read("Get-PopSettings", Server="EX01")
    assert line.asked("Get-PopSettings") == [{"Server": "EX01", "DomainController": "DC1.contoso.test"}]
    connect().cim("Win32_ComputerSystem")
    assert line.asked("Get-CimInstance") == [{"ClassName": "Win32_ComputerSystem"}]


def test_a_named_controller_is_asked_for_that_task_only(host_of):
    host = host_of(domain_controllers=2)
    with laid(Way(host.invoke)):
        connect(domain_controller="DC2.contoso.test").server()
        assert host.asked(SERVER)[0]["DomainController"] == "DC2.contoso.test"
        connect().read("Get-PopSettings", Server="EX01")
    assert "DomainController" not in host.asked("Get-PopSettings")[0]


def test_a_controller_nobody_asked_for_is_given_up_where_rbac_withholds_the_parameter(line):
    connect().server()
    line.fault("rbac_without", cmdlet="Get-PopSettings", parameter="DomainController")
    connect().read("Get-PopSettings", Server="EX01")
    connect().read("Get-PopSettings", Server="EX01")
    assert ["DomainController" in call for call in line.asked("Get-PopSettings")] == [True, False, False]
    with pytest.raises(CmdletFailure, match="parameter DomainController"):
        connect(domain_controller="DC9").read("Get-PopSettings", Server="EX01")


def test_another_parameter_that_rbac_withholds_says_nothing_against_the_controller(line):
    connect().server()
    line.fault("rbac_without", cmdlet="Set-PopSettings", parameter="Banner")
    for _ in range(2):
        with pytest.raises(CmdletFailure, match="parameter Banner"):
            connect().write("Set-PopSettings", endpoint="exchange", Server="EX01", Banner="New.")
    assert [call.get("DomainController") for call in line.asked("Set-PopSettings")] == ["DC1.contoso.test"] * 2


def test_a_controller_is_chosen_although_an_earlier_task_with_one_of_its_own_knows_the_server(host_of):
    host = host_of(domain_controllers=2)
    with laid(Way(host.invoke)):
        known = connect(domain_controller="DC2.contoso.test").server()
        for _ in range(2):
            assert connect().server() == known
            connect().read("Get-PopSettings", Server="EX01")
    assert [call.get("DomainController") for call in host.asked(SERVER)] == ["DC2.contoso.test", None]
    assert {call["DomainController"] for call in host.asked("Get-PopSettings")} == {"DC1.contoso.test"}


def test_where_no_controller_is_told_the_server_is_asked_for_once_all_the_same(line):
    line.shapes[SERVER] = Put({"OriginatingServer": None})
    for _ in range(2):
        connect().server()
        connect().read("Get-PopSettings", Server="EX01")
    assert len(line.asked(SERVER)) == 1
    assert not any("DomainController" in call for call in line.asked("Get-PopSettings"))


DC1, DC2 = "DC1.contoso.test", "DC2.contoso.test"
EMEA = "DC1.emea.contoso.test"
GONE = [
    "ADOperationException",
    "ADServerSettingsChangedException",
    "ADTransientException",
    "DCOverloadedException",
    "NoSuitableServerFoundException",
    "ServerInMMException",
    "SuitabilityDirectoryException",
    "SomethingNobodyHasPublishedException",
]


@pytest.fixture(params=["SE", "2010"])
def two(host_of, request):
    """A server with two controllers, the first of which the play stays with; 2010 tells errors by their class only."""
    host = host_of(request.param, domain_controllers=2)
    with laid(Way(host.invoke)):
        connect().server()
        yield host


@pytest.mark.parametrize("exception", GONE)
def test_a_controller_of_our_own_that_is_gone_is_left_and_told_of(two, exception):
    two.fault("controller_gone", controller=DC1, exception=exception)
    first, second = connect(), connect()
    for task in (first, second):
        (found,) = task.read("Get-PopSettings", Server="EX01")
        assert found["OriginatingServer"] == DC2
    assert [call.get("DomainController") for call in two.asked("Get-PopSettings")] == [DC1, None, None]
    (warning,) = first.warnings
    assert warning.startswith(f"{DC1}: the play has used this domain controller since its first answer")
    assert "domain_controller" in warning
    assert "An Active Directory error 0x51" in warning
    assert second.warnings == []


def test_no_controller_is_blamed_where_all_are_gone(two):
    for controller in (DC1, DC2):
        two.fault("controller_gone", controller=controller)
    task = connect()
    with pytest.raises(CmdletFailure, match="Get-PopSettings failed: An Active Directory error 0x51"):
        task.read("Get-PopSettings", Server="EX01")
    assert (task.warnings, len(two.asked("Get-PopSettings"))) == ([], 2)
    two.fault("none")
    connect().read("Get-PopSettings", Server="EX01")
    assert two.asked("Get-PopSettings")[-1]["DomainController"] == DC1


def test_no_controller_is_blamed_where_the_other_read_ends_without_an_error(two):
    def invoke(text):
        request, answer = Request.parse(text), two.invoke(text)
        if request.cmdlet != "Get-PopSettings" or "DomainController" in request.parameters:
            return answer
        stopped = Reply("failed", reason="The pipeline has been stopped")
        return replace(stopped, memory=Reply.parse(answer).memory).to_json()

    two.fault("controller_gone", controller=DC1)
    with laid(Way(invoke)):
        task = connect()
        with pytest.raises(CmdletFailure, match="The pipeline has been stopped"):
            task.read("Get-PopSettings", Server="EX01")
    assert (task.warnings, task.left_controller) == ([], "")


def test_a_controller_that_the_user_named_is_never_left(two):
    two.fault("controller_gone", controller=DC1)
    task = connect(domain_controller=DC1)
    for _ in range(2):
        with pytest.raises(CmdletFailure) as failure:
            task.read("Get-PopSettings", Server="EX01")
    assert str(failure.value).endswith(
        f" Only {DC1} is used, because domain_controller names it (in the roles, <role>_domain_controller): check that "
        "name, or leave it out."
    )
    with pytest.raises(CmdletFailure, match=f"Only {DC1} is used"):
        task.write("Set-PopSettings", Server="EX01", Banner="x")
    assert {call["DomainController"] for call in [*two.asked("Get-PopSettings"), *two.asked("Set-PopSettings")]} == {
        DC1
    }
    assert task.warnings == []


def test_a_write_is_not_sent_again_before_somebody_has_looked(two):
    two.fault("controller_gone", controller=DC1)
    task = connect()
    with pytest.raises(CmdletFailure):
        task.write("Set-PopSettings", Server="EX01", Banner="x")
    assert (task.left_controller, len(two.asked("Set-PopSettings"))) == (DC1, 1)
    task.write("Set-PopSettings", Server="EX01", Banner="x")
    assert [call.get("DomainController") for call in two.asked("Set-PopSettings")] == [DC1, None]


def test_mailboxes_are_left_to_exchange_where_the_controller_is_of_another_domain(host_of):
    host = host_of(child_domain="emea.contoso.test", child_mailboxes=1)
    host.fault("other_controller", controller=EMEA)
    with laid(Way(host.invoke)):
        task = connect()
        task.server()
        for cmdlet in ("Get-CASMailbox", "Get-User"):
            assert [one["SamAccountName"] for one in task.read(cmdlet)] == ["administrator", "reader"]
            assert host.asked(cmdlet) == [{}]
        task.read("Get-PopSettings", Server="EX01")
    assert host.asked("Get-PopSettings")[0]["DomainController"] == EMEA


def test_a_mailbox_that_our_controller_does_not_have_may_be_on_another(line):
    task = connect()
    task.server()
    missing = Reply(errors=[CmdletError(id="[FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1,x")])

    def invoke(text):
        request = Request.parse(text)
        answer = line.invoke(text)
        if request.cmdlet != "Get-CASMailbox" or "DomainController" not in request.parameters:
            return answer
        return replace(missing, memory=Reply.parse(answer).memory).to_json()

    with laid(Way(invoke)):
        task = connect()
        for _ in range(2):
            (found,) = task.read("Get-CASMailbox", Identity="reader")
            assert found["SamAccountName"] == "reader"
    assert ["DomainController" in call for call in line.asked("Get-CASMailbox")] == [True, False, False]
    assert [f"{DC1} does not have every mailbox" in warning for warning in task.warnings] == [True]
    connect().read("Get-PopSettings", Server="EX01")
    assert line.asked("Get-PopSettings")[0]["DomainController"] == DC1


def test_check_mode_notes_writes_and_sends_none(line):
    host = connect(check_mode=True)
    host.write("Set-PopSettings", Server="EX01", Banner="x")
    assert host.sent == [{"cmdlet": "Set-PopSettings", "parameters": {"Server": "EX01", "Banner": "x"}}]
    assert line.calls == []


def test_a_line_that_fails_raises(line):
    line.lost = [("Set-PopSettings", False)]
    with pytest.raises(OutcomeUnknown, match=r"Set-PopSettings was sent .* The connection broke"):
        connect().write("Set-PopSettings", Server="EX01")
    line.down_for = 1
    with pytest.raises(Unreachable, match="Nobody answers"):
        connect().read("Get-PopSettings", Server="EX01")


def test_waiting_for_exchange_takes_no_longer_than_told(line):
    line.down_for = 1000
    with pytest.raises(Failure, match="within 5 seconds: Nobody answers on port 80"):
        connect().wait_for_exchange("EX01", 5)
    assert line.asleep == 5


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            {"id": "CommandNotFoundException", "message": "The term is\n not recognized."},
            "Get-PopSettings is not granted to this user by RBAC, or this host does not have it: "
            "The term is not recognized.",
        ),
        (
            {"id": "NamedParameterNotFound,Get-PopSettings", "message": "Kein Parameter", "parameter": "Server"},
            "Get-PopSettings does not know the parameter Server: RBAC does not grant it to this user, "
            "or this version of Exchange lacks it: Kein Parameter.",
        ),
        (
            {"id": "ParameterArgumentTransformationError,x", "message": "No.", "parameter": "Server"},
            "Get-PopSettings does not accept the value of the parameter Server: No.",
        ),
        (
            {"id": "NoServiceFoundForGivenName,x", "message": "No service.", "target": "W3SVC"},
            "Get-PopSettings found no service W3SVC on this host: No service.",
        ),
        (
            {
                "id": "8288830C,x",
                "exception": "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
                "message": "Nicht gefunden.",
            },
            "Get-PopSettings did not find the object: Nicht gefunden.",
        ),
        (
            {"id": "CouldNotSetService,x", "category": "PermissionDenied", "message": "Denied."},
            "Get-PopSettings was refused, this user lacks the permission: Denied.",
        ),
        ({"id": "Something,x", "message": ""}, "Get-PopSettings failed: Something,x."),
    ],
)
def test_errors_are_known_by_id_and_type_and_told_in_a_sentence(told, sentence):
    reply = Reply("failed", errors=[CmdletError.read(told)]).to_json()
    with laid(Way(lambda _: reply)), pytest.raises(CmdletFailure) as caught:
        connect().read("Get-PopSettings", Server="EX01")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("shown", "version", "product"),
    [
        ("Version 14.3 (Build 123.4)", Version(14, 3, 123, 4), "Exchange Server 2010"),
        ("Version 15.0 (Build 1497.2)", Version(15, 0, 1497, 2), "Exchange Server 2013"),
        ("Version 15.1 (Build 2507.6)", Version(15, 1, 2507, 6), "Exchange Server 2016"),
        ("Version 15.2 (Build 1544.4)", Version(15, 2, 1544, 4), "Exchange Server 2019"),
        ("Version 15.2 (Build 2562.17)", Version(15, 2, 2562, 17), "Exchange Server SE"),
        ("Version 6.5 (Build 7638.2)", Version(6, 5, 7638, 2), "Exchange 6.5"),
    ],
)
def test_versions(shown, version, product):
    names, roles = (
        {"Name": "EX01", "Fqdn": "EX01.contoso.test"},
        {"IsClientAccessServer": True, "IsMailboxServer": True},
    )
    server = Server.read({**names, **roles, "AdminDisplayVersion": shown})
    assert server.version == version
    assert server.version.product == product


def test_a_mistake_of_our_own_has_its_traceback(host):
    def invoke(text: str) -> str:
        asked = Request.parse(text).cmdlet
        return Reply("defect", reason="it is broken", traceback="line 7").to_json() if asked else host.invoke(text)

    with laid(Way(invoke)), pytest.raises(Defect, match="This collection has a bug: it is broken") as told:
        connect().read("Get-PopSettings")
    assert (told.value.traceback, told.value.changed) == ("line 7", False)
    with laid(Way(invoke)), pytest.raises(Defect, match="may or may not have taken effect") as told:
        connect().write("Set-PopSettings")
    assert told.value.changed is True
