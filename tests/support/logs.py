"""Protocol logs for tests: lines that servers were seen to write, and what they come to, reckoned with Python's csv."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

FOLDER = "C:\\Program Files\\Microsoft\\Exchange Server\\V15\\Logging\\{}"
FOLDERS = {"pop3": FOLDER.format("Pop3"), "imap4": FOLDER.format("Imap4")}
_FIELDS = "dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid"
FIELDS = tuple(_FIELDS.split(","))
HEADER = f"#Software: Microsoft Exchange Server\r\n#Log-type: IMAP4 Protocol Log\r\n#Fields: {_FIELDS}\r\n"
DAY, NEXT_DAY = "2026-01-04", "2026-01-05"
COMMANDS = ("auth", "authenticate", "login", "pass")
STARTTLS = ("stls", "starttls")

_POP_DENIED = '"R=""-ERR Authentication failure: unknown user name or bad password."";Msg=""{}"";ErrMsg={}"'
_IMAP_DENIED = '"R=""2 NO AUTHENTICATE failed."";Msg=""{}"";ErrMsg={}"'
_WHY = ("AuthFailed:LogonDenied,User: testuser", "AuthFailed:LogonDenied")
_SHARED = ("AuthFailed:LogonDenied,User: domain\\user\\sharedmailbox", "AuthFailed:LogonDenied")
# As published (the reference's section 5, and where its names of files are from), but for the day.
PUBLISHED = tuple(
    f"{DAY}T{line}"
    for line in (
        # Of POP3: a password that is wrong, and a name.
        "21:23:48.514Z,0000000000000005,1,192.168.9.241:110,192.168.9.212:55576,testuser,193,21,69,auth, PLAIN,"
        f"{_POP_DENIED.format(*_WHY)},",
        "15:31:51.067Z,00000000000ABC12,1,1.2.3.4:110,10.11.12.13:12345,ccw.altitude,1,17,5,user,ccw.altitude,R=OK,",
        # Of IMAP4: the same, through a proxy, without a name, by one who is refused another's mailbox; the last two by
        # servers that write no field behind the context.
        "21:23:49.514Z,000000000000000E,2,192.168.9.241:143,192.168.9.212:35070,testuser,168,31,31,authenticate,PLAIN,"
        f"{_IMAP_DENIED.format(*_WHY)},",
        "21:24:00.000Z,000000000000000F,2,192.168.9.241:993,192.168.9.212:35071,example123,118,31,34,authenticate,"
        'PLAIN,"R=OK;Msg=""Proxy:Host123.domain.tld:1993:SSL;ProxySuccess"";LiveIdAR=OK;ActivityContextData=1",',
        "20:00:00.000Z,0000000000000001,0,10.0.0.1:993,10.1.1.70:50001,,3,0,53,OpenSession,,,",
        "20:00:00.000Z,0000000000000001,1,10.0.0.1:993,10.1.1.70:50001,,1,13,158,capability,,R=OK,",
        "20:00:00.000Z,0000000000000001,2,10.0.0.1:993,10.1.1.70:50001,,1,17,21,login, *****,"
        '"R=""a2 NO LOGIN failed.""",',
        "20:00:01.000Z,0000000000000002,2,10.0.0.1:993,10.1.1.70:50002,frank,205,48,24,login,"
        'frank@contoso.test *****,"R=OK;Msg=""Proxy:EXCH01.contoso.test:1993:SSL;ProxySuccess""",',
        "09:47:58.346Z,00000000000000A0,1,10.135.0.23:993,90.187.51.145:58423,,1,12,140,capability,,R=ok",
        "09:47:59.050Z,00000000000000A0,2,10.135.0.23:993,90.187.51.145:58423,domain\\user\\sharedmailbox,614,31,30,"
        f"authenticate,PLAIN,{_IMAP_DENIED.format(*_SHARED)}",
    )
)
# Not published: commands whose lines nobody has shown, names that CSV has to quote, addresses of IPv6, monitoring.
INFERRED = tuple(
    line.replace("DAY", DAY)
    for line in (
        "DAYT10:00:00.000Z,11,1,10.0.0.1:110,10.1.1.9:50002,,1,4,5,stls,,R=OK,",
        'DAYT10:00:00.100Z,11,3,10.0.0.1:110,10.1.1.9:50002,anna,1,2,3,pass,*****,"R=OK;Msg=""Proxy:x:1995:SSL""",',
        "DAYT10:00:01.000Z,12,3,10.0.0.1:110,10.1.1.2:50004,ANNA,1,2,3,pass,*****,R=ok",
        "DAYT10:00:01.500Z,12,3,10.0.0.1:995,10.1.1.2:50005,Anna,1,2,3,pass,*****,R=OK,",
        "DAYT10:00:02.000Z,13,3,[::1]:995,[fe80::2%4]:50004,CONTOSO\\anna,1,2,3,auth,NTLM,R=OK,",
        'DAYT10:00:03.000Z,14,3,10.0.0.1:995,10.1.1.3:50004,"o\'neil, ""the"" boss",1,2,3,pass,*****,R=OK,',
        "DAYT10:00:04.000Z,15,3,10.0.0.1:995,10.1.1.3:50005,caf\u00e9@contoso.test,1,2,3,auth,GSSAPI,R=OK,",
        "DAYT10:00:05.000Z,16,3,10.0.0.1:995,127.0.0.1:50005,HealthMailbox0a1b@contoso.test,1,2,3,auth,PLAIN,R=OK,",
        "DAYT10:00:06.000Z,17,3,10.0.0.1:995,10.1.1.4:50005,bob,1,2,3,auth,NTLM,R=+,",
        # A message of a client's may look like anything.
        'DAYT10:00:07.000Z,18,9,10.0.0.1:995,10.1.1.4:50005,bob,1,2,3,top,"1,pass,*****,R=OK",R=OK,',
        f"{NEXT_DAY}T00:00:00.000Z,19,3,10.0.0.1:995,10.1.1.4:50006,bob,1,2,3,pass,*****,R=OK,",
    )
)
BACK_END = tuple(
    line.replace("DAY", DAY)
    for line in (
        "DAYT20:00:01.000Z,0000000000000001,0,10.0.0.1:1993,10.0.0.1:26747,,91,0,53,OpenSession,,,",
        "DAYT20:00:01.000Z,0000000000000001,2,10.0.0.1:1993,10.0.0.1:26747,frank,560,31,33,authenticate,PLAIN,R=OK,",
        "DAYT20:00:01.000Z,0000000000000001,3,10.0.0.1:1993,10.0.0.1:26747,frank,148,15,306,select,INBOX,R=OK;Rows=0,",
        "DAYT20:00:02.000Z,0000000000000001,4,10.0.0.1:1993,10.0.0.1:26747,frank,42,30,45,fetch,1:10 (FLAGS ENVELOPE),"
        '"R=""a4 NO The specified message set is invalid."";Rows=0",',
    )
)
HALF = f"{DAY}T23:59:59.000Z,20,1,10.0.0.1:995,10.1.1.7:50001,carol,1,2,3,pa"


@dataclass(frozen=True)
class Told:
    """What a line tells of a log-on, or of STARTTLS."""

    day: str
    port: str
    client: str
    user: str
    command: str
    mechanism: str
    outcome: str


def told_by(line: str) -> Told | None:
    """What Python's csv finds in a line."""
    if line.startswith("#"):
        return None
    fields = dict(zip(FIELDS, next(csv.reader([line]), []), strict=False))
    command = fields.get("command", "").casefold()
    if command not in (*COMMANDS, *STARTTLS) or "context" not in fields:
        return None
    context = fields["context"]
    words = context.removeprefix('R="').split('"')[0].split()
    failed = context.startswith('R="') and bool({*words[:1]} & {"-ERR"} or {*words[1:2]} & {"NO", "BAD"})
    done = context[:4].upper() == "R=OK" and not context[4:5].isalnum()
    mechanism = fields["parameters"].split()[:1] if command in ("auth", "authenticate") else []
    return Told(
        fields["dateTime"][:10],
        fields["sIp"].rpartition(":")[2],
        fields["cIp"].rpartition(":")[0].strip("[]"),
        fields["user"].casefold(),
        command,
        (mechanism or [command])[0],
        "log_on" if done else "failure" if failed else "unclear",
    )


def reckoned(lines: Iterable[str], *of: str) -> Counter[tuple[str, ...]]:
    """How many lines tell the same, of these fields."""
    told = filter(None, map(told_by, lines))
    return Counter(tuple(getattr(one, name) for name in of) for one in told)


def file_of(lines: Sequence[str], *, half: str = "", header: str = HEADER) -> str:
    return header + "".join(f"{line}\r\n" for line in lines) + half


def of_today(user: str) -> str:
    """A file in which a user logs on today, and is refused once."""
    day = datetime.now(UTC).date()
    begin = f"{day}T00:00:00.000Z,01"
    refused = 'R=""-ERR Logon failure: unknown user name or bad password.""'
    return file_of(
        [
            f"{begin},1,10.0.0.1:110,10.1.1.9:50000,,1,2,3,stls,,R=OK,",
            f"{begin},2,10.0.0.1:110,10.1.1.9:50000,{user},1,2,3,pass,*****,R=OK,",
            f'{begin},1,10.0.0.1:995,10.1.1.8:50001,{user},1,2,3,pass,*****,"{refused}",',
        ]
    )


def random_lines(count: int, seed: int = 1, day: str = DAY, users: int = 50) -> list[str]:
    """Lines of sessions of POP3 as a front end writes them, some of whose clients log on."""
    chance = random.Random(seed)  # noqa: S311 - no secret is made of it
    lines: list[str] = []
    session = 0
    while len(lines) < count:
        session += 1
        user, port = f"user{chance.randrange(users):05}", chance.choice(("995", "110"))
        client = (
            f"10.{chance.randrange(2)}.{chance.randrange(20)}.{chance.randrange(250)}:{chance.randrange(1024, 65535)}"
        )
        clock = f"{chance.randrange(24):02}:{chance.randrange(60):02}:{chance.randrange(60):02}.514Z"
        said: list[tuple[str, str, str, str]] = [("", "OpenSession", "", ""), ("", "capa", "", "R=OK")]
        if port == "110" and chance.random() < 0.5:
            said.append(("", "stls", "", "R=OK"))
        said.append((user, "user", f"{user}@contoso.test", "R=OK"))
        refused = 'R="-ERR Logon failure: unknown user name or bad password.";Msg="AuthFailed:LogonDenied"'
        done = f'R=OK;Msg="Proxy:EX01.contoso.test:1995:SSL;ProxySuccess";ActivityContextData={session}'
        said.append((user, "pass", "*****", refused if chance.random() < 0.05 else done))
        said += [(user, "retr", str(number), "R=OK") for number in range(chance.randrange(20))]
        said.append((user, "CloseSession", "", ""))
        for number, (name, command, parameters, context) in enumerate(said):
            begin = (f"{day}T{clock}", f"{session:016X}", number, f"192.168.9.241:{port}", client, name)
            text = io.StringIO()
            csv.writer(text, lineterminator="").writerow([*begin, 12, 21, 69, command, parameters, context, ""])
            lines.append(text.getvalue())
    return lines
