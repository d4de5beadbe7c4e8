# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A visit to a mail service: connect, encrypt, verify, log on, and one sentence on what went wrong on the way."""

from __future__ import annotations

import contextlib
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, cast

from ansible_collections.mailops.exchange.plugins.module_utils._host.failures import (
    Failure,
    quoted,
    shortened,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.clients import NoAnswer
from ansible_collections.mailops.exchange.plugins.module_utils._mail.dialogues import (
    Answer,
    AnyDialogue,
    Imap4,
    Pop3,
    Rejected,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.shown_certificate import (
    describe_certificate,
    why_refused,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.sockets import (
    Deadline,
    Flooded,
    LimitedSocket,
    OutOfTime,
    Traffic,
)
from ansible_collections.mailops.exchange.plugins.module_utils._mail.target import MailTarget, Trust
from ansible_collections.mailops.exchange.plugins.module_utils._mail.words import clean, forms_of_password

MOST_CAPABILITIES = 100
TLS_ALERT = b"\x15"


@dataclass(frozen=True)
class Account:
    """Who logs on, and what is expected to come of it."""

    user: str
    password: str = field(repr=False)
    in_clear: bool = False
    succeeds: bool = True


@dataclass
class Report:
    """What was seen so far; a probe that fails returns it too."""

    reachable: bool = False
    banner: str | None = None
    capabilities: list[str] = field(default_factory=list)
    encryption: dict[str, Any] | None = None
    certificate: dict[str, Any] | None = None
    logon: dict[str, Any] = field(default_factory=lambda: {"attempted": False, "ok": None, "answer": None})
    round_trip: dict[str, Any] | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """As the module returns it; a message whose fate is unknown counts as sent."""
        changed = self.round_trip is not None and self.round_trip["sent"] is not False
        return {"changed": changed, **asdict(self)}


class MailService(Generic[AnyDialogue]):
    """One mail service, visited as a mail program would."""

    def __init__(
        self,
        kind: type[AnyDialogue],
        target: MailTarget,
        deadline: Deadline,
        *,
        account: Account | None = None,
        validate: bool = True,
    ) -> None:
        if account and target.encryption == "none" and not account.in_clear:
            raise Failure(
                f"password: {target} is reached without encryption, and a password is not sent over such a connection; "
                "set encryption, or allow_plain_text_password if this is intended."
            )
        self.target = target
        self._kind = kind
        self._deadline = deadline
        self._account = account
        self._validate = validate
        self._secrets = forms_of_password(account.user, account.password) if account else ()
        self._traffic = Traffic(deadline)

    def clean(self, said: bytes | str) -> str:
        """A server's words, ready to be shown."""
        return clean(said, self._secrets)

    @contextlib.contextmanager
    def visit(self, report: Report) -> Iterator[AnyDialogue]:
        """A conversation, encrypted, verified and logged on as asked for; it ends with the block."""
        dialogue = self._open(report)
        try:
            if self._account:
                self._log_on(dialogue, self._account, report)
            yield dialogue
            with contextlib.suppress(OutOfTime, Flooded, OSError, NoAnswer):
                dialogue.end()
        finally:
            with contextlib.suppress(OSError):
                dialogue.close()

    def _open(
        self,
        report: Report,
        trust: Trust = Trust.NAME_AND_CHAIN,
        problem: ssl.SSLCertVerificationError | None = None,
    ) -> AnyDialogue:
        """OpenSSL shows no certificate that it refuses: then it is looked at again with less asked of it."""
        try:
            dialogue = self._converse(trust, report)
        except ssl.SSLCertVerificationError as error:
            return self._open(report, Trust(trust.value + 1), error)
        line = dialogue.socket
        if isinstance(line, ssl.SSLSocket):
            cipher = line.cipher()
            report.encryption = {"protocol": line.version(), "cipher": cipher and cipher[0]}
            der = line.getpeercert(binary_form=True) or b""
            report.certificate = describe_certificate(der, self.target.host, trust, problem)
            if problem and self._validate:
                dialogue.close()
                raise Failure(why_refused(self.target, report.certificate, problem))
        return dialogue

    def _converse(self, trust: Trust, report: Report) -> AnyDialogue:
        target = self.target
        self._traffic = Traffic(self._deadline)
        report.seconds.clear()
        context = None if target.encryption == "none" else target.context(trust, self._traffic)
        with self.part("connect", "the connection", report):
            line = target.connect(self._traffic)
        report.reachable = True
        dialogue: AnyDialogue | None = None
        try:
            if context and target.encryption == "implicit_tls":
                with self.part("tls", "the TLS handshake", report):
                    line = cast(LimitedSocket, context.wrap_socket(line, server_hostname=target.host))
            with self.part("greeting", "its greeting", report):
                dialogue = self._kind(line, target.host)
            report.banner = self.clean(dialogue.banner)
            self._ask_capabilities(dialogue, report)
            if context and target.encryption == "starttls":
                if dialogue.tls_word not in report.capabilities:
                    raise Failure(
                        f"{target} does not offer {dialogue.tls_word}: check the certificate that is assigned to the "
                        "service; a port that starts with TLS needs encryption implicit_tls."
                    )
                with self.part("tls", "the TLS handshake", report):
                    dialogue.start_tls(context)
                self._ask_capabilities(dialogue, report)
        except BaseException:
            with contextlib.suppress(OSError):
                (dialogue or line).close()
            raise
        return dialogue

    def _ask_capabilities(self, dialogue: AnyDialogue, report: Report) -> None:
        with self.part("capabilities", "its capabilities", report):
            report.capabilities = [self.clean(word) for word in dialogue.capabilities()[:MOST_CAPABILITIES]]

    def _log_on(self, dialogue: AnyDialogue, account: Account, report: Report) -> None:
        report.logon["attempted"] = True
        with self.part("logon", "the sign-in", report):
            answer = dialogue.log_on(account.user, account.password)
        said, user = self.clean(answer.text), shortened(account.user)
        report.logon = {"attempted": answer.password_sent, "ok": answer.ok, "answer": said}
        if answer.ok is None:
            if answer.known:
                raise Failure(
                    f"{self.target} cannot check the sign-in of {user} at the moment: {quoted(said)}; check the back "
                    "end of the service and the protocol log."
                )
            raise Failure(
                f"{self.target} returned an answer to the sign-in of {user} that is not a known refusal: "
                f"{quoted(said)}; check the protocol log of the service."
            )
        if answer.ok and isinstance(dialogue, Pop3 | Imap4):
            answer = self._open_mailbox(dialogue, account, report)
        if answer.ok and not account.succeeds:
            raise Failure(f"{self.target} let {user} sign in, but expect_logon is refused.")
        if account.succeeds and not answer.ok:
            look = f"the user and the password, and whether this mailbox may use {dialogue.title}"
            if not answer.password_sent:
                look = "the encryption that the server wants, and the authentication methods it is set to"
            raise Failure(f"{self.target} refused the sign-in of {user}: {quoted(said)}; check {look}.")

    def _open_mailbox(self, dialogue: Pop3 | Imap4, account: Account, report: Report) -> Answer:
        """Whether the mailbox opens: Exchange lets users in whose mailbox it then cannot get at."""
        report.logon["ok"] = None
        with self.part("mailbox", "the opening of the mailbox", report):
            answer = dialogue.open_mailbox()
        report.logon["ok"] = answer.ok
        if answer.ok:
            return answer
        report.logon["answer"] = said = self.clean(answer.text)
        user = shortened(account.user)
        if answer.ok is None or account.succeeds:
            raise Failure(
                f"{self.target} let {user} sign in, but did not open the mailbox: {quoted(said)}; check the server "
                "that holds it, the form of the user name, the password, and whether this mailbox may use "
                f"{dialogue.title}."
            )
        return answer

    @contextlib.contextmanager
    def part(self, key: str, words: str, report: Report) -> Iterator[None]:
        """A part of the visit: timed, and what goes wrong in it told in one sentence."""
        begun = time.monotonic()
        try:
            yield
        except (Failure, ssl.SSLCertVerificationError, Rejected):
            raise
        except OutOfTime:
            raise Failure(self._slowness(key, words)) from None
        except Flooded:
            raise Failure(f"{self.target} sent more than any valid answer during {words}.") from None
        except (ssl.SSLEOFError, ConnectionError):
            raise Failure(self._closed(key, words)) from None
        except ssl.SSLError as error:
            told = (error.reason or "no reason was given").replace("_", " ").lower()
            raise Failure(
                f"TLS with {self.target} failed ({told}): check the encryption this port uses, and that "
                "the server has TLS 1.2 or newer."
            ) from None
        except NoAnswer:
            raise Failure(self._closed(key, words) if self._traffic.ended else self._nonsense(key, words)) from None
        except OSError as error:
            raise Failure(f"The connection to {self.target} was lost during {words}: {error.strerror}.") from None
        finally:
            report.seconds[key] = round(report.seconds.get(key, 0.0) + time.monotonic() - begun, 3)

    def _slowness(self, key: str, words: str) -> str:
        sentence = f"{self.target} did not finish {words} within the timeout of {self._deadline.seconds:g} seconds"
        if not self._traffic.received:
            if key == "greeting" and self.target.encryption != "implicit_tls":
                return f"{sentence} and sent nothing; if the port starts with TLS, set encryption to implicit_tls."
            if key == "tls":
                return f"{sentence}; if the port starts without encryption, set encryption to starttls."
        return f"{sentence}; check the load of the server, or give it more time."

    def _closed(self, key: str, words: str) -> str:
        certificate, versions = "the certificate that is assigned to the service", "the TLS versions of the server"
        component = self._kind.component
        look = {
            # Exchange was seen to reset connections to an inactive component: https://github.com/zammad/zammad/issues/682
            "tls": f"{certificate}, {versions}, and on Exchange the state of {component} (Get-ServerComponentState)"
            if component
            else f"{certificate}, and {versions}",
            "greeting": "the service behind a load balancer, and the limits on connections",
        }.get(key, "the protocol log of the service")
        return f"{self.target} closed the connection during {words}: check {look}."

    def _nonsense(self, key: str, words: str) -> str:
        title, began = self._kind.title, self._traffic.beginning
        if key == "tls" and self.target.encryption == "starttls":
            return (
                f"{self.target} offers {self._kind.tls_word} and then refuses it: check the certificate that is "
                "assigned to the service."
            )
        if key == "greeting" and began.startswith(TLS_ALERT):
            return f"{self.target} starts with TLS: set encryption to implicit_tls."
        said = self.clean(began.partition(b"\n")[0])
        if key == "greeting" and re.match(self._kind.turned_away, began):
            return f"{self.target} rejected the connection: {quoted(said)}."
        if key == "greeting":
            return f"{self.target} does not speak {title}; it began with {quoted(said)}: check protocol and port."
        return f"{self.target} sent an answer that is not valid {title} during {words}."
