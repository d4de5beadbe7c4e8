"""Real mail servers for tests: Dovecot and Postfix from Debian, in a folder of their own, on addresses of their own.

Dovecot also runs for an ordinary user; Postfix, and installing the packages, need root.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import debian
from debian import Unavailable
from needed import ROOTS, do_without
from simulator_process import claim_block

from exchange_simulator.pki import Authority

NAME = "mail.contoso.test"
DOMAIN = "contoso.test"
# What Ansible must not take for a template.
GREETING = "Dovecot with {{ 6 * 7 }} mailboxes."
PACKAGES = ("dovecot-pop3d", "dovecot-imapd", "dovecot-lmtpd", "postfix")
PROGRAMS = (
    "/usr/sbin/dovecot",
    "/usr/lib/dovecot/pop3",
    "/usr/lib/dovecot/imap",
    "/usr/lib/dovecot/lmtp",
    "/usr/sbin/postfix",
)
# The real ports and these many more, so that no rights are needed to bind them.
OFFSET = 10000


def install() -> None:
    """Make sure that the programs are there."""
    # Otherwise Postfix would be set up as this machine's own mail server.
    answers = "postfix postfix/main_mailer_type select No configuration\n"
    debian.install("Dovecot and Postfix are", PROGRAMS, PACKAGES, answers=answers)


class MailServers:
    """Dovecot and Postfix with one mailbox store, and on each address another certificate."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        """``accounts`` are passwords by mail address."""
        self._accounts = dict(accounts)
        self._folder = Path(tempfile.mkdtemp(prefix="mail-"))
        # Other users' processes have to get to the sockets in it.
        self._folder.chmod(0o755)
        self._claim, first = claim_block()
        block = first.rpartition(".")[0]
        authority = Authority(self._folder / "ca")
        self.ca_file = authority.ca_file
        self._certificates = {
            "good": authority.issue([NAME, "imap.contoso.test"]),
            "wrong_name": authority.issue(["other.contoso.test"]),
            # Valid until the moment it was made.
            "expired": authority.issue([NAME], days=0),
            "self_signed": authority.self_signed([NAME]),
        }
        kinds = [*self._certificates, "without_tls"]
        self.addresses = {kind: f"{block}.{number}" for number, kind in enumerate(kinds, 1)}
        """The server's addresses by what is the matter with them."""
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start both, or only Dovecot where Postfix is not possible."""
        self._run("dovecot", "/usr/sbin/dovecot", "-F", "-c", str(self._write_dovecot()))
        ports = [110, 995, 143, 993]
        if self.sends:
            self._start_postfix()
            ports.append(587)
        for address in self.addresses.values():
            for port in ports:
                self._wait_for(address, port + OFFSET)

    @property
    def sends(self) -> bool:
        """Whether there is a Postfix too."""
        return os.geteuid() == 0

    def stop(self) -> None:
        """End all, and leave nothing behind."""
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGCONT)
            debian.end(process)
        self._claim.close()
        shutil.rmtree(self._folder)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """All processes stand still: the system still takes connections for them, and nobody answers."""
        for process in self._processes:
            os.killpg(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in self._processes:
                os.killpg(process.pid, signal.SIGCONT)

    def messages(self, address: str) -> list[Path]:
        """The messages in a mailbox, as Dovecot keeps them."""
        box = self._folder / "store" / address / "Maildir"
        return sorted(path for folder in ("new", "cur") for path in (box / folder).glob("*"))

    def put(self, address: str, text: str) -> None:
        """Deliver a message as another mail server would."""
        done = subprocess.run(
            ["/usr/lib/dovecot/dovecot-lda", "-c", str(self._folder / "dovecot.conf"), "-d", address],
            input=text.encode(),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def log(self) -> str:
        """What both have written down."""
        return "".join(file.read_text() for file in sorted(self._folder.glob("*.log")))

    def _start_postfix(self) -> None:
        folder = self._write_postfix()
        # This makes what the queue needs.
        subprocess.run(["/usr/sbin/postfix", "-c", str(folder), "check"], capture_output=True, check=True)
        home = subprocess.run(
            ["/usr/sbin/postconf", "-dh", "daemon_directory"], capture_output=True, text=True, check=True
        )
        # `postfix start` would leave the process group, and with it the tests' reach.
        self._run("postfix", f"{home.stdout.strip()}/master", "-d", "-c", str(folder))

    def _run(self, name: str, *command: str) -> None:
        self._processes.append(debian.run(self._folder / f"{name}.err", *command))

    def _wait_for(self, address: str, port: int) -> None:
        try:
            debian.wait_for(address, port)
        except Unavailable as reason:
            said = "".join(file.read_text() for file in self._folder.glob("*.err")) + self.log()
            raise Unavailable(f"{reason}: {said[-2000:]}") from None

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        return path

    def _write_dovecot(self) -> Path:
        """Every certificate on its own address."""
        version = subprocess.run(["/usr/sbin/dovecot", "--version"], capture_output=True, text=True, check=True).stdout
        new = tuple(int(part) for part in version.split()[0].split(".")[:2]) >= (2, 4)
        store = self._folder / "store"
        store.mkdir()
        root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid()).pw_name
        owner = pwd.getpwnam("nobody" if root else me)
        os.chown(store, owner.pw_uid, owner.pw_gid)
        users = self._write(
            "users", "".join(f"{address}:{{PLAIN}}{password}\n" for address, password in self._accounts.items())
        )
        users.chmod(0o640)
        if root:
            os.chown(users, 0, pwd.getpwnam("dovecot").pw_gid)

        def certificate(kind: str) -> str:
            path = self._certificates[kind]
            if new:
                return f"ssl_server_cert_file = {path}\nssl_server_key_file = {path}"
            return f"ssl_cert = <{path}\nssl_key = <{path}"

        listen = ", ".join(self.addresses.values())
        clear_text = "auth_allow_cleartext = yes" if new else "disable_plaintext_auth = no"
        parts = [
            f"base_dir = {self._folder}/run",
            f"state_dir = {self._folder}/run",
            f"log_path = {self._folder}/dovecot.log",
            f"listen = {listen}",
            "ssl = yes",
            f"login_greeting = {GREETING}",
            certificate("good"),
            # A wrong password is answered at once, however often.
            "auth_failure_delay = 0 secs",
            "service anvil {\n unix_listener anvil-auth-penalty {\n mode = 0\n}\n}",
        ]
        if new:
            parts = ["dovecot_config_version = 2.4.0", "dovecot_storage_version = 2.4.0", *parts]
            parts += ["protocols {\n pop3 = yes\n imap = yes\n lmtp = yes\n}"]
            parts += ["mail_driver = maildir", "mail_path = ~/Maildir", "auth_allow_cleartext = no"]
            parts += [f"passdb passwd-file {{\n passwd_file_path = {users}\n}}"]
            parts += [
                f"userdb static {{\n fields {{\n uid = {owner.pw_uid}\n gid = {owner.pw_gid}\n"
                f" home = {store}/%{{user}}\n}}\n}}"
            ]
        else:
            parts += ["protocols = pop3 imap lmtp", "mail_location = maildir:~/Maildir", "disable_plaintext_auth = yes"]
            parts += [f"passdb {{\n driver = passwd-file\n args = {users}\n}}"]
            parts += [f"userdb {{\n driver = static\n args = uid={owner.pw_uid} gid={owner.pw_gid} home={store}/%u\n}}"]
        for kind in ("wrong_name", "expired", "self_signed"):
            parts.append(f"local {self.addresses[kind]} {{\n{certificate(kind)}\n}}")
        parts.append(f"local {self.addresses['without_tls']} {{\nssl = no\n{clear_text}\n}}")
        for protocol, plain, encrypted in (("pop3", 110, 995), ("imap", 143, 993)):
            secure = f"{protocol}s"
            restricted = "" if root else " chroot =\n"
            parts.append(
                f"service {protocol}-login {{\n{restricted} inet_listener {protocol} {{\n port = {plain + OFFSET}\n}}\n"
                f" inet_listener {secure} {{\n port = {encrypted + OFFSET}\n ssl = yes\n}}\n}}"
            )
        # Whoever hands in mail has the rights of Postfix.
        parts.append(f"service auth {{\n unix_listener {self._folder}/sasl {{\n mode = 0666\n}}\n}}")
        parts.append(f"service lmtp {{\n unix_listener {self._folder}/lmtp {{\n mode = 0666\n}}\n}}")
        if not root:
            group = grp.getgrgid(os.getegid()).gr_name
            parts += [f"default_internal_user = {me}", f"default_internal_group = {group}"]
            parts += [f"default_login_user = {me}", "service anvil {\n chroot =\n}"]
        return self._write("dovecot.conf", "\n".join(parts) + "\n")

    def _write_postfix(self) -> Path:
        """A submission service on every address; it delivers to Dovecot by LMTP."""
        folder = self._folder / "postfix"
        for name in ("", "queue", "data"):
            (folder / name).mkdir()
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        senders = self._write("senders", "".join(f"{address} {address}\n" for address in self._accounts))
        main = {
            "compatibility_level": "3.6",
            "queue_directory": folder / "queue",
            "data_directory": folder / "data",
            "maillog_file": self._folder / "postfix.log",
            "maillog_file_prefixes": self._folder,
            "myhostname": NAME,
            "mydestination": "",
            "alias_maps": "",
            "inet_interfaces": "loopback-only",
            "virtual_mailbox_domains": DOMAIN,
            "virtual_transport": f"lmtp:unix:{self._folder}/lmtp",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_auth_only": "yes",
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": f"{self._folder}/sasl",
            "smtpd_sender_login_maps": f"texthash:{senders}",
            "smtpd_sender_restrictions": "reject_sender_login_mismatch",
            "smtpd_recipient_restrictions": "permit_sasl_authenticated, reject",
        }
        (folder / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
        services = [
            "postlog unix-dgram n - n - 1 postlogd",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "lmtp unix - - n - - lmtp",
            "anvil unix - - n - 1 anvil",
            "proxymap unix - - n - - proxymap",
        ]
        for kind, address in self.addresses.items():
            with_ = self._certificates.get(kind)
            tls = f"smtpd_tls_chain_files={with_}" if with_ else "smtpd_tls_security_level=none"
            services.append(f"{address}:{587 + OFFSET} inet n - n - - smtpd -o {tls}")
        (folder / "master.cf").write_text("".join(f"{service}\n" for service in services))
        return folder


@contextlib.contextmanager
def running(passwords: Mapping[str, str]) -> Iterator[MailServers]:
    """Both servers for as long as tests need them, or an end of these tests."""
    try:
        install()
        servers = MailServers(passwords)
    except Unavailable as reason:
        do_without(ROOTS, reason)
    try:
        try:
            servers.start()
        except Unavailable as reason:
            do_without(ROOTS, reason)
        yield servers
    finally:
        servers.stop()
