"""Recorded conversations with real Windows hosts, played to our own shells, which are held to what they make of them.

The tables below say of each recording what it proves. What a recording has and ours never asks for is in `NEVER_ASKED`,
with the reason. The recordings are pypsrp's own, made against Windows PowerShell 5.1; they lie among the captures, with
a README.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playback import Reading, Stage, Step

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import CmdletError
from ansible_collections.mailops.exchange.plugins.module_utils._host.messages import Reply, Request, credential
from ansible_collections.mailops.exchange.plugins.plugin_utils.wire.wsman import Interrupted, Overdue, Refused

# What is in a recording and is never asked for by ours.
NEVER_ASKED = {
    "Connect": "a session is never left to be taken up by another client",
    "Disconnect": "a session is never left to be taken up by another client",
    "Reconnect": "a session is never left to be taken up by another client",
    "Enumerate": "nobody looks for the shells of others",
    "Get": "a shell that is gone shows itself at the next request; a server's configuration is not asked for",
    "Receive of the shell": "beyond its opening a pool is only listened to for a key",
    "Send of the shell": "a pool of one runspace is neither resized nor reset, and keys are for passwords only",
    "Signal": "pipelines and processes end with their shell",
}


class Having(dict[str, Any]):
    """An object that has at least these members."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and {name: other.get(name) for name in self} == dict(self)

    __hash__ = None


@dataclass(frozen=True)
class Held:
    """What a recording proves, and what each of its pipelines comes to."""

    proves: str
    replies: list[Reply]
    left: tuple[str, ...] = ()
    piped: list[str] | None = None


def error(text: str, **others: Any) -> CmdletError:
    """What Write-Error says."""
    name = "Microsoft.PowerShell.Commands.WriteErrorException"
    usual = {"id": name, "category": "NotSpecified", "exception": name, "message": text, "cmdlet": "Write-Error"}
    return CmdletError(**usual | others)


def out(
    *output: Any, state: str = "completed", warnings: Sequence[str] = (), errors: Sequence[CmdletError] = ()
) -> Reply:
    """A reply; a shell puts out any value, which becomes an object on its way to a module."""
    return Reply(state, [*output], [*warnings], [*errors])


def record(kind: str, text: str) -> Having:
    """A record of another stream that was merged into the output."""
    return Having({"$text": text, f"Write{kind}Stream": True, "InformationalRecord_Message": text})


ONE, TWO = out(1, 2), out(2)
STREAMS = out("output stream", warnings=["warning stream"], errors=[error("error stream")])
INPUT = out(Having({"$text": "error", "writeErrorStream": True}), "message 1", 2, ["3", 3])
PIPELINES = {
    "application_args": Held("a dictionary of text", [out({"test_var": "abcdef12345"})]),
    "clear_commands": Held("progress beside output", [out("new")]),
    "disconnected_commands": Held(
        "output of one pipeline in two answers, the first without a state",
        [out("a", "b"), out("a", "b")],
        left=(
            *("Disconnect", "Create", "Receive of the shell", "Receive of the shell", "Disconnect"),
            *("Enumerate", "Enumerate", "Enumerate", "Connect", "Receive of the shell", "Connect"),
            *("Connect", "Receive of the shell", "Connect", "Reconnect", "Reconnect", "Delete"),
        ),
    ),
    "error_failed": Held(
        "a terminating error comes with the state, after output",
        [out("before", state="failed", errors=[error("error")])],
    ),
    "long_running_cmdlet": Held('the fault for "no output yet", twice, is no end', [out("hi")]),
    "merge_commands": Held(
        "records of the other streams in the output are objects with their text",
        [
            out(
                record("Debug", "debug stream"),
                record("Verbose", "verbose stream"),
                Having({"$text": "error stream", "writeErrorStream": True}),
                "output stream",
                record("Warning", "warning stream"),
                Having({"$text": "information stream", "MessageData": "information stream", "Tags": []}),
                "output stream",
                warnings=["warning stream"],
                errors=[error("error stream")],
            )
        ],
    ),
    "multiple_commands": Held(
        "many kinds of values; an encrypted one leaves the others readable",
        [
            out(
                "Hello World",
                {"$text": None, "$type": "System.Security.SecureString"},
                "\u3053\u3093\u306b\u3061\u306f - actual_x000A_string\nnewline: \U00010437",
                'hi"',
                "win-nnmu24vvkj0\\vagrant",
                123,
                Having(
                    {"$text": "winrm", "Status": "Running", "DependentServices": [], "StartType": "Automatic"},
                    Name="winrm",
                    ServicesDependedOn=["RPCSS", "HTTP"],
                    RequiredServices=["RPCSS", "HTTP"],
                ),
            )
        ],
        left=("Send of the shell", "Receive of the shell"),
    ),
    "multiple_invocations": Held(
        "two pipelines of one pool, one after the other", [TWO, TWO], left=("Signal", "Signal")
    ),
    "nested_command": Held(
        "a variable as an object",
        [out(Having({"$text": "System.Management.Automation.PSVariable"}, Name="i", Value=376241))],
        left=("Command", "Signal"),
    ),
    "no_profile": Held("a pool without a profile", [out(r"C:\WINDOWS\SYSTEM32\CONFIG\SYSTEMPROFILE")]),
    "reset_runspace_state": Held(
        "a pipeline without any output",
        [out("hi"), Reply()],
        left=("Send of the shell", "Receive of the shell"),
    ),
    "run_protocol_version_2.1": Held("piped input to a server of PowerShell 2", [INPUT], piped=["1", "2"]),
    "run_protocol_version_2.3": Held("piped input", [INPUT], piped=["1", "2"]),
    "stream_no_output_invocation": Held("a warning and an error that does not end the pipeline", [STREAMS]),
    "stream_output_invocation": Held("a warning and an error that does not end the pipeline", [STREAMS]),
    "with_history": Held(
        "an object of PowerShell's own", [ONE, out(Having({"Id": 1, "ExecutionStatus": "Completed"}))]
    ),
    "with_input": Held("lists and dictionaries", [out("1", 2, {"a": "b"}, ["a", "b"])], piped=["1", "2", "3", "4"]),
    "with_jea_configuration": Held(
        "a restricted endpoint: an object inside of another, and two errors of one pipeline, one of each sort",
        [
            out(
                Having(
                    {"$text": "Microsoft.WSMan.Management.WSManConfigLeafElement"},
                    Name="AllowUnencrypted",
                    Value="true",
                    PSChildName="AllowUnencrypted",
                )
            ),
            Reply(
                "failed",
                errors=[
                    CmdletError(
                        "ProviderNotFound,Microsoft.PowerShell.Commands.GetItemCommand",
                        "ObjectNotFound",
                        "System.Management.Automation.ProviderNotFoundException",
                        "Cannot find a provider with the name 'FileSystem'.",
                        target="FileSystem",
                        cmdlet="Get-Item",
                    ),
                    CmdletError(
                        "ScriptsNotAllowed",
                        "ParserError",
                        "System.Management.Automation.ParseException",
                        "The syntax is not supported by this runspace. This can occur if the runspace is in "
                        "no-language mode.",
                        target=r"Set-Item -Path WSMan:\localhost\Service\AllowUnencrypted -Value $false",
                        cmdlet="Get-Thing",
                    ),
                ],
            ),
        ],
    ),
    "with_no_history": Held("a pipeline without any output", [ONE, Reply()]),
}

# Nothing is run in these; what ours asks of them is the opening, in two answers or in three, and the closing.
OPENINGS = {
    "disconnect_runspaces": ("an opening in three answers", 3),
    "is_alive_http_error": ("an opening; a line that breaks (below)", 2),
    "is_alive_invalid_selectors": ("an opening; a shell that is gone (below)", 2),
    "is_alive_other_wsman_error": ("an opening; a fault of another kind (below)", 2),
    "is_alive_state_disconnected": ("an opening", 2),
    "key_exchange_timeout": ("an opening; a key that does not come, and an empty answer (below)", 2),
    "open_runspace": ("an opening and its closing, whole", 2),
    "receive_failure": ("an opening; a command that the server does not know (below)", 2),
    "reset_runspace_state_fail": ("an opening", 2),
    "set_runspaces": ("an opening", 2),
}

# What a process said that knew nothing of ours; and the sentence that ours ends with, for it was no answer.
PROCESSES = {
    "environment": ("many lines, of which the last twenty are kept", "windir=C:\\Windows", 20),
    "extra_opts": ("a line that comes in two pieces", "C:\\Windows", 1),
    "no_cmd_shell": ("a line without a carriage return", "hi", 1),
    "noprofile": ("many lines", "windir=C:\\Windows", 20),
    "operation_timeout": ('an answer with more to come, twice "no output yet", and the end', "hi again", 2),
    "send": ("two inputs, and lines of output", "output 2", 2),
    "standard": ("a line, and the end of the process", "hi", 1),
    "stderr_rc": ("what came on standard error is the reason", "err", 2),
}
# Played below, each for a fault or for its opening.
FAULTS_OF_WINRS = {
    "bad_cmd_id": "a command that the server does not know",
    "fail_poll_process": "a fault of the shell's own plugin",
    "no_cmd_shell": "a program that cannot be started",
    "open_already_opened": "an opening and its closing",
}
ENVELOPES = {
    "150": "a server that takes 150 KB: the WinRM shell, and a pool of PowerShell 2",
    "500": "a server that takes 500 KB, as is usual",
    "4096": "a server that takes more than is sent",
}
# What is in a document on standard error: why the process is said to have ended, and how many lines are heard.
STANDARD_ERROR = {
    "with_error": (
        "of all elements only the error's are heard, and its text is broken into lines before its place",
        "fake : The term 'fake' is not recognized as the name of a cmdlet, function, script file, or operable program. "
        "Check the spelling of the name, or if a path was included, verify that the path is correct and try again",
        7,
    ),
    "with_no_errors": ("progress alone is nothing that was said", "no reason was given", 0),
}


GET = Request("windows", "Get-Thing")
SET = Request("windows", "Set-Thing", write=True)


def test_each_recording_has_its_place(recordings: Path) -> None:
    known = {
        *(f"test_psrp_{name}.yml" for name in (*PIPELINES, *OPENINGS)),
        *(f"test_winrs_{name}.yml" for name in (*PROCESSES, *FAULTS_OF_WINRS)),
        *(f"test_wsman_update_envelope_size_{name}.yml" for name in ENVELOPES),
        *(f"test_sanitise_clixml_{name}.xml" for name in STANDARD_ERROR),
    }
    assert {one.name for one in recordings.glob("test_*")} == known


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines(stage: Stage, read: Reading, name: str) -> None:
    held = PIPELINES[name]
    shell = stage.psrp(read(f"psrp_{name}"))
    request = Request("windows", "Get-Thing", piped=held.piped)
    assert [shell.run(request, 60) for _ in held.replies] == held.replies
    shell.close()
    (playback,) = stage.playing
    assert playback.left == list(held.left)
    assert set(held.left) <= {*NEVER_ASKED, "Command", "Create", "Delete"}
    assert playback.beyond == []


@pytest.mark.parametrize("name", OPENINGS)
def test_openings(stage: Stage, read: Reading, name: str) -> None:
    _, answers = OPENINGS[name]
    stage.psrp(read(f"psrp_{name}")).close()
    (playback,) = stage.playing
    assert playback.asked[: answers + 1] == ["Create", *["Receive of the shell"] * answers]
    assert set(playback.asked[answers + 1 :]) == {"Delete"}
    assert set(playback.left) <= {*NEVER_ASKED, "Create", "Receive", "Delete"}


def opening(read: Reading) -> list[Step]:
    """What opens a pool and takes a command."""
    return [one for one in read("psrp_clear_commands") if one.asked not in ("Receive", "Delete")]


LOST = r"http://127\.0\.0\.1:\d+/wsman no longer knows the session \(fault 2150858843\): it expired, or the service "
BROKEN = r"Cannot connect to http://127\.0\.0\.1:\d+/wsman \(.*\): check that the host is up and the port is open\."
INVALID = r"http://127\.0\.0\.1:\d+/wsman refused the request with WSMan fault 2150858767: The WS-Management service "
# The recording, how many of its answers from the end are meant, and the sentence.
FAULTS = {
    "psrp_is_alive_invalid_selectors": LOST,
    "psrp_receive_failure": LOST,
    "psrp_is_alive_other_wsman_error": INVALID,
    "psrp_is_alive_http_error": BROKEN,
    "winrs_bad_cmd_id": LOST,
    "winrs_fail_poll_process": r"http://127\.0\.0\.1:\d+/wsman refused the request with WSMan fault 87: The parameter ",
    "winrs_no_cmd_shell": r"http://127\.0\.0\.1:\d+/wsman refused the request with WSMan fault 2147942402: The system ",
}


def fault(read: Reading, name: str) -> Step:
    """The one answer of a recording that is none."""
    return next(one for one in read(name) if one.answer is None or "Fault>" in one.answer)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_place_of_a_session(stage: Stage, read: Reading, name: str) -> None:
    with pytest.raises(Refused, match=FAULTS[name]) as refused:
        stage.psrp([fault(read, name).to("Create")])
    assert refused.value.passing == (FAULTS[name] in (LOST, BROKEN))
    stage.opened[0].close()
    # If the answer alone is lost, there may be a shell.
    assert stage.playing[0].asked == (["Create", "Delete", "Delete"] if FAULTS[name] == BROKEN else ["Create"])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_place_of_a_command(stage: Stage, read: Reading, name: str) -> None:
    """A fault says that the server did not take it; of a line that broke nobody knows."""
    shell = stage.psrp([*opening(read)[:-1], fault(read, name).to("Command")])
    expected = Interrupted if FAULTS[name] == BROKEN else Refused
    with pytest.raises(expected, match=FAULTS[name]) as ended:
        shell.run(GET, 60)
    assert type(ended.value) is expected


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_place_of_output(stage: Stage, read: Reading, name: str) -> None:
    """The server had taken the command: it is never a refusal, nor an empty answer."""
    shell = stage.psrp([*opening(read), fault(read, name).to("Receive")])
    with pytest.raises(Interrupted, match=f"^Get-Thing: {FAULTS[name]}") as ended:
        shell.run(GET, 60)
    assert type(ended.value) is Interrupted


def test_output_before_a_shell_is_lost_is_no_answer(stage: Stage, read: Reading) -> None:
    first = next(one for one in read("psrp_disconnected_commands") if one.asked == "Receive")
    shell = stage.psrp([*opening(read), first, fault(read, "psrp_receive_failure")])
    with pytest.raises(Interrupted, match=LOST):
        shell.run(GET, 60)


@pytest.mark.parametrize("name", ["long_running_cmdlet", "key_exchange_timeout"])
def test_a_pipeline_that_never_answers(stage: Stage, read: Reading, name: str) -> None:
    """Neither the fault for "no output yet" nor an answer without anything in it is an end."""
    empty = read(f"psrp_{name}")[4].to("Receive").for_ever()
    shell = stage.psrp([*opening(read), empty])
    with pytest.raises(Overdue, match=r"^Get-Thing did not answer on 127\.0\.0\.1 within 0\.1 seconds\.$"):
        shell.run(GET, 0.1)
    assert stage.playing[0].asked.count("Receive") > 1


WITH_PASSWORD = Request("windows", "Set-Thing", {"Credential": credential("vagrant", "secret")}, write=True)


def test_a_key_for_a_password(stage: Stage, read: Reading) -> None:
    shell = stage.psrp(read("psrp_multiple_commands"))
    assert len(shell.run(WITH_PASSWORD, 60).output) == 7
    (playback,) = stage.playing
    assert playback.asked[3:6] == ["Send of the shell", "Receive of the shell", "Command"]
    assert playback.left == ["Delete"]
    assert b"secret" not in b"".join(playback.requests)


def test_a_key_that_does_not_come(stage: Stage, read: Reading) -> None:
    *steps, empty, _delete = read("psrp_key_exchange_timeout")
    shell = stage.psrp([*steps, empty.for_ever()])
    with pytest.raises(Refused):
        shell.run(WITH_PASSWORD, 0.1)
    assert "Command" not in stage.playing[0].asked


def lost_then_whole(read: Reading, asked: str) -> list[Step]:
    """A shell that is lost when it is asked so, and another one that answers."""
    lost = fault(read, "psrp_is_alive_invalid_selectors").to(asked)
    before = opening(read) if asked == "Receive" else opening(read)[:-1]
    return [*before, lost, *read("psrp_clear_commands")]


@pytest.mark.parametrize(
    ("request_", "asked", "state", "commands"),
    [
        (GET, "Command", "completed", 2),
        (GET, "Receive", "completed", 2),
        # Not taken, so it may be sent again; taken, so it must not.
        (SET, "Command", "completed", 2),
        (SET, "Receive", "unknown", 1),
    ],
)
def test_a_lost_session(stage: Stage, read: Reading, request_: Request, asked: str, state: str, commands: int) -> None:
    session = stage.session(lost_then_whole(read, asked))
    # As a session that was kept from the task before.
    session._shell("windows")
    reply = Reply.parse(session.invoke(request_.to_json()))
    assert reply.state == state
    assert bool(reply.reason) is (state == "unknown")
    assert [one.get("$text") for one in reply.output] == (["new"] if state == "completed" else [])
    assert stage.playing[0].asked.count("Command") == commands


def process(read: Reading, name: str) -> list[Step]:
    """A recorded process, which takes our input; most recorded ones were given none."""
    steps = [one for one in read(f"winrs_{name}") if not (one.asked == "Command" and "Fault>" in (one.answer or ""))]
    sent = next(one for one in read("winrs_send") if one.asked == "Send")
    return [*steps, *([] if any(one.asked == "Send" for one in steps) else [sent])]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_is_none_of_ours(stage: Stage, read: Reading, name: str) -> None:
    _, reason, lines = PROCESSES[name]
    shell = stage.winrs(process(read, name))
    sentence = f"Get-Thing: PowerShell ended on 127.0.0.1 before its answer: {reason}."
    with pytest.raises(Interrupted, match=f"^{re.escape(sentence)}$"):
        shell.run(GET, 60)
    shell.close()
    assert len(stage.said) == lines
    (playback,) = stage.playing
    assert set(playback.left) <= {"Signal", "Send"}
    assert playback.beyond == []


ANSWER = "{id} output PE9ianM+PFM+aGk8L1M+PC9PYmpzPg=="


def test_an_answer_with_no_output_yet_in_its_middle(stage: Stage, read: Reading) -> None:
    create, command, running, *waiting, done, _signal, delete, sent = process(read, "operation_timeout")
    assert [one.asked for one in waiting] == ["Receive", "Receive"]
    running, done = running.saying("hello", ANSWER), done.saying(ANSWER, "{id} end completed")
    shell = stage.winrs([create, command, running, *waiting, done, delete, sent])
    assert shell.run(GET, 60) == out("hi", "hi")
    shell.close()
    assert [*stage.said] == ["hello"]
    assert (stage.playing[0].left, stage.playing[0].beyond) == ([], [])


def test_a_process_that_never_answers(stage: Stage, read: Reading) -> None:
    create, command, running, waiting, *_, sent = process(read, "operation_timeout")
    shell = stage.winrs([create, command, running, waiting.for_ever(), sent])
    with pytest.raises(Overdue, match=r"^Get-Thing did not answer on 127\.0\.0\.1 within 0\.1 seconds\.$"):
        shell.run(GET, 0.1)
    assert [*stage.said] == ["hi"]


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("asked", ["Create", "Command", "Send", "Receive"])
def test_a_fault_of_the_winrm_shell(stage: Stage, read: Reading, name: str, asked: str) -> None:
    steps = process(read, "standard")
    order = ["Create", "Command", "Send", "Receive"]
    before = [one for one in steps if one.asked in order[: order.index(asked)]]
    expected = Interrupted if asked == "Receive" or (asked == "Send" and FAULTS[name] == BROKEN) else Refused
    with pytest.raises(expected, match=FAULTS[name]) as ended:
        stage.winrs([*before, fault(read, name).to(asked)]).run(GET, 60)
    assert type(ended.value) is expected
    # Whatever may have been opened is closed.
    closed = asked != "Create" or FAULTS[name] == BROKEN
    for one in stage.opened:
        one.close()
    assert ("Delete" in stage.playing[0].asked) is closed


def test_a_shell_that_only_opens_and_closes(stage: Stage, read: Reading) -> None:
    command = next(one for one in read("winrs_standard") if one.asked == "Command")
    stage.winrs([*read("winrs_open_already_opened"), command]).close()
    (playback,) = stage.playing
    assert playback.asked == ["Create", "Command", "Delete"]


@pytest.mark.parametrize(
    ("size", "name"), [("150", "run_protocol_version_2.1"), ("500", "clear_commands"), ("4096", "clear_commands")]
)
def test_requests_stay_below_what_a_server_takes(stage: Stage, read: Reading, size: str, name: str) -> None:
    """A server without the limit of 500 KB is one of PowerShell 2, and says so when a pool is opened."""
    (configuration,) = read(f"wsman_update_envelope_size_{size}")
    (limit,) = re.findall(r"MaxEnvelopeSizekb>(\d+)<", configuration.answer or "")
    steps = [one for one in read(f"psrp_{name}") if one.asked != "Send"]
    (sent,) = (one for one in read("psrp_with_input") if one.asked == "Send")
    shell = stage.psrp([*steps, sent.for_ever()])
    assert shell.run(Request("windows", "Set-Thing", {"Value": "x" * (2 << 20)}), 60).state == "completed"
    assert max(map(len, stage.playing[0].requests)) <= int(limit) << 10
    create, command, received, _signal, delete, sent = process(read, "standard")
    answer = received.saying("{id} end completed")
    shell_of_winrm = stage.winrs([create, command, sent.for_ever(), answer, delete])
    # The id is that of the first piece, and the last one has none.
    with pytest.raises(Interrupted):
        shell_of_winrm.run(Request("windows", "Set-Thing", {"Value": "x" * (1 << 20)}), 60)
    assert max(map(len, stage.playing[1].requests)) <= int(limit) << 10


@pytest.mark.parametrize("name", STANDARD_ERROR)
@pytest.mark.parametrize("pieces", [1, 3])
def test_standard_error_in_clixml(stage: Stage, read: Reading, recordings: Path, name: str, pieces: int) -> None:
    _, reason, lines = STANDARD_ERROR[name]
    # The file is laid out to be read; PowerShell writes a document into one line, below its first, as it comes to it.
    head, *document = (recordings / f"test_sanitise_clixml_{name}.xml").read_bytes().splitlines()
    elements = [head + b"\r\n", *(line.strip() for line in document)]
    elements = re.split(rb"(?<=</Obj>)|(?<=</S>)(?=<S S=)", b"".join(elements))
    create, command, received, *others = process(read, "stderr_rc")
    ended = received.carrying(b"")
    running = next(one for one in read("winrs_operation_timeout") if one.asked == "Receive")
    running = replace(running, answer=(running.answer or "").replace('Name="stdout"', 'Name="stderr"'))
    size = -(-len(elements) // pieces)
    parts = [b"".join(elements[start : start + size]) for start in range(0, len(elements), size)]
    answers = [*(running.carrying(part, "stderr") for part in parts[:-1]), ended.carrying(parts[-1], "stderr")]
    sentence = f"Get-Thing: PowerShell ended on 127.0.0.1 before its answer: {reason}."
    with pytest.raises(Interrupted, match=f"^{re.escape(sentence)}$"):
        stage.winrs([create, command, *answers, *others]).run(GET, 60)
    assert len(stage.said) == lines
    assert not any("<" in line or "Preparing" in line for line in stage.said)
