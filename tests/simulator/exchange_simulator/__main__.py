"""``python -m exchange_simulator``: one process plays all servers of one organisation."""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from .auth import Accounts
from .control import Control
from .engines import Engine, OwnEngine
from .organisation import Organisation
from .real.build import EngineFailure, Program
from .real.engine import PowerShellEngine
from .web import Wire
from .wsman import profiles

VERSIONS = ("SE", "2019", "2016", "2013", "2010")
PASSWORD_VARIABLE = "EXCHANGE_SIMULATOR_PASSWORD"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"exchange_simulator: {message}\n")


def main() -> int:
    """Start, say where everything is, and serve until told to end."""
    parser = _arguments()
    options = parser.parse_args()
    password = os.environ.pop(PASSWORD_VARIABLE, "")
    if not password:
        parser.error(f"the password is expected in the environment variable {PASSWORD_VARIABLE}")

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if options.exit_with_parent:
        threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()

    directory: Path = options.directory.resolve()
    accounts = Accounts(options.user, password, options.domain, directory, keytab=options.keytab, realm=options.realm)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        organisation = Organisation(
            servers=options.server,
            domain=options.domain,
            directory=directory,
            first_address=options.address,
            port_offset=options.port_offset,
            domain_controllers=options.domain_controllers,
            replication_delay=options.replication_delay,
            user=options.user,
            administrator=options.administrator,
            mailbox_user=options.mailbox_user,
            mailboxes=options.mailboxes,
            child_domain=options.child_domain,
            child_mailboxes=options.child_mailboxes,
        )
        for name, alias in options.mailbox:
            organisation.mailboxes.add(name, alias)
        organisation.mailboxes.keep()
        organisation.accounts |= {one.account: password for one in organisation.mailboxes if not one.is_monitoring}
        wire = Wire(
            organisation,
            accounts,
            port_offset=options.port_offset,
            shell_limit=options.shell_limit,
            profiles=profiles(
                basic=options.exchange_basic_authentication, windows=options.exchange_windows_authentication
            ),
            engine=_engine(options, organisation),
        )
        accounts.publish()
        try:
            wire.start()
            organisation.start_listeners()
            control = Control(organisation, wire).start(options.control_port)
            _announce(directory, _description(options, organisation, wire, control, directory))
            ended.wait()
        finally:
            accounts.withdraw()
            wire.close()
            organisation.stop_listeners()
    except (EngineFailure, OSError) as error:
        parser.error(f"cannot start: {error}")
    return 0


def _engine(options: argparse.Namespace, organisation: Organisation) -> Engine:
    if options.engine == "own":
        return OwnEngine(organisation, options.powershell_start)
    if options.powershell_start:
        raise EngineFailure("a real PowerShell takes its own time to start, so --powershell-start has no meaning")
    program = shutil.which(options.pwsh)
    if program is None:
        raise EngineFailure(f"there is no program {options.pwsh}; name a PowerShell with --pwsh")
    cache: Path = options.engine_cache or options.directory / "engine"
    # Import-Module takes a relative path for the name of a module.
    return PowerShellEngine(organisation, Program(Path(program), cache.absolute()))


def _arguments() -> _Parser:
    parser = _Parser(prog="exchange_simulator", description=__doc__)
    parser.add_argument("--server", action="append", required=True, type=_server, metavar="NAME:VERSION")
    parser.add_argument("--domain", default="contoso.test")
    parser.add_argument(
        "--address", default="127.0.1.1", type=_loopback, help="of the first server; the next follow it"
    )
    parser.add_argument("--port-offset", default=20000, type=int, help="added to every real port")
    parser.add_argument("--control-port", default=0, type=int)
    parser.add_argument("--directory", required=True, type=Path, help="for certificates and simulator.json")
    parser.add_argument("--domain-controllers", default=1, type=int)
    parser.add_argument(
        "--child-domain", default="", metavar="FQDN", help="a second domain of the forest, with as many controllers"
    )
    parser.add_argument("--child-mailboxes", default=0, type=int, help="so many there, emea000001 and so on")
    parser.add_argument("--replication-delay", default=0.0, type=float, metavar="SECONDS")
    parser.add_argument("--user", default="administrator", help=f"his password comes from {PASSWORD_VARIABLE}")
    parser.add_argument(
        "--administrator",
        type=_mailbox,
        metavar="NAME:ALIAS",
        help="the built-in administrator where that is not the user; NAME is his account's as well",
    )
    parser.add_argument(
        "--mailbox-user",
        default="reader",
        help="the user, with the same password, whose mailbox POP3 and IMAP4 open; the other one's they refuse",
    )
    parser.add_argument("--mailboxes", default=0, type=int, help="so many more, user000001 and so on, same password")
    parser.add_argument(
        "--mailbox", action="append", default=[], type=_mailbox, metavar="NAME:ALIAS", help="one more mailbox"
    )
    parser.add_argument(
        "--keytab", type=Path, help="accept Kerberos; keys of HTTP/<fqdn> and WSMAN/<fqdn> of every server"
    )
    parser.add_argument("--realm", help="the user's Kerberos realm, if not the domain in upper case")
    parser.add_argument(
        "--exchange-basic-authentication", action="store_true", help="/PowerShell takes Basic over TLS beside Kerberos"
    )
    parser.add_argument(
        "--exchange-windows-authentication",
        action="store_true",
        help="/PowerShell takes NTLM and Negotiate beside Kerberos",
    )
    parser.add_argument("--shell-limit", default=18, type=int)
    parser.add_argument(
        "--engine",
        choices=("own", "pwsh"),
        default="own",
        help="what runs the pipelines: the simulator itself, or a real PowerShell",
    )
    parser.add_argument(
        "--powershell-start",
        default=0.0,
        type=float,
        metavar="SECONDS",
        help="what a powershell.exe takes to start, and a session at the endpoint of Windows",
    )
    parser.add_argument("--pwsh", type=Path, default="pwsh", help="the program of the real PowerShell")
    parser.add_argument("--engine-cache", type=Path, help="where what was compiled for it is kept")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input is closed")
    return parser


def _server(text: str) -> tuple[str, str]:
    name, _, version = text.partition(":")
    if not name or version not in VERSIONS:
        raise argparse.ArgumentTypeError(f"{text} is not NAME:VERSION with a version of {', '.join(VERSIONS)}")
    return name, version


def _mailbox(text: str) -> tuple[str, str]:
    name, _, alias = text.partition(":")
    if not name or not alias:
        raise argparse.ArgumentTypeError(f"{text} is not NAME:ALIAS")
    return name, alias


def _loopback(text: str) -> str:
    try:
        if ipaddress.IPv4Address(text).is_loopback:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text} is not a loopback address (127.x.y.z)")


def _wait_for_end_of_input(ended: threading.Event) -> None:
    # Not sys.stdin: its lock, held by a thread that still waits, aborts the interpreter at its end.
    while os.read(0, 4096):
        pass
    ended.set()


def _description(
    options: argparse.Namespace, organisation: Organisation, wire: Wire, control: str, directory: Path
) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "control": control,
        "ca": str(organisation.ca_file),
        "user_certificate": str(organisation.user_certificate),
        "domain": options.domain,
        "user": options.user,
        "mailbox_user": options.mailbox_user,
        "servers": {
            name: {
                "fqdn": server.fqdn,
                "version": server.version,
                "address": server.address,
                **wire.ports(name),
                "port_offset": options.port_offset,
            }
            for name, server in organisation.servers.items()
        },
    }


def _announce(directory: Path, description: dict[str, object]) -> None:
    text = json.dumps(description)
    unfinished = directory / "simulator.json.new"
    unfinished.write_text(text + "\n")
    unfinished.replace(directory / "simulator.json")
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
