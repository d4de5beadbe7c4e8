"""Runs the role pop3 again and again where one request in ten goes wrong, and holds what it reports to the truth.

Before each round another administrator changes something on every server; after it, what ansible-playbook reported is
compared with what the servers have seen and have now. A host may fail or be unreachable when a fault hit it, as long as
its report is right and a round without faults puts everything in order. `make soak` runs it; it takes a while.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests" / "support"))

from evidence import POP, is_a_sentence  # noqa: E402
from runner import PASSWORD, Controller, Outcome, inventory, wait_until  # noqa: E402
from simulator_process import BASIC, SimulatorProcess  # noqa: E402

VERSIONS = ("SE", "2019", "2016", "2013", "2010")
KINDS: list[Any] = [
    "drop_before_command",
    "drop_after_command",
    "drop_while_receiving",
    "drop_after_answer",
    {"kind": "http_status", "status": 500},
    {"kind": "http_status", "status": 503},
    "lose_shells",
    "lose_shells_while_receiving",
    "truncated",
    "malformed",
    "wrong_message_id",
]
# What a server does not carry out when it meets a Delete.
UNDONE = {"drop_before_command", "http_status"}
# After so many seconds a session gives up on an answer that was lost; a round takes far less than its own limit.
COMMAND_TIMEOUT = 5
ROUND_TIMEOUT = 1800

PLAYBOOK = [{"hosts": "exchange", "gather_facts": False, "roles": ["mailops.exchange.pop3"]}]
MAIL_NAME = "mail.contoso.test"
SETTINGS = {
    "Banner": "POP3 at Contoso is ready.",
    "LoginType": "SecureLogin",
    "MaxConnectionsPerUser": 32,
    "X509CertificateName": MAIL_NAME,
    "ExternalConnectionSettings": [f"{MAIL_NAME}:995:SSL"],
}

Server = dict[str, Any]


def has_certificate(server: Server) -> bool:
    return any(one["subject"] == f"CN={MAIL_NAME}" and "POP" in one["services"] for one in server["certificates"])


def has_settings(server: Server) -> bool:
    return bool(SETTINGS.items() <= server["stored"]["pop3"].items())


def runs(server: Server) -> bool:
    found = [server["services"][name] for name in POP if name in server["services"]]
    return all((one["status"], one["start_type"]) == ("Running", "Automatic") for one in found)


def has_connector(server: Server) -> bool:
    found = server["connectors"][server["client connector"]]
    # 40 MB
    return (found["AdvertiseClientSettings"], found["MaxMessageSize"]) == (True, 41_943_040)


def has_no_access(server: Server) -> bool:
    return server["mailbox"]["PopEnabled"] is False


def serves_what_is_stored(server: Server) -> bool:
    return server["effective"]["pop3"] in (None, server["stored"]["pop3"])


@dataclass(frozen=True)
class Part:
    """A task that writes: words of its name, its cmdlets, and whether a server is as the task leaves one."""

    task: str
    cmdlets: tuple[str, ...]
    holds: Callable[[Server], bool]


PARTS = (
    Part("Assign the certificate", ("Enable-ExchangeCertificate",), has_certificate),
    Part("Configure the POP3 settings", ("Set-PopSettings",), has_settings),
    Part("Set the state and start mode of the POP3 services", ("Set-Service", "Start-Service"), runs),
    Part("Configure the receive connector", ("Set-ReceiveConnector",), has_connector),
    Part("Set mailbox access by POP3", ("Set-CASMailbox",), has_no_access),
    Part("Restart the POP3 services", ("Restart-Service",), serves_what_is_stored),
)


@dataclass
class Figures:
    """What the whole run comes to."""

    runs: int = 0
    seconds: float = 0.0
    hosts: Counter[str] = field(default_factory=Counter)
    tasks_changed: int = 0
    requests: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    unreachable_after_a_write: int = 0
    shells_whose_deletion_was_lost_twice: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    violations: list[dict[str, Any]] = field(default_factory=list)


class Soak:
    """One controller and one organisation, round after round."""

    def __init__(self, organisation: SimulatorProcess, controller: Controller, options: argparse.Namespace) -> None:
        self.figures = Figures()
        self._organisation = organisation
        self._controller = controller
        self._options = options
        self._chance = Random(options.seed)  # noqa: S311 - the same changes for the same seed
        self._round = 0
        self._reported: set[str] = set()
        self._parts: tuple[Part, ...] = PARTS
        self._inventory = self._hosts()
        if ("ansible_exchange_serialization", "plain") in options.variable:
            self._leave_certificates_out()

    def run(self) -> Figures:
        """All rounds, and what must hold before and after them."""
        begun = time.monotonic()
        self._fault_free("a first round")
        held = self._held()
        for _ in range(math.ceil(self._options.runs / len(self._organisation.servers))):
            self._disturbed()
        self._fault_free("a round without faults")
        self._fault_free("one round more", changing=False)
        self._look_for_what_is_left(held)
        # Under another name than the role's a part would be judged by nothing.
        for part in self._parts:
            if part.task not in self._reported:
                self._violation("no task of this name was reported", "", part=part.task)
        self.figures.seconds = round(time.monotonic() - begun, 1)
        return self.figures

    def _fault_free(self, name: str, *, changing: bool = True) -> None:
        self._organisation.clear_log()
        outcome = self._play()
        if outcome is None:
            return
        for host, server in self._servers(self._look()):
            broken = [one["task"] for one in outcome.of(host) if one["status"] in ("failed", "unreachable")]
            apart = [part.task for part in self._parts if not part.holds(server)]
            if broken or apart:
                self._violation(f"{name} does not converge", host, failed=broken, not_as_wanted=apart)
            writes = [] if changing else self._writes(server["name"])
            if writes or (not changing and outcome.changed(host)):
                self._violation(f"{name} still changes", host, changed=outcome.changed(host), writes=writes)
        self._look_for_sessions()

    def _disturbed(self) -> None:
        self._round += 1
        for name in self._organisation.servers:
            self._meddle(name)
        self._organisation.clear_log()
        before = len(self._organisation.injected())
        requests = self._requests()
        kinds = self._options.kind or KINDS
        for name in self._organisation.servers:
            seed = f"{self._options.seed}{self._round:04}"
            self._organisation.fault(name, "random", seed=int(seed), one_in=self._options.one_in, kinds=kinds)
        outcome = self._play()
        self._look_for_sessions()
        for name in self._organisation.servers:
            self._organisation.fault(name, "none")
        met = self._organisation.injected()[before:]
        self.figures.requests += self._requests() - requests
        self.figures.injected.update(one["kind"] for one in met)
        after = self._look()
        for host, server in self._servers(after):
            own = [one for one in met if one["server"] == server["name"]]
            if outcome is not None:
                self._judge(host, server, outcome, own)
            self._look_for_shells(host, server, own)
        done = f"{self.figures.runs} runs, {len(self.figures.violations)} violations"
        print(f"round {self._round}: {done}", flush=True)

    def _judge(self, host: str, server: Server, outcome: Outcome, met: list[dict[str, Any]]) -> None:
        """Compare the report on one host with the log and the state of its server."""
        told = outcome.of(host)
        bad = next((one for one in told if one["status"] in ("failed", "unreachable")), None)
        status = bad["status"] if bad else "ok"
        self.figures.runs += 1
        self.figures.hosts[status] += 1
        self.figures.tasks_changed += len(outcome.changed(host))
        evidence = {"met": met, "told": [(one["task"], one["status"], one["result"].get("changed")) for one in told]}
        if bad:
            message = str(bad["result"].get("msg"))
            self.figures.reasons[f"{status}: {_general(message, server)}"] += 1
            if not is_a_sentence(message):
                self._violation("the reason is no sentence", host, message=message, **evidence)
            if not met:
                self._violation("it fails and no fault has hit", host, message=message, **evidence)
        if not told:
            self._violation("nothing is reported", host, output=outcome.output[-2000:], **evidence)
        for part in self._parts:
            task = next((one for one in told if part.task in one["task"] and one["status"] != "skipped"), None)
            self._judge_part(part, task, host, server, evidence)
        if not bad and (apart := [part.task for part in self._parts if not part.holds(server)]):
            self._violation("all is reported done, but not all is as wanted", host, parts=apart, **evidence)

    def _judge_part(
        self, part: Part, task: dict[str, Any] | None, host: str, server: Server, evidence: dict[str, Any]
    ) -> None:
        writes = [one for one in self._writes(server["name"]) if one["cmdlet"] in part.cmdlets]
        sent = Counter(f"{one['cmdlet']} {json.dumps(one['parameters'], sort_keys=True)}" for one in writes)
        detail = {"part": part.task, "writes": dict(sent), **evidence}
        if twice := [text for text, times in sent.items() if times > 1]:
            self._violation("the same was written twice", host, twice=twice, **detail)
        if task:
            self._reported.add(part.task)
        if task is None:
            if writes:
                self._violation("written by no task that is reported", host, **detail)
            return
        changed, detail["message"] = bool(task["result"].get("changed")), task["result"].get("msg")
        if task["status"] == "unreachable":
            self.figures.unreachable_after_a_write += bool(writes)
        elif writes and not changed:
            self._violation(f"{task['status']}, reported as unchanged, but written", host, **detail)
        elif task["status"] == "ok" and changed and not writes:
            self._violation("reported as changed, but nothing was written", host, **detail)
        if task["status"] == "ok" and not part.holds(server):
            self._violation("reported as done, but not as wanted", host, **detail)

    def _look_for_sessions(self) -> None:
        try:
            self._controller.wait_for_the_end()
        except AssertionError:
            left = {"processes": self._controller.sessions, "sockets": self._controller.sockets}
            self._violation("sessions are left on the controller", "", **left)

    def _look_for_shells(self, host: str, server: Server, met: list[dict[str, Any]]) -> None:
        for endpoint, left in server["shells_open"].items():
            if not left:
                continue
            own = [one for one in met if one["endpoint"] == endpoint and one["action"] in ("Create", "Delete")]
            if sum(one["action"] == "Delete" and one["kind"] in UNDONE for one in own) > 1:
                self.figures.shells_whose_deletion_was_lost_twice += left
            else:
                self._violation("a shell is left on the server", host, endpoint=endpoint, shells=left, met=own)
        # What one round has left is not to be counted again in the next.
        self._organisation.fault(server["name"], "lose_shells")

    def _look_for_what_is_left(self, before: dict[str, Any]) -> None:
        for host, server in self._servers(self._look()):
            if any(server["shells_open"].values()):
                self._violation("a shell is left at the end", host, shells=server["shells_open"])

        def has_settled() -> bool:
            now = self._held()
            return now["threads"] <= before["threads"] and now["descriptors"] <= before["descriptors"]

        try:
            wait_until(has_settled)
        except AssertionError:
            self._violation("connections are left at the simulator", "", before=before, after=self._held())
        if more := sorted(set(self._held()["files"]) - set(before["files"])):
            self._violation("files are left on the controller", "", files=more)
        if errors := self._organisation.errors():
            self._violation("the simulator failed", "", errors=errors[-2000:])

    def _held(self) -> dict[str, Any]:
        process = Path(f"/proc/{self._organisation.description['pid']}")
        home = self._controller.folder
        return {
            "threads": len(list((process / "task").iterdir())),
            "descriptors": len(list((process / "fd").iterdir())),
            "files": [str(path.relative_to(home)) for path in home.rglob("*")],
        }

    def _play(self) -> Outcome | None:
        """Run the playbook; None if it did not end, which is what nothing excuses."""
        controller = self._controller
        (controller.folder / "results.jsonl").unlink(missing_ok=True)
        process = subprocess.Popen(
            controller.command(PLAYBOOK, self._inventory, "--forks", str(len(self._organisation.servers))),
            env=controller.environment(TMPDIR=str(controller.folder)),
            cwd=controller.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=ROUND_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            self._violation("a round does not end", "", output=output[-2000:])
            return None
        return controller.outcome(process.returncode, output)

    def _meddle(self, name: str) -> None:
        """Another administrator changes up to three things, a day after the services were last started."""
        chance, server = self._chance, {"Server": name}
        mailbox, connector = {"Identity": self._mailbox(name)}, {"Identity": f"{name}\\{self._connector(name)}"}
        changes: list[tuple[str, str, dict[str, Any]]] = [
            ("exchange", "Set-PopSettings", {**server, "Banner": f"Round {self._round}."}),
            ("exchange", "Set-PopSettings", {**server, "MaxConnectionsPerUser": chance.randint(1, 31)}),
            ("exchange", "Set-PopSettings", {**server, "LoginType": "PlainTextLogin"}),
            ("exchange", "Set-PopSettings", {**server, "ExternalConnectionSettings": []}),
            ("exchange", "Set-PopSettings", {**server, "X509CertificateName": name}),
            ("exchange", "Set-ReceiveConnector", {**connector, "MaxMessageSize": "30MB"}),
            ("exchange", "Set-CASMailbox", {**mailbox, "PopEnabled": True}),
            ("windows", "Stop-Service", {"Name": POP[0]}),
            ("windows", "Set-Service", {"Name": POP[0], "StartupType": "Manual"}),
            ("windows", "Restart-Service", {"Name": POP[0]}),
        ]
        self._organisation.clock(86_400)
        for endpoint, cmdlet, parameters in chance.sample(changes, chance.randint(0, 3)):
            answer = self._organisation.run(name, cmdlet, parameters, endpoint=endpoint)
            if answer["errors"]:
                raise RuntimeError(answer["errors"])

    def _hosts(self) -> dict[str, Any]:
        given = {
            "ansible_exchange_command_timeout": COMMAND_TIMEOUT,
            "pop3_banner": SETTINGS["Banner"],
            "pop3_login_type": SETTINGS["LoginType"],
            "pop3_max_connections_per_user": SETTINGS["MaxConnectionsPerUser"],
            "pop3_x509_certificate_name": MAIL_NAME,
            "pop3_external_connection_settings": SETTINGS["ExternalConnectionSettings"],
            "pop3_certificate": {},
            "pop3_connector": {"max_message_size": "40MB", "advertise_client_settings": True},
            "pop3_probe": {"host": MAIL_NAME, "port": 20995, "ca_cert": self._organisation.description["ca"]},
        }
        hosts = inventory(self._organisation.description, **given, **dict(self._options.variable))
        for name in self._organisation.servers:
            # Mailboxes belong to the organisation: each server has one of its own, or they would meddle too.
            own = {"identities": [self._mailbox(name)], "enabled": False}
            hosts["exchange"]["hosts"][name.lower()]["pop3_mailboxes"] = own
        return hosts

    def _leave_certificates_out(self) -> None:
        """What they are assigned to is not known in the plain form, so another administrator has done it."""
        del self._inventory["exchange"]["vars"]["pop3_certificate"]
        self._parts = tuple(part for part in PARTS if part.holds is not has_certificate)
        for name in self._organisation.servers:
            self._organisation.enable_certificate(name, MAIL_NAME, "POP")

    def _look(self) -> dict[str, Server]:
        """The state of all servers, each with its connector for clients and its mailbox."""
        state: dict[str, Server] = self._organisation.state()["servers"]
        for name, server in state.items():
            answer = self._organisation.run(name, "Get-CASMailbox", {"Identity": self._mailbox(name)})
            server |= {"name": name, "client connector": self._connector(name), "mailbox": answer["output"][0]}
        return state

    def _servers(self, state: dict[str, Server]) -> Iterator[tuple[str, Server]]:
        return ((name.lower(), server) for name, server in state.items())

    def _writes(self, name: str) -> list[dict[str, Any]]:
        log = [one for one in self._organisation.log() if one["server"] == name and one["outcome"] == "ok"]
        return [one for one in log if any(one["cmdlet"] in part.cmdlets for part in PARTS)]

    def _requests(self) -> int:
        return sum(sum(one["requests"].values()) for one in self._organisation.state()["servers"].values())

    def _mailbox(self, name: str) -> str:
        return f"user{int(name.removeprefix('EX')):06}"

    def _connector(self, name: str) -> str:
        return f"Client {name}" if self._organisation.servers[name] == "2010" else f"Client Frontend {name}"

    def _violation(self, kind: str, host: str, **details: Any) -> None:
        self.figures.violations.append({"kind": kind, "round": self._round, "host": host, **details})


def _general(message: str, server: Server) -> str:
    """A reason without what differs from host to host, so that the same ones can be counted."""
    without = re.sub(rf"https?://\S+|127(\.\d+){{3}}|{server['name']}\S*", "…", message, flags=re.IGNORECASE)
    return without[:160]


def main() -> int:
    options = _arguments()
    # The WinRM shell needs a newer PowerShell than Exchange 2010 has.
    versions = VERSIONS[:-1] if ("ansible_exchange_transport", "winrm") in options.variable else VERSIONS
    servers = {f"EX{number:02}": versions[number % len(versions)] for number in range(1, options.servers + 1)}
    with (
        tempfile.TemporaryDirectory(prefix="mx-") as home,
        tempfile.TemporaryDirectory(prefix="mx-") as collections,
        SimulatorProcess(servers, password=PASSWORD, mailboxes=options.servers, **BASIC) as organisation,
    ):
        galaxy = [str(Path(sys.executable).parent / "ansible-galaxy"), "collection", "install", str(REPOSITORY)]
        subprocess.run([*galaxy, "-p", collections, "--offline", "--force"], check=True, capture_output=True)
        figures = Soak(organisation, Controller(Path(home), Path(collections)), options).run()
    text = json.dumps(vars(figures), indent=1, default=str)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 1 if figures.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=300, help="of the role, on all servers together")
    parser.add_argument("--servers", type=int, default=10, help="that are run on at a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one-in", type=int, default=10, help="so many requests meet a fault")
    parser.add_argument("--kind", action="append", type=_kind, help="of faults instead of the usual ones; repeatable")
    parser.add_argument(
        "--variable", action="append", default=[], type=_variable, metavar="NAME=VALUE", help="for the inventory"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


def _kind(text: str) -> Any:
    name, _, status = text.partition("=")
    return {"kind": name, "status": int(status)} if status else name


def _variable(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
