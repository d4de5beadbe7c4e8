"""throttling_policy over real sessions: on every version of Exchange, by both transports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from evidence import is_a_sentence
from module_runner import run_module
from runner import PASSWORD
from simulator_process import BASIC, SimulatorProcess

from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Request
from ansible_collections.mailops.exchange.plugins.plugin_utils.session import Session

SERVERS = {"SE01": "SE", "E19": "2019", "E16": "2016", "E15": "2013", "E14": "2010"}
WAYS: dict[str, dict[str, Any]] = {"psrp": {}, "winrm": {"access": "local", "transport": "winrm"}}
PLACES = [
    *((server, "psrp", form) for server in SERVERS for form in ("full", "plain")),
    # The PowerShell 2 of Exchange 2010 is too old for it; and on the server itself objects have a form of their own.
    *((server, "winrm", "full") for server in SERVERS if server != "E14"),
]
FEW = [place for place in PLACES if place[0] in ("SE01", "E14")]
in_both_forms = pytest.mark.parametrize(("server", "way", "wire_form"), FEW, indirect=["wire_form"])
MODULE = "throttling_policy"
NAME = "Mail programs"
CONCURRENCY = {"pop_max_concurrency": 40, "imap_max_concurrency": 8}
BUDGETS = {"pop_max_burst": 60000, "pop_recharge_rate": 70000, "pop_cutoff_balance": 80000}
SHARES = {"imap_percent_time_in_cas": 90, "imap_percent_time_in_ad": 10, "imap_percent_time_in_mailbox_rpc": 60}
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def _organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("organisation")
    with SimulatorProcess(servers=SERVERS, password=PASSWORD, directory=folder, **BASIC) as process:
        yield process


@pytest.fixture
def organisation(organisation: SimulatorProcess) -> SimulatorProcess:
    """With a policy that an administrator has made."""
    assert organisation.run("SE01", "New-ThrottlingPolicy", {"Name": NAME})["errors"] == []
    return organisation


@pytest.fixture
def task_on(organisation: SimulatorProcess, open_session: Callable[..., Session]) -> Callable[..., Run]:
    """Runs the module on a server, in one session."""

    def on(server: str = "SE01", way: str = "psrp") -> Run:
        session = open_session(server, **WAYS[way])

        def run(options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
            result = run_module(MODULE, {"name": NAME, **options}, session.invoke, check=check, pause=lambda _: None)
            assert "failed" not in result or is_a_sentence(result["msg"]), result
            return result

        return run

    return on


def stored(organisation: SimulatorProcess, name: str = NAME) -> dict[str, Any]:
    """What the policy has itself."""
    policy: dict[str, Any] = organisation.state()["throttling_policies"][name]
    return policy


def sets(organisation: SimulatorProcess) -> list[dict[str, Any]]:
    return [entry["parameters"] for entry in organisation.log() if entry["cmdlet"] == "Set-ThrottlingPolicy"]


def setups_own(organisation: SimulatorProcess, prefix: str) -> str:
    return next(name for name in organisation.state()["throttling_policies"] if name.startswith(prefix))


def cycle(run: Run, organisation: SimulatorProcess, options: dict[str, Any]) -> dict[str, Any]:
    """Check, nothing moved; apply, as predicted; apply again, nothing to do."""
    before = stored(organisation)
    organisation.clear_log()
    predicted = run(options, check=True)
    assert predicted["changed"] is True, predicted
    assert (sets(organisation), stored(organisation)) == ([], before)
    done = run(options)
    assert (done["changed"], done["diff"], done["cmdlets"]) == (True, predicted["diff"], predicted["cmdlets"]), done
    assert done["settings"] == predicted["settings"]
    assert len(sets(organisation)) == 1
    again = run(options)
    assert again["changed"] is False, again
    assert len(sets(organisation)) == 1
    return done


@pytest.mark.parametrize(("server", "way", "wire_form"), PLACES, indirect=["wire_form"])
def test_check_apply_and_again(
    organisation: SimulatorProcess, task_on: Callable[..., Run], server: str, way: str
) -> None:
    own = SHARES if SERVERS[server] == "2010" else BUDGETS
    done = cycle(task_on(server, way), organisation, CONCURRENCY | own)
    assert done["policy"] == NAME
    assert {option: int(done["settings"][option]) for option in CONCURRENCY | own} == CONCURRENCY | own
    # The object keeps what 2010 has and what later versions have beside each other, in different spellings.
    spelling = str.upper if SERVERS[server] == "2010" else str.title
    for option, value in (CONCURRENCY | own).items():
        protocol = option.partition("_")[0]
        members = {name for name in stored(organisation) if name.startswith(spelling(protocol))}
        (member,) = [name for name in members if name.casefold() == option.replace("_", "")]
        assert stored(organisation)[member] == value, member


@in_both_forms
def test_no_limit(organisation: SimulatorProcess, task_on: Callable[..., Run], server: str, way: str) -> None:
    run = task_on(server, way)
    done = cycle(run, organisation, {"pop_max_concurrency": "unlimited"})
    assert done["diff"]["before"] == {"pop_max_concurrency": 20}
    assert done["settings"]["pop_max_concurrency"] == "Unlimited"
    # Exchange 2010 has no word for it; for later ones nothing would mean to inherit the 20.
    member, value = ("POPMaxConcurrency", None) if server == "E14" else ("PopMaxConcurrency", "Unlimited")
    assert stored(organisation)[member] == value
    cycle(run, organisation, {"pop_max_concurrency": 7})
    assert stored(organisation)[member] == 7


@pytest.mark.forms("full", "plain")
def test_what_is_inherited_as_wanted_is_not_written(
    organisation: SimulatorProcess, task_on: Callable[..., Run]
) -> None:
    run = task_on()
    inherited = {"pop_max_concurrency": 20, "pop_cutoff_balance": "Unlimited", "imap_max_concurrency": "UNLIMITED"}
    assert run(inherited)["changed"] is False
    assert sets(organisation) == []
    everybody = {"Name": "Everybody", "ThrottlingPolicyScope": "Organization", "PopMaxConcurrency": 30}
    assert organisation.run("SE01", "New-ThrottlingPolicy", everybody)["errors"] == []
    assert run(inherited)["diff"]["before"] == {"pop_max_concurrency": 30}
    assert stored(organisation)["PopMaxConcurrency"] == 20


@pytest.mark.parametrize("server", ["SE01", "E14"])
def test_a_policy_that_is_not_there(organisation: SimulatorProcess, task_on: Callable[..., Run], server: str) -> None:
    for name in ("Nothing", "Mail*", "*", "Mail program?"):
        result = task_on(server)({"name": name, "pop_max_concurrency": 7})
        assert result["failed"] is True
        assert result["msg"].startswith(f"name: {name!r} ")
    assert sets(organisation) == []


def test_the_policy_of_exchange_itself(organisation: SimulatorProcess, task_on: Callable[..., Run]) -> None:
    own = setups_own(organisation, "GlobalThrottlingPolicy_")
    run = task_on()
    assert run({"name": own, "pop_max_concurrency": 20})["changed"] is False
    for check in (True, False):
        result = run({"name": own, "pop_max_concurrency": 30}, check=check)
        assert result["failed"] is True
        assert own in result["msg"]
    assert sets(organisation) == []
    default = setups_own(organisation, "DefaultThrottlingPolicy_")
    assert task_on("E14")({"name": default, "imap_max_concurrency": 30})["changed"] is True


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("pop_max_concurrency", 1 << 31),
        ("imap_max_concurrency", -1),
        ("pop_max_burst", 1 << 32),
        ("imap_recharge_rate", "ten minutes"),
        ("pop_cutoff_balance", "1.5"),
        ("name", ""),
    ],
)
def test_wrong_values_are_refused_before_anything_is_sent(
    organisation: SimulatorProcess, task_on: Callable[..., Run], option: str, value: Any
) -> None:
    result = task_on()({option: value})
    assert result["failed"] is True
    assert option in result["msg"]
    assert organisation.log() == []


@pytest.mark.parametrize(
    ("server", "option", "product"),
    [
        ("E14", "pop_max_burst", "Exchange Server 2013"),
        ("E14", "imap_cutoff_balance", "Exchange Server 2013"),
        ("SE01", "pop_percent_time_in_ad", "only before Exchange Server 2013"),
        ("E15", "imap_percent_time_in_mailbox_rpc", "only before Exchange Server 2013"),
    ],
)
def test_options_that_a_version_does_not_have(
    organisation: SimulatorProcess, task_on: Callable[..., Run], server: str, option: str, product: str
) -> None:
    result = task_on(server)({option: 7})
    assert result["failed"] is True
    assert option in result["msg"]
    assert product in result["msg"]
    assert sets(organisation) == []


def test_a_write_that_does_not_stick_and_one_that_fails_after_its_effect(
    organisation: SimulatorProcess, task_on: Callable[..., Run]
) -> None:
    run = task_on()
    organisation.fault("SE01", "fails_after_effect", cmdlet="Set-ThrottlingPolicy")
    result = run({"pop_max_concurrency": 30})
    assert (result["failed"], result["changed"], stored(organisation)["PopMaxConcurrency"]) == (True, True, 30)
    organisation.fault("SE01", "write_does_not_stick", cmdlet="Set-ThrottlingPolicy")
    result = run({"pop_max_concurrency": 31})
    assert (result["failed"], result["changed"], stored(organisation)["PopMaxConcurrency"]) == (True, False, 30)


@in_both_forms
def test_numbers_beyond_an_int32(
    organisation: SimulatorProcess, task_on: Callable[..., Run], server: str, way: str
) -> None:
    option, member = {
        "SE01": ("pop_max_burst", "PopMaxBurst"),
        "E14": ("pop_percent_time_in_ad", "POPPercentTimeInAD"),
    }[server]
    for number in (1 << 31, (1 << 32) - 1):
        cycle(task_on(server, way), organisation, {option: number})
        assert stored(organisation)[member] == number


@pytest.mark.parametrize(("connected", "meant"), [("SE01", "E14"), ("E15", "E14"), ("E14", "SE01")])
def test_a_server_of_another_version_is_not_asked_for(
    organisation: SimulatorProcess, task_on: Callable[..., Run], connected: str, meant: str
) -> None:
    """What is no limit to Exchange 2010 would take away what the policy has itself on a later one."""
    theirs = {"Identity": NAME, "PopMaxConcurrency": 40}
    organisation.run(connected, "Set-ThrottlingPolicy", theirs)
    before = stored(organisation)
    for value in ("unlimited", 7):
        result = task_on(connected)({"server": meant, "pop_max_concurrency": value})
        assert result["failed"] is True
        assert result["msg"].startswith(f"server: {meant} (")
    assert (sets(organisation), stored(organisation)) == ([], before)


def test_the_server_that_is_connected_may_be_named(organisation: SimulatorProcess, task_on: Callable[..., Run]) -> None:
    for server in ("SE01", "E14"):
        assert task_on(server)({"server": server, "pop_max_concurrency": 7})["changed"] is True


@pytest.mark.parametrize(("server", "spelling"), [("SE01", "PopMaxConcurrency"), ("E14", "POPMaxConcurrency")])
def test_a_parameter_that_rbac_withholds(
    organisation: SimulatorProcess, task_on: Callable[..., Run], server: str, spelling: str
) -> None:
    before = stored(organisation)
    organisation.fault(server, "rbac_without", cmdlet="Set-ThrottlingPolicy", parameter=spelling)
    result = task_on(server)({"pop_max_concurrency": 7, "imap_max_concurrency": 7})
    assert (result["failed"], result["changed"]) == (True, False)
    assert f"does not know the parameter {spelling}: RBAC" in result["msg"]
    assert stored(organisation) == before


@pytest.mark.parametrize("fault", ["drop_before_command", "drop_after_command", "lose_shells_while_receiving"])
@pytest.mark.parametrize("server", ["SE01", "E14"])
def test_a_lost_answer(organisation: SimulatorProcess, task_on: Callable[..., Run], server: str, fault: str) -> None:
    run = task_on(server)
    run({})
    organisation.fault(server, fault, cmdlet="Set-ThrottlingPolicy")
    result = run({"pop_max_concurrency": "unlimited"})
    assert (result.get("failed"), result["changed"]) == (None, True), result
    assert result["diff"]["before"] == {"pop_max_concurrency": 20}
    assert run({"pop_max_concurrency": "unlimited"})["changed"] is False


def test_a_policy_that_is_renamed_meanwhile(organisation: SimulatorProcess, task_on: Callable[..., Run]) -> None:
    run = task_on()
    rename = {"cmdlet": "Set-ThrottlingPolicy", "parameters": {"Identity": NAME, "Name": "Renamed"}}
    organisation.fault("SE01", "change_after_read", cmdlet="Get-ThrottlingPolicy", run=rename)
    result = run({"pop_max_concurrency": 7})
    assert (result["failed"], result["changed"]) == (True, False)
    assert "cannot be read back" in result["msg"]


Policy = dict[str, Any]
UNNAMED = ("ThrottlingPolicyScope", "PopMaxConcurrency", "PopMaxBurst")
ODD_ANSWERS: dict[str, Callable[[list[Policy]], list[Any]]] = {
    "none": lambda found: [],
    "all of them": lambda found: [{**found[0], "Name": "Other"}, *found],
    "two of one name": lambda found: found * 2,
    "another one": lambda found: [{**found[0], "Name": "Other"}],
    "a pattern's": lambda found: [{**found[0], "Name": f"{NAME} 2"}],
    "no name": lambda found: [{name: found[0][name] for name in UNNAMED}],
    "a null name": lambda found: [{**found[0], "Name": None}],
    "its text alone": lambda found: [NAME],
    "null": lambda found: [{**found[0], "PopMaxConcurrency": None}],
    "words": lambda found: [{**found[0], "PopMaxConcurrency": "Unbegrenzt"}],
    "a number with a point": lambda found: [{**found[0], "PopMaxConcurrency": "20.0"}],
    "without text": lambda found: [{**found[0], "PopMaxConcurrency": {"$text": None, "$type": "X"}}],
    "nothing at all": lambda found: [{**found[0], "PopMaxConcurrency": {}}],
    "one member less": lambda found: [{name: value for name, value in found[0].items() if name != "PopMaxConcurrency"}],
}


@pytest.mark.parametrize("odd", ODD_ANSWERS)
def test_odd_answers_are_not_written_over(
    organisation: SimulatorProcess, open_session: Callable[..., Session], odd: str
) -> None:
    session = open_session("SE01")

    def invoke(text: str) -> str:
        answer = session.invoke(text)
        if Request.parse(text).cmdlet != "Get-ThrottlingPolicy":
            return answer
        reply = json.loads(answer)
        return json.dumps({**reply, "output": ODD_ANSWERS[odd](reply["output"])})

    result = run_module(MODULE, {"name": NAME, "pop_max_concurrency": 7}, invoke)
    assert result["failed"] is True
    assert is_a_sentence(result["msg"])
    named = ("name: ", "pop_max_concurrency: ", "Get-ThrottlingPolicy shows Name ")
    assert result["msg"].startswith(named), result["msg"]
    assert sets(organisation) == []


# The plain form of an answer: every scalar is text.
@pytest.mark.parametrize(("came", "wanted"), [("Unlimited", "unlimited"), ("7", 7), ("UNLIMITED", "Unlimited")])
def test_values_that_came_as_text(
    organisation: SimulatorProcess, open_session: Callable[..., Session], came: str, wanted: Any
) -> None:
    session = open_session("SE01")

    def invoke(text: str) -> str:
        reply = json.loads(session.invoke(text))
        for one in reply["output"] if Request.parse(text).cmdlet == "Get-ThrottlingPolicy" else []:
            one["PopMaxConcurrency"] = came
        return json.dumps(reply)

    result = run_module(MODULE, {"name": NAME, "pop_max_concurrency": wanted}, invoke)
    assert (result.get("failed"), result["changed"]) == (None, False), result
