"""The line protocols of POP3 and IMAP4 in Exchange's words, over an empty mailbox.

The refusal of a log-on without encryption is documented for POP3; the wording of most other answers is inferred from
what Exchange servers are seen to say.
"""

from __future__ import annotations

import hmac
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .organisation import Organisation


class Dialogue:
    """One client's conversation; subclasses know the commands."""

    def __init__(self, effective: dict[str, Any], organisation: Organisation, encrypted: bool) -> None:
        self._banner = str(effective["Banner"])
        self._organisation = organisation
        self._plain_log_on = effective["LoginType"] == "PlainTextLogin"
        self.encrypted = encrypted
        self.starts_tls = False
        self.finished = False
        self.user: str | None = None

    def greeting(self) -> bytes:
        raise NotImplementedError

    def answer(self, line: str) -> bytes:
        raise NotImplementedError

    def too_long(self) -> bytes:
        raise NotImplementedError

    def tls_started(self) -> None:
        self.starts_tls, self.encrypted = False, True

    @property
    def log_on_allowed(self) -> bool:
        """Passwords cross an unencrypted line only with LoginType PlainTextLogin."""
        return self.encrypted or self._plain_log_on

    def log_on(self, user: str, password: str) -> bool:
        """The Administrator's mailbox is closed to POP3 and IMAP4, whatever the password."""
        name = user.rpartition("\\")[2].partition("@")[0].casefold()
        known = {account.casefold(): secret for account, secret in self._organisation.accounts.items()}
        right = name in known and hmac.compare_digest(known[name].encode(), password.encode())
        if right and name != self._organisation.user.casefold():
            self.user = name
        return self.user is not None


class Pop3(Dialogue):
    _STATE = "-ERR Command is not valid in this state."
    _name: str | None = None

    def greeting(self) -> bytes:
        return _lines(f"+OK {self._banner}")

    def too_long(self) -> bytes:
        return _lines("-ERR Command is too long.")

    def answer(self, line: str) -> bytes:
        word, _, argument = line.partition(" ")
        commands: dict[str, Callable[[str], bytes]] = {
            "CAPA": self._capabilities,
            "STLS": self._stls,
            "USER": self._user,
            "PASS": self._pass,
            "QUIT": self._quit,
        }
        if self.user is not None:
            commands |= {
                "STAT": lambda _: _lines("+OK 0 0"),
                "NOOP": lambda _: _lines("+OK"),
                "RSET": lambda _: _lines("+OK"),
                "LIST": lambda _: _lines("+OK 0 0", "."),
                "UIDL": lambda _: _lines("+OK", "."),
            }
            commands |= dict.fromkeys(("RETR", "DELE", "TOP"), self._no_message)
        elif word.upper() in ("STAT", "NOOP", "RSET", "LIST", "UIDL", "RETR", "DELE", "TOP"):
            return _lines(self._STATE)
        handler = commands.get(word.upper())
        return handler(argument) if handler else _lines("-ERR Protocol error. 14")

    def _capabilities(self, _: str) -> bytes:
        # Exchange also offers SASL; what is not played is not offered.
        log_on = ("USER",) if self.log_on_allowed else ()
        return _lines("+OK", "TOP", "UIDL", *log_on, *(() if self.encrypted else ("STLS",)), ".")

    def _stls(self, _: str) -> bytes:
        if self.encrypted or self.user is not None:
            return _lines(self._STATE)
        self.starts_tls, self._name = True, None
        return _lines("+OK Begin TLS negotiation.")

    def _user(self, argument: str) -> bytes:
        if not self.log_on_allowed or self.user is not None:
            return _lines(self._STATE)
        self._name = argument.strip()
        return _lines("+OK")

    def _pass(self, argument: str) -> bytes:
        if not self.log_on_allowed or self.user is not None or self._name is None:
            return _lines(self._STATE)
        name, self._name = self._name, None
        if self.log_on(name, argument):
            return _lines("+OK User successfully logged on.")
        return _lines("-ERR Logon failure: unknown user name or bad password.")

    def _no_message(self, _: str) -> bytes:
        return _lines("-ERR The specified message is out of range.")

    def _quit(self, _: str) -> bytes:
        self.finished = True
        return _lines("+OK Microsoft Exchange Server POP3 server signing off.")


class Imap4(Dialogue):
    def greeting(self) -> bytes:
        return _lines(f"* OK {self._banner}")

    def too_long(self) -> bytes:
        return _lines("* BAD Command line too long.")

    def answer(self, line: str) -> bytes:
        tag, _, rest = line.partition(" ")
        word, _, argument = rest.partition(" ")
        commands: dict[str, Callable[[str], list[str]]] = {
            "CAPABILITY": lambda _: [f"* CAPABILITY {self._capabilities()}", "OK CAPABILITY completed."],
            "NOOP": lambda _: ["OK NOOP completed."],
            "STARTTLS": self._starttls,
            "LOGIN": self._login,
            "LOGOUT": self._logout,
        }
        if self.user is not None:
            empty = ["* 0 EXISTS", "* 0 RECENT", "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)"]
            commands |= {
                "SELECT": lambda _: [*empty, "OK [READ-WRITE] SELECT completed."],
                "EXAMINE": lambda _: [*empty, "OK [READ-ONLY] EXAMINE completed."],
                "STATUS": lambda _: ["* STATUS INBOX (MESSAGES 0)", "OK STATUS completed."],
                "LIST": lambda _: ['* LIST (\\HasNoChildren) "/" INBOX', "OK LIST completed."],
                "CLOSE": lambda _: ["OK CLOSE completed."],
            }
        handler = commands.get(word.upper())
        *untagged, tagged = handler(argument) if handler else ["BAD Command Error. 10"]
        return _lines(*untagged, f"{tag or '*'} {tagged}")

    def _capabilities(self) -> str:
        # Exchange offers more, such as SASL and IDLE; what is not played is not offered.
        words = ["IMAP4", "IMAP4rev1", "CHILDREN"]
        words += [] if self.encrypted else ["STARTTLS"]
        words += [] if self.log_on_allowed else ["LOGINDISABLED"]
        return " ".join(words)

    def _starttls(self, _: str) -> list[str]:
        if self.encrypted or self.user is not None:
            return ["BAD Command received in Invalid state."]
        self.starts_tls = True
        return ["OK Begin TLS negotiation now."]

    def _login(self, argument: str) -> list[str]:
        if not self.log_on_allowed or self.user is not None:
            return ["BAD Command received in Invalid state."]
        try:
            name, password = shlex.split(argument, posix=True)
        except ValueError:
            return ["BAD Command Argument Error. 11"]
        return ["OK LOGIN completed."] if self.log_on(name, password) else ["NO LOGIN failed."]

    def _logout(self, _: str) -> list[str]:
        self.finished = True
        return ["* BYE Microsoft Exchange Server IMAP4 server signing off.", "OK LOGOUT completed."]


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


DIALOGUES: dict[str, type[Dialogue]] = {"pop3": Pop3, "imap4": Imap4}
