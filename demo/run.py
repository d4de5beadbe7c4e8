"""The demo: POP3 on three simulated Exchange servers, one step after the other, each checked before the next begins."""

from __future__ import annotations

import ast
import json
import os
import poplib
import re
import secrets
import select
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

import yaml

DEMO = Path(__file__).resolve().parent
ROOT = DEMO.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from simulator_process import BASIC, SimulatorProcess  # noqa: E402 - the simulator belongs to the tests, which are no package

SERVERS = {"EX01": "SE", "EX02": "2019", "EX03": "2016"}
# As in inventory.yml; the others get the next addresses.
ADDRESS = "127.0.1.1"
PORT_OFFSET = 20000
MAIL_NAME = "mail.contoso.test"
# It outlives the demo, to be looked at.
OUTPUT = ROOT / ".cache" / "demo"
READER, OTHER = "reader@contoso.test", "other@contoso.test"
BANNER = "Welcome to the mail of Contoso."
REPLIES = DEMO / "replies.yml"
COMMENT = "Yes, please order it."
# A look takes a second; the next one would come after half an hour.
LONGEST_LOOK = 120
WRITING = ("Add-", "Enable-", "Restart-", "Set-", "Start-", "Stop-")
COLOR = re.compile(r"\x1b\[[0-9;]*m")
PRINTED_EVENT = re.compile(r"\[event\] \*+\n(?P<event>.+?)\n\*+$", re.DOTALL | re.MULTILINE)
RECAP = re.compile(r"^(?P<host>\S+)\s+: (?P<counts>ok=\d+ .*)$", re.MULTILINE)


class Unexpected(Exception):
    """A step did not show what it should have."""


@dataclass(frozen=True)
class Play:
    """What a playbook run printed, how it ended for each host, and which writing cmdlets reached the servers."""

    text: str
    recap: dict[str, dict[str, int]]
    written: list[str]

    def changed(self, server: str) -> int:
        """Number of changed tasks of a server."""
        return self.recap[f"{server.lower()}.contoso.test"]["changed"]


def say(sentence: str) -> None:
    """Announce a step."""
    print(f"\n>>> {sentence}\n", flush=True)


def expect(held: bool, sentence: str) -> None:
    """Go on only if the step showed what it should."""
    if not held:
        raise Unexpected(sentence)


class Demo:
    """The simulated organization, and the collection installed beside it as a user would install it."""

    def __init__(self, simulator: SimulatorProcess, work: Path, password: str) -> None:
        self.simulator = simulator
        self.work = work
        self.bin = Path(sys.executable).parent
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")} | {
            "ANSIBLE_COLLECTIONS_PATH": str(work / "collections"),
            "ANSIBLE_CONFIG": str(DEMO / "ansible.cfg"),
            "ANSIBLE_HOME": str(work / "ansible"),
            "EXCHANGE_DEMO_CA": str(simulator.description["ca"]),
            "EXCHANGE_DEMO_STATE": str(work / "state"),
            "EXCHANGE_SIMULATOR_PASSWORD": password,
            # ansible-rulebook looks for ansible-galaxy there.
            "PATH": f"{self.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }
        if sys.stdout.isatty():
            self.environment["ANSIBLE_FORCE_COLOR"] = "true"

    def install(self) -> None:
        """Build the collection and install it away from the checkout."""
        command = ["collection", "install", str(ROOT), "--collections-path", str(self.work / "collections")]
        with self._started("ansible-galaxy", *command, "--offline", "--force") as process:
            text, _ = process.communicate()
        expect(process.returncode == 0, f"the collection was not installed:\n{text}")

    def play(self, playbook: str = "mailops.exchange.enable_pop3", *arguments: str) -> Play:
        """Run a playbook, showing its output as it comes."""
        before = len(self.simulator.log())
        lines: list[str] = []
        with self._started("ansible-playbook", playbook, *arguments) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                lines.append(COLOR.sub("", line))
            process.wait()
        text = "".join(lines)
        expect(process.returncode == 0, f"ansible-playbook ended with status {process.returncode}")
        recap = {
            found["host"]: {key: int(count) for key, count in (pair.split("=") for pair in found["counts"].split())}
            for found in RECAP.finditer(text)
        }
        expect(len(recap) == len(SERVERS), "the recap does not name every server")
        written = [call["cmdlet"] for call in self.simulator.log()[before:] if call["cmdlet"].startswith(WRITING)]
        return Play(text, recap, written)

    def runs_rulebooks(self) -> bool:
        """Whether ansible-rulebook is here, with a Java that it takes."""
        if not (self.bin / "ansible-rulebook").exists():
            return False
        with self._started("ansible-rulebook", "--version") as process:
            process.communicate()
        return process.returncode == 0

    def event_by_rulebook(self) -> dict[str, Any]:
        """What the rulebook prints, which ends with the first event."""
        variables = ",".join(re.findall(r"{{ (\w+) }}", REPLIES.read_text(encoding="utf-8")))
        with self._started("ansible-rulebook", "--rulebook", str(REPLIES), "--env-vars", variables) as process:
            try:
                text, _ = process.communicate(timeout=LONGEST_LOOK)
            except subprocess.TimeoutExpired:
                process.kill()
                text, _ = process.communicate()
        print(text, flush=True)
        printed = PRINTED_EVENT.search(text)
        if not printed:
            raise Unexpected(f"the rulebook printed no event, and ended with status {process.returncode}")
        return dict(ast.literal_eval(printed["event"]))

    def event_by_source(self) -> dict[str, Any]:
        """The first event of the event source that runs by itself, with the options that it has in the rulebook."""
        (rules,) = yaml.safe_load(REPLIES.read_text(encoding="utf-8"))
        options = {
            name: self.environment[value.strip("{} ")] if str(value).startswith("{{") else value
            for name, value in rules["sources"][0]["mailops.exchange.mailbox"].items()
        }
        collection = self.work / "collections" / "ansible_collections" / "mailops" / "exchange"
        source = collection / "extensions" / "eda" / "plugins" / "event_source" / "mailbox.py"
        with self._started(Path(sys.executable).name, str(source), given=json.dumps(options)) as process:
            output = process.stdout
            line = output.readline() if output and select.select([output], [], [], LONGEST_LOOK)[0] else ""
            process.terminate()
            rest, _ = process.communicate()
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            raise Unexpected(f"the event source gave no event:\n{line}{rest}") from None
        print(json.dumps(event, indent=2), flush=True)
        return event

    @contextmanager
    def _started(self, program: str, *arguments: str, given: str | None = None) -> Iterator[subprocess.Popen[str]]:
        """Run a program of the virtual environment, and end it if the demo is interrupted."""
        process = subprocess.Popen(
            [str(self.bin / program), *arguments],
            cwd=DEMO,
            env=self.environment,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A Ctrl-C in the terminal is passed on below, once, instead of reaching every process by itself.
            start_new_session=True,
        )
        try:
            if process.stdin:
                with process.stdin as stdin:
                    stdin.write(given or "")
                # Otherwise communicate() flushes it once more.
                process.stdin = None
            yield process
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            raise


class MailClient(poplib.POP3):
    """A POP3 client that knows the server by its public name, which only the demo's certificate carries."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext, *, implicit_tls: bool) -> None:
        self._address = address
        self._context = context
        self._implicit_tls = implicit_tls
        super().__init__(MAIL_NAME, port, timeout=10)

    def _create_socket(self, timeout: float) -> socket.socket:
        connection = socket.create_connection((self._address, self.port), timeout)
        return self._context.wrap_socket(connection, server_hostname=self.host) if self._implicit_tls else connection


class Submission(smtplib.SMTP):
    """An SMTP client that knows the server by its public name, as the one above."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(MAIL_NAME, PORT_OFFSET + 587, local_hostname="client.contoso.test", timeout=10)

    def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


def read_banners(address: str, context: ssl.SSLContext) -> None:
    """Show what a POP3 client sees on the encrypted port and, after STLS, on the other one."""
    for port in (995, 110):
        client = MailClient(address, PORT_OFFSET + port, context, implicit_tls=port == 995)
        welcome = client.getwelcome().decode()
        if port == 110:
            client.stls(context)
        protocol = client.sock.version()
        client.quit()
        print(f"{address} port {port}: {welcome}  [{protocol}, certificate of {MAIL_NAME} verified]", flush=True)
        expect(BANNER in welcome, f"port {port} of {address} does not show the new banner")


def can_log_on(address: str, context: ssl.SSLContext, user: str, password: str) -> bool:
    """Whether POP3 opens the user's mailbox."""
    client = MailClient(address, PORT_OFFSET + 995, context, implicit_tls=True)
    try:
        client.user(user)
        client.pass_(password)
    except poplib.error_proto as refusal:
        print(f"{user}: {refusal.args[0].decode()}", flush=True)
        return False
    finally:
        client.close()
    print(f"{user}: logged on", flush=True)
    return True


def send_reply(address: str, context: ssl.SSLContext, password: str) -> str:
    """Answer a message of the program as a mail program does, and return the message id of the answer."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Other Person <{OTHER}>", READER
    mail["Subject"] = "Re: Task 17: a printer"
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = "<reply-17@contoso.test>"
    mail["In-Reply-To"] = "<task-17@app.contoso.test>"
    mail.set_content(
        f"{COMMENT}\n\nOn Monday the application wrote:\n> May the printer be ordered?\n\n-- \nOther Person, Contoso\n"
    )
    with Submission(address) as client:
        client.starttls(context=context)
        client.login(OTHER, password)
        client.send_message(mail)
    print(mail, flush=True)
    return "reply-17@contoso.test"


def messages(address: str, context: ssl.SSLContext, user: str, password: str) -> bytes:
    """The headers of all that is in a mailbox."""
    client = MailClient(address, PORT_OFFSET + 995, context, implicit_tls=True)
    client.user(user)
    client.pass_(password)
    headers = [line for number in range(client.stat()[0]) for line in client.top(number + 1, 0)[1]]
    client.quit()
    return b"\n".join(headers)


def replies(demo: Demo, address: str, context: ssl.SSLContext, password: str) -> None:
    """A mailbox that a program reads: it is closed to everything else, and a reply to it becomes an event."""
    say("A program will read that mailbox: it is closed to all other clients, and tested as the program would use it.")
    prepared = demo.play("mailops.exchange.application_mailbox")
    expect(prepared.written == ["Set-CASMailbox"], f"more than the mailbox was changed: {prepared.written}")
    expect("Use SSL/TLS: yes" in prepared.text, "the settings for the program are not shown")

    say("Somebody replies to a message of the program, through port 587.")
    message_id = send_reply(address, context, password)

    if demo.runs_rulebooks():
        say("A rulebook prints the event that the event source creates from it, and ends.")
        event = demo.event_by_rulebook()["mailbox"]
    else:
        say(
            "The event source creates an event from it. It runs alone, because a rulebook needs ansible-rulebook and "
            "Java."
        )
        event = demo.event_by_source()["mailbox"]
    expect((event["type"], event.get("ours")) == ("reply", True), f"the reply was not taken for one: {event}")
    expect(event["sender"] == OTHER, f"the event has another sender: {event['sender']}")
    expect(event["text"].strip() == COMMENT, f"the event has more or less than the comment: {event['text']!r}")
    left = messages(address, context, READER, password)
    expect(message_id.encode() in left, "the reply was deleted")


def pages(demo: Demo) -> tuple[Path, Path]:
    """What people look at: the report on the servers, and the hand-out for users; returns where they are."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    page = OUTPUT / "report.html"
    say("The report shows everything about the three servers on one page, with JSON for other programs beside it.")
    told = demo.play("mailops.exchange.report", "-e", f"report_file={page}")
    expect(not told.written, f"the report wrote: {told.written}")
    summary = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))["summary"]
    expect(summary["in_sync"] == summary["servers"] == len(SERVERS), f"not every server is in sync: {summary}")
    expect(summary["sentence"] in page.read_text(encoding="utf-8"), "the page does not say what its JSON says")

    say("The handout has the settings for users and their mail programs, for what is enabled: POP3, and not IMAP4.")
    folder = OUTPUT / "handout"
    # Nobody listens at users' own ports, see inventory.yml.
    ports = {f"{MAIL_NAME}:{port}": f"{ADDRESS}:{PORT_OFFSET + port}" for port in (110, 587, 995)}
    probe = {"handout_probe": {"ca_cert": str(demo.simulator.description["ca"]), "connect_to": ports}}
    given = demo.play("mailops.exchange.handout", "-e", f"handout_folder={folder}", "-e", json.dumps(probe))
    expect(not given.written, f"the hand-out wrote: {given.written}")
    configuration = (folder / "external" / "config-v1.1.xml").read_text(encoding="utf-8")
    named = re.findall("<port>(.*)</port>", configuration)
    expect(named == ["995", "110", "587"], f"mail programs are given other ports: {named}")
    expect("imap" not in configuration, "mail programs are given IMAP4, which is off")
    for language in ("en", "de"):
        # The page lets a browser break a line after a dot.
        text = (folder / f"handout.{language}.html").read_text(encoding="utf-8").replace("<wbr>", "")
        expect(MAIL_NAME in text, f"the page in the language {language} does not name the server")
    return page, folder


def steps(demo: Demo, password: str) -> None:
    """The whole demo, in order."""
    simulator = demo.simulator
    servers = simulator.description["servers"]
    context = ssl.create_default_context(cafile=simulator.description["ca"])

    say("Three Exchange servers, EX01 (SE), EX02 (2019) and EX03 (2016), are as after installation: POP3 is off.")
    for name, server in simulator.state()["servers"].items():
        services = {
            service: told["status"] for service, told in server["services"].items() if "POP3" in service.upper()
        }
        print(f"{name}: {services}")
        expect(set(services.values()) == {"Stopped"}, f"POP3 is not off on {name}")

    say("The preflight reports what keeps clients from POP3, why it matters, and the fix. It changes nothing.")
    preflight = demo.play("mailops.exchange.preflight", "-e", '{"preflight_protocols": ["pop3"]}')
    expect("fix:" in preflight.text, "the preflight found nothing on a server whose POP3 is off")
    expect(not preflight.written, f"the preflight wrote: {preflight.written}")

    say("Check mode with diff shows what enabling POP3 would change. Nothing is written.")
    drift = demo.play("mailops.exchange.enable_pop3", "--check", "--diff")
    expect(all(drift.changed(name) for name in SERVERS), "check mode did not find that POP3 is off")
    expect(BANNER in drift.text, "the diff does not show the banner")
    expect(not drift.written, f"check mode wrote: {drift.written}")

    say("The run enables POP3, one server after the other: certificate, settings, services, connector, mailboxes.")
    run = demo.play()
    expect(all(run.changed(name) for name in SERVERS), "the run changed nothing")
    expect(
        run.written.count("Set-PopSettings") == len(SERVERS), f"not one Set-PopSettings for each server: {run.written}"
    )

    say("The second run finds everything in place: changed=0, and no cmdlet that writes.")
    again = demo.play()
    expect(not any(again.changed(name) for name in SERVERS), "the second run changed something")
    expect(not again.written, f"the second run wrote: {again.written}")

    say("Outside of Ansible, another administrator allows passwords in clear text on EX02.")
    answer = simulator.run("EX02", "Set-PopSettings", {"Server": "EX02", "LoginType": "PlainTextLogin"})
    expect(not answer["errors"], f"the simulator refused the change: {answer['errors']}")
    print("EX02: Set-PopSettings -Server EX02 -LoginType PlainTextLogin")

    say("The drift report finds exactly that, on EX02 only.")
    found = demo.play("mailops.exchange.drift")
    expect(
        bool(re.search(r"ex02\.contoso\.test\s+pop3\s+settings\s+login_type", found.text)), "the drift was not found"
    )
    expect(found.text.count("in sync") == len(SERVERS) - 1, "the drift was not found on EX02 alone")
    expect(not found.written, f"the report wrote: {found.written}")

    say("A run fixes it, and restarts the services of EX02 only.")
    repaired = demo.play()
    expect(
        [name for name in SERVERS if repaired.changed(name)] == ["EX02"], "the drift was not put right on EX02 alone"
    )

    say(f"A POP3 client reads the new banner on ports 995 and 110 (STLS), and verifies the certificate of {MAIL_NAME}.")
    for server in servers.values():
        read_banners(server["address"], context)

    say("One mailbox was given POP3 and no other has it: the first can sign in, the second cannot.")
    address = servers["EX01"]["address"]
    expect(can_log_on(address, context, READER, password), f"{READER} cannot log on")
    expect(not can_log_on(address, context, OTHER, password), f"{OTHER} can log on")

    say("A message is sent through port 587 of each server and fetched by POP3.")
    trip = demo.play(str(DEMO / "round_trip.yml"))
    expect(trip.text.count("Fetched by POP3") >= len(SERVERS), "not every server delivered the message")

    replies(demo, address, context, password)

    say("Adopt writes the variables that reproduce each server; a run with these alone changes nothing.")
    adopted = demo.work / "adopted"
    demo.play("mailops.exchange.adopt", "-e", f"adopt_folder={adopted / 'host_vars'}")
    (adopted / "inventory.yml").write_text((DEMO / "inventory.yml").read_text(encoding="utf-8"), encoding="utf-8")
    same = demo.play("mailops.exchange.enable_pop3", "-i", str(adopted / "inventory.yml"))
    expect(not any(same.changed(name) for name in SERVERS), "the adopted variables do not reproduce the servers")
    expect(not same.written, f"the run with the adopted variables wrote: {same.written}")

    page, folder = pages(demo)
    for name, server in simulator.state()["servers"].items():
        expect(not any(server["shells_open"].values()), f"PowerShell sessions were left open on {name}")
    say("Done: every step showed what it should, and no PowerShell session was left open.")
    print(f"The report: {page}")
    print(f"The handout: {folder}", flush=True)


def main() -> int:
    """Run the demo; the exit status is 0 only if every step showed what it should."""
    # Turned into an exception, so that everything started here is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory(prefix="exchange-demo-") as directory:
        work = Path(directory)
        simulator = SimulatorProcess(
            SERVERS,
            password=password,
            directory=work / "simulator",
            address=ADDRESS,
            mailbox="Other Person:other",
            **BASIC,
        )
        try:
            simulator.start()
            demo = Demo(simulator, work, password)
            demo.install()
            steps(demo, password)
        except Unexpected as unexpected:
            print(f"\nThe demo did not show what it should: {unexpected}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nInterrupted.", file=sys.stderr)
            return 128 + signal.SIGINT
        finally:
            simulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
