"""The line protocols of POP3 and IMAP4 in Exchange's words, over the inbox of a mailbox.

What is offered is what servers were seen to offer. Of that NTLM and GSSAPI are refused whoever asks, and IDLE, MOVE,
ID, NAMESPACE and literals are no commands here.
"""

from __future__ import annotations

import base64
import email.policy
import hmac
import re
import shlex
from collections.abc import Callable
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

from .catalogue.releases import Release

if TYPE_CHECKING:
    from .mailboxes import Mailbox, Message
    from .organisation import Organisation


_LOG_ONS = ("PASS", "AUTH", "LOGIN", "AUTHENTICATE")


class Dialogue:
    """One client's conversation; subclasses know the commands."""

    _PROTOCOL = ""

    def __init__(
        self, effective: dict[str, Any], organisation: Organisation, release: Release, encrypted: bool
    ) -> None:
        self._banner = str(effective["Banner"])
        self._organisation = organisation
        self._since_2013 = release.split_services
        self._product = f"Microsoft Exchange Server{'' if self._since_2013 else ' 2010'}"
        self._plain_log_on = effective["LoginType"] == "PlainTextLogin"
        self._windows_log_on = bool(effective["EnableGSSAPIAndNTLMAuth"])
        self._awaits: Callable[[str], bytes] | None = None
        """What takes the next line, where that is no command."""
        self._pending = ("", "")
        self.encrypted = encrypted
        self.starts_tls = False
        self.finished = False
        self.mailbox: Mailbox | None = None

    def greeting(self) -> bytes:
        raise NotImplementedError

    def answer(self, line: str) -> bytes:
        raise NotImplementedError

    def command(self, line: str) -> str:
        """The word of the command in a line, or nothing where the line is none."""
        word = self._command_part(line).partition(" ")[0]
        return "" if self._awaits else word.upper()

    def asked(self, line: str) -> tuple[str, str]:
        """The command that a line is or goes on with, and what the client gives it."""
        if self._awaits:
            return self._pending
        word, _, argument = self._command_part(line).partition(" ")
        self._pending = word, argument
        return self._pending

    @property
    def awaits_more(self) -> bool:
        """Whether the next line goes on with the command."""
        return self._awaits is not None

    def logged_on_by(self, word: str) -> str | None:
        """The account, if this is the command by which the client has just logged on."""
        return self.mailbox.account if self.mailbox and word.upper() in _LOG_ONS else None

    def told(self, answer: bytes) -> str:
        """How an answer begins, as the log has it: the last of its lines if the others have no tag."""
        lines = answer.decode("utf-8", "replace").splitlines()
        return lines[0 if self._PROTOCOL == "pop3" else -1] if lines else ""

    def said_instead(self, line: str, answer: str) -> bytes:
        """Another answer to a line than the dialogue's own."""
        raise NotImplementedError

    def _command_part(self, line: str) -> str:
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
        mailbox = authenticate(self._organisation, user, password)
        if mailbox and not mailbox.is_administrator and mailbox.allows(self._PROTOCOL):
            self.mailbox = mailbox
        return self.mailbox is not None

    def log_on_by_plain(self, response: str) -> bool:
        """A log-on by SASL's PLAIN, whose one response is the user and the password behind NULs, in Base64."""
        try:
            _, user, password = base64.b64decode(response, validate=True).decode().split("\0")
        except ValueError:
            return False
        return self.log_on(user, password)


def authenticate(organisation: Organisation, user: str, password: str) -> Mailbox | None:
    """The mailbox of a user who knows the password."""
    mailbox = organisation.mailboxes.by_account(user)
    secret = organisation.accounts.get(mailbox.account) if mailbox else None
    right = secret is not None and hmac.compare_digest(secret.encode(), password.encode())
    return mailbox if right else None


class Pop3(Dialogue):
    """POP3: the messages that are there at the log-on, and those to delete at the end."""

    _PROTOCOL = "pop3"
    _STATE = "-ERR Command is not valid in this state."
    _name: str | None = None

    def __init__(
        self, effective: dict[str, Any], organisation: Organisation, release: Release, encrypted: bool
    ) -> None:
        super().__init__(effective, organisation, release, encrypted)
        self._drop: list[Message] = []
        self._deleted: set[int] = set()

    def greeting(self) -> bytes:
        return _lines(f"+OK {self._banner}")

    def too_long(self) -> bytes:
        return _lines("-ERR Command is too long.")

    def said_instead(self, line: str, answer: str) -> bytes:
        return _lines(answer)

    def _command_part(self, line: str) -> str:
        return line

    def answer(self, line: str) -> bytes:
        if (awaits := self._awaits) is not None:
            self._awaits = None
            return awaits(line)
        word, _, argument = line.partition(" ")
        commands: dict[str, Callable[[str], bytes]] = {
            "CAPA": self._capabilities,
            "STLS": self._stls,
            "USER": self._user,
            "PASS": self._pass,
            "AUTH": self._auth,
            "QUIT": self._quit,
        }
        if self.mailbox is not None:
            commands |= {
                "STAT": self._stat,
                "NOOP": lambda _: _lines("+OK"),
                "RSET": self._rset,
                "LIST": lambda argument: self._listed(argument, lambda message: len(message.content)),
                "UIDL": lambda argument: self._listed(argument, lambda message: message.uid),
                "RETR": self._retr,
                "TOP": self._top,
                "DELE": self._dele,
            }
        elif word.upper() in ("STAT", "NOOP", "RSET", "LIST", "UIDL", "RETR", "DELE", "TOP"):
            return _lines(self._STATE)
        handler = commands.get(word.upper())
        return handler(argument) if handler else _lines("-ERR Protocol error. 14")

    def _capabilities(self, _: str) -> bytes:
        log_on = ("SASL PLAIN", "USER") if self.log_on_allowed else ()
        return _lines("+OK", "TOP", "UIDL", *log_on, *(() if self.encrypted else ("STLS",)), ".")

    def _stls(self, _: str) -> bytes:
        if self.encrypted or self.mailbox is not None:
            return _lines(self._STATE)
        self.starts_tls, self._name = True, None
        return _lines("+OK Begin TLS negotiation.")

    def _user(self, argument: str) -> bytes:
        if not self.log_on_allowed or self.mailbox is not None:
            return _lines(self._STATE)
        self._name = argument.strip()
        return _lines("+OK")

    def _pass(self, argument: str) -> bytes:
        if not self.log_on_allowed or self.mailbox is not None or self._name is None:
            return _lines(self._STATE)
        name, self._name = self._name, None
        return self._logged_on(self.log_on(name, argument), "Logon")

    def _auth(self, argument: str) -> bytes:
        if not self.log_on_allowed or self.mailbox is not None:
            return _lines(self._STATE)
        mechanism, _, response = argument.strip().partition(" ")
        if mechanism.upper() != "PLAIN":
            return _lines("-ERR Protocol error. 14")
        if response:
            return self._authenticated(response)
        self._awaits = self._authenticated
        return _lines("+ ")

    def _authenticated(self, response: str) -> bytes:
        return self._logged_on(self.log_on_by_plain(response), "Authentication")

    def _logged_on(self, known: bool, word: str) -> bytes:
        if known and self.mailbox:
            self._drop = list(self.mailbox.inbox.messages)
            return _lines("+OK User successfully logged on.")
        return _lines(f"-ERR {word} failure: unknown user name or bad password.")

    def _stat(self, _: str) -> bytes:
        kept = [message for message in self._drop if message.uid not in self._deleted]
        return _lines(f"+OK {len(kept)} {sum(len(message.content) for message in kept)}")

    def _rset(self, _: str) -> bytes:
        self._deleted.clear()
        return _lines("+OK")

    def _listed(self, argument: str, told: Callable[[Message], int]) -> bytes:
        if argument.strip():
            message = self._message(argument)
            return _lines(f"+OK {argument.strip()} {told(message)}") if message else self._no_message()
        rows = [
            f"{number} {told(message)}"
            for number, message in enumerate(self._drop, 1)
            if message.uid not in self._deleted
        ]
        return _lines("+OK", *rows, ".")

    def _retr(self, argument: str) -> bytes:
        message = self._message(argument)
        if message is None:
            return self._no_message()
        message.seen = True
        return _lines("+OK") + _stuffed(message.content) + _lines(".")

    def _top(self, argument: str) -> bytes:
        number, _, lines = argument.strip().partition(" ")
        message = self._message(number)
        if message is None or not lines.strip().isdecimal():
            return self._no_message()
        header, blank, body = message.content.partition(b"\r\n\r\n")
        first = b"".join(body.splitlines(keepends=True)[: int(lines)])
        return _lines("+OK") + _stuffed(header + blank + first) + _lines(".")

    def _dele(self, argument: str) -> bytes:
        message = self._message(argument)
        if message is None:
            return self._no_message()
        self._deleted.add(message.uid)
        return _lines("+OK")

    def _message(self, argument: str) -> Message | None:
        number = int(argument) if argument.strip().isdecimal() else 0
        message = self._drop[number - 1] if 0 < number <= len(self._drop) else None
        return None if message is None or message.uid in self._deleted else message

    @staticmethod
    def _no_message() -> bytes:
        return _lines("-ERR The specified message is out of range.")

    def _quit(self, _: str) -> bytes:
        self.finished = True
        if self.mailbox is not None:
            with self._organisation.lock:
                self.mailbox.inbox.delete(self._deleted)
        return _lines(f"+OK {self._product} POP3 server signing off.")


class Imap4(Dialogue):
    """IMAP4: one folder, the inbox, as far as a mail program or a probe reads it."""

    _PROTOCOL = "imap4"

    def __init__(
        self, effective: dict[str, Any], organisation: Organisation, release: Release, encrypted: bool
    ) -> None:
        super().__init__(effective, organisation, release, encrypted)
        self._selected: list[Message] | None = None
        self._read_only = True
        self._deleted: set[int] = set()

    def greeting(self) -> bytes:
        return _lines(f"* OK {self._banner}")

    def too_long(self) -> bytes:
        return _lines("* BAD Command line too long.")

    def said_instead(self, line: str, answer: str) -> bytes:
        """Under the command's tag, unless it is a farewell."""
        return _lines(answer if answer.startswith("*") else f"{line.partition(' ')[0]} {answer}")

    def _command_part(self, line: str) -> str:
        return line.partition(" ")[2]

    def answer(self, line: str) -> bytes:
        if (awaits := self._awaits) is not None:
            self._awaits = None
            return awaits(line)
        tag, _, rest = line.partition(" ")
        # It is answered by a request for more, and with the tag only after that.
        if rest.casefold() == "authenticate plain" and self.log_on_allowed and self.mailbox is None:
            self._awaits = lambda response: _lines(f"{tag} {self._authenticated(response)}")
            return _lines("+")
        word, _, argument = rest.partition(" ")
        untagged: list[bytes] = []
        try:
            tagged = self._carry_out(word.upper(), argument, untagged)
        except ValueError:
            tagged = "BAD Command Argument Error. 11"
        return b"".join(b"* %s\r\n" % one for one in untagged) + _lines(f"{tag or '*'} {tagged}")

    def _carry_out(self, word: str, argument: str, untagged: list[bytes]) -> str:
        """The tagged answer to a command; what else there is to say is put into `untagged`."""
        commands: dict[str, Callable[[str, list[bytes]], str]] = {
            "CAPABILITY": self._capability,
            "NOOP": lambda *_: "OK NOOP completed.",
            "STARTTLS": self._starttls,
            "LOGIN": self._login,
            "AUTHENTICATE": self._authenticate,
            "LOGOUT": self._logout,
        }
        if self.mailbox is not None:
            commands |= {
                "SELECT": lambda argument, told: self._select(argument, told, read_only=False),
                "EXAMINE": lambda argument, told: self._select(argument, told, read_only=True),
                "STATUS": self._status,
                "LIST": self._list,
            }
        if self._selected is not None:
            commands |= {
                "SEARCH": lambda argument, told: self._search(argument, told, by_uid=False),
                "FETCH": lambda argument, told: self._fetch(argument, told, by_uid=False),
                "STORE": lambda argument, told: self._store(argument, told, by_uid=False),
                "UID": self._by_uid,
                "EXPUNGE": self._expunge,
                "CLOSE": self._close,
            }
        handler = commands.get(word)
        return handler(argument, untagged) if handler else "BAD Command Error. 10"

    def _capability(self, _: str, untagged: list[bytes]) -> str:
        words = ["CAPABILITY", "IMAP4", "IMAP4rev1"]
        words += ["AUTH=PLAIN"] if self.log_on_allowed else ["LOGINDISABLED"]
        words += ["AUTH=NTLM", "AUTH=GSSAPI"] if self._offers_windows_log_on else []
        words += [] if self.encrypted else ["STARTTLS"]
        words += ["UIDPLUS", *(("MOVE", "ID") if self._since_2013 else ()), "CHILDREN", "IDLE", "NAMESPACE", "LITERAL+"]
        untagged.append(" ".join(words).encode())
        return "OK CAPABILITY completed."

    def _starttls(self, _: str, untagged: list[bytes]) -> str:
        if self.encrypted or self.mailbox is not None:
            return "BAD Command received in Invalid state."
        self.starts_tls = True
        return "OK Begin TLS negotiation now."

    def _login(self, argument: str, _: list[bytes]) -> str:
        if not self.log_on_allowed or self.mailbox is not None:
            return "BAD Command received in Invalid state."
        name, password = shlex.split(argument, posix=True)
        return "OK LOGIN completed." if self.log_on(name, password) else "NO LOGIN failed."

    @property
    def _offers_windows_log_on(self) -> bool:
        """The setting counts without encryption; there a line that takes no password offers none of these either."""
        return self.encrypted or (self.log_on_allowed and self._windows_log_on)

    def _authenticate(self, _: str, __: list[bytes]) -> str:
        """Whatever is not played: the mechanisms, and PLAIN where no log-on is taken."""
        return "NO AUTHENTICATE failed." if self.log_on_allowed else "BAD Command received in Invalid state."

    def _authenticated(self, response: str) -> str:
        done = self.log_on_by_plain(response)
        return "OK AUTHENTICATE completed." if done else "NO AUTHENTICATE failed."

    def _logout(self, _: str, untagged: list[bytes]) -> str:
        self.finished = True
        untagged.append(f"BYE {self._product} IMAP4 server signing off.".encode())
        return "OK LOGOUT completed."

    def _select(self, argument: str, untagged: list[bytes], *, read_only: bool) -> str:
        self._selected = None
        if argument.strip().strip('"').upper() != "INBOX" or self.mailbox is None:
            return f"NO {argument.strip()} doesn't exist."
        self._selected, self._read_only = list(self.mailbox.inbox.messages), read_only
        self._deleted.clear()
        untagged += [
            b"%d EXISTS" % len(self._selected),
            b"0 RECENT",
            rb"FLAGS (\Seen \Answered \Flagged \Deleted \Draft)",
            b"OK [UIDVALIDITY 14] UIDVALIDITY value",
        ]
        return "OK [READ-ONLY] EXAMINE completed." if read_only else "OK [READ-WRITE] SELECT completed."

    def _status(self, _: str, untagged: list[bytes]) -> str:
        count = len(self.mailbox.inbox.messages) if self.mailbox else 0
        untagged.append(b"STATUS INBOX (MESSAGES %d)" % count)
        return "OK STATUS completed."

    def _list(self, _: str, untagged: list[bytes]) -> str:
        untagged.append(rb'LIST (\HasNoChildren) "/" INBOX')
        return "OK LIST completed."

    def _by_uid(self, argument: str, untagged: list[bytes]) -> str:
        word, _, rest = argument.partition(" ")
        commands = {"SEARCH": self._search, "FETCH": self._fetch, "STORE": self._store}
        handler = commands.get(word.upper())
        return handler(rest, untagged, by_uid=True) if handler else "BAD Command Error. 10"

    def _search(self, argument: str, untagged: list[bytes], *, by_uid: bool) -> str:
        words = shlex.split(argument.strip("()"))
        if words[:1] and words[0].upper() == "CHARSET":
            del words[:2]
        found = list(enumerate(self._selected or (), 1))
        while words:
            keep = self._criterion(words)
            found = [(number, message) for number, message in found if keep(number, message)]
        untagged.append(b" ".join([b"SEARCH", *(b"%d" % (one.uid if by_uid else number) for number, one in found)]))
        return "OK SEARCH completed."

    def _criterion(self, words: list[str]) -> Callable[[int, Message], bool]:
        """The first condition of a search, which is taken off the words."""
        word = words.pop(0).upper()
        if word == "NOT":
            inner = self._criterion(words)
            return lambda number, message: not inner(number, message)
        if word in ("ALL", "UNDELETED", "DELETED", "SEEN", "UNSEEN"):
            return lambda _, message: {
                "ALL": True,
                "DELETED": message.uid in self._deleted,
                "UNDELETED": message.uid not in self._deleted,
                "SEEN": message.seen,
                "UNSEEN": not message.seen,
            }[word]
        if word in ("SUBJECT", "FROM", "TO", "HEADER", "TEXT", "UID"):
            if len(words) < (2 if word == "HEADER" else 1):
                raise ValueError("a search key without its value")
            field = words.pop(0) if word == "HEADER" else word
            wanted = words.pop(0)
            if word == "UID":
                return lambda _, message: message.uid in _numbers(wanted, self._last_uid())
            if word == "TEXT":
                return lambda _, message: wanted.casefold().encode() in message.content.lower()
            return lambda _, message: wanted.casefold() in _header(message, field).casefold()
        chosen = _numbers(word, len(self._selected or ()))
        return lambda number, _: number in chosen

    def _fetch(self, argument: str, untagged: list[bytes], *, by_uid: bool) -> str:
        chosen, _, items = argument.partition(" ")
        wanted = _FETCH_ITEM.findall(items.upper())
        if not wanted or _FETCH_ITEM.sub("", items.upper()).strip("() "):
            raise ValueError("unknown items")
        if by_uid and "UID" not in wanted:
            wanted.insert(0, "UID")
        for number, message in self._chosen(chosen, by_uid):
            told = b" ".join(self._item(message, item) for item in wanted)
            untagged.append(b"%d FETCH (%s)" % (number, told))
        return "OK FETCH completed."

    def _item(self, message: Message, item: str) -> bytes:
        if item == "UID":
            return b"UID %d" % message.uid
        if item == "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(message.content)
        if item == "INTERNALDATE":
            return f'INTERNALDATE "{message.arrived:%d-%b-%Y %H:%M:%S %z}"'.encode()
        if item == "FLAGS":
            flags = [rb"\Seen"] if message.seen else []
            flags += [rb"\Deleted"] if message.uid in self._deleted else []
            return b"FLAGS (%s)" % b" ".join(flags)
        section = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}.get(item)
        if section is None:
            section = item.partition("[")[2].rstrip("]")
        if not self._read_only and "PEEK" not in item and item != "RFC822.HEADER":
            message.seen = True
        content = _section(message, section)
        return b"%s {%d}\r\n%s" % (item.replace(".PEEK", "").encode(), len(content), content)

    def _store(self, argument: str, untagged: list[bytes], *, by_uid: bool) -> str:
        if self._read_only:
            return "NO The folder is read-only."
        chosen, _, rest = argument.partition(" ")
        action, _, given = rest.partition(" ")
        flags = given.strip("() ").casefold().split()
        sign = action[:1] if action[:1] in "+-" else ""
        if action.upper().lstrip("+-") not in ("FLAGS", "FLAGS.SILENT"):
            raise ValueError("no such action")
        for number, message in self._chosen(chosen, by_uid):
            for flag in ("\\seen", "\\deleted"):
                if sign and flag not in flags:
                    continue
                on = flag in flags and sign != "-"
                if flag == "\\seen":
                    message.seen = on
                else:
                    (self._deleted.add if on else self._deleted.discard)(message.uid)
            if not action.upper().endswith("SILENT"):
                untagged.append(b"%d FETCH (%s)" % (number, self._item(message, "FLAGS")))
        return "OK STORE completed."

    def _expunge(self, _: str, untagged: list[bytes]) -> str:
        if self._read_only:
            return "NO The folder is read-only."
        gone = [number for number, one in self._chosen("1:*", False) if one.uid in self._deleted]
        untagged += [b"%d EXPUNGE" % number for number in reversed(gone)]
        self._remove_deleted()
        return "OK EXPUNGE completed."

    def _close(self, _: str, untagged: list[bytes]) -> str:
        if not self._read_only:
            self._remove_deleted()
        self._selected = None
        return "OK CLOSE completed."

    def _remove_deleted(self) -> None:
        if self.mailbox is not None:
            with self._organisation.lock:
                self.mailbox.inbox.delete(self._deleted)
        self._selected = [one for one in self._selected or () if one.uid not in self._deleted]
        self._deleted.clear()

    def _chosen(self, text: str, by_uid: bool) -> list[tuple[int, Message]]:
        numbered = list(enumerate(self._selected or (), 1))
        chosen = _numbers(text, self._last_uid() if by_uid else len(numbered))
        return [(number, one) for number, one in numbered if (one.uid if by_uid else number) in chosen]

    def _last_uid(self) -> int:
        return self._selected[-1].uid if self._selected else 0


_FETCH_ITEM = re.compile(r"BODY(?:\.PEEK)?\[[A-Z0-9. ()-]*\]|RFC822(?:\.SIZE|\.HEADER|\.TEXT)?|UID|FLAGS|INTERNALDATE")


def _numbers(text: str, last: int) -> set[int]:
    """A set of message numbers such as 1:3,5 or 2:*; ValueError if it is none."""
    result: set[int] = set()
    for part in text.split(","):
        low, colon, high = part.replace("*", str(last)).partition(":")
        first, final = int(low), int(high if colon else low)
        # The range ends at what there is, however far a client counts.
        result |= set(range(min(first, final), min(max(first, final), last) + 1))
    return result


def _header(message: Message, field: str) -> str:
    parsed = BytesParser(policy=email.policy.default).parsebytes(message.content, headersonly=True)
    return " ".join(map(str, parsed.get_all(field, ())))


def _section(message: Message, section: str) -> bytes:
    header, blank, body = message.content.partition(b"\r\n\r\n")
    if section == "":
        return message.content
    if section == "TEXT":
        return body
    if section == "HEADER":
        return header + blank
    if fields := re.fullmatch(r"HEADER\.FIELDS \(([^)]*)\)", section):
        wanted = fields[1].casefold().split()
        lines = re.split(rb"\r\n(?![ \t])", header)
        kept = [line for line in lines if line.partition(b":")[0].decode("latin-1").casefold() in wanted]
        return b"".join(line + b"\r\n" for line in kept) + b"\r\n"
    raise ValueError("no such section")


def _stuffed(content: bytes) -> bytes:
    """A message as POP3 sends it: ended by a line break, and with a second dot on lines that begin with one."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended)


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


DIALOGUES: dict[str, type[Dialogue]] = {"pop3": Pop3, "imap4": Imap4}
