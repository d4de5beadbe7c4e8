"""The line by which a PowerShell's cmdlets ask the organisation: loopback, with a secret of each process."""

from __future__ import annotations

import base64
import json
import re
import secrets
import socketserver
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

from psrpcore.types import serialize

from ..catalogue.kinds import Kind, Parameter
from ..engine import Runspace
from ..errors import Failure
from ..organisation import Organisation
from ..prepared import Prepared
from ..values import ConversionFailed, Credential, ListEdit, Secret, convert

_CLIXML = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
_NULLABLE = re.compile(r"System\.Nullable`1\[(.*)\]")
_KINDS = {_NULLABLE.sub(r"\1", kind.value): kind for kind in reversed(Kind)}
_LIST = "Microsoft.Exchange.Data.MultiValuedProperty`1[{}]"
_FOREIGN = "Deserialized."
# What .NET's texts may hold and XML may not, in CLIXML's own escapes.
_BEYOND_XML = str.maketrans({"\ufffe": "_xFFFE_", "\uffff": "_xFFFF_"})


@dataclass
class Asker:
    """Who asks: the session that a process was started for."""

    organisation: Organisation
    server: str
    endpoint: Literal["exchange", "windows"]
    user: str
    runspace: Runspace
    snapin: Path

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """An answer of the organisation, in words of JSON."""
        return self._converted(**asked) if "convert" in asked else self._run(asked["run"], asked["parameters"])

    def _converted(self, convert: str, value: Any, of: str) -> dict[str, Any]:
        try:
            return {"told": _converted(convert, value, of)}
        except ConversionFailed as reason:
            return {"refusal": str(reason)}

    def _run(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        values = {key: _own(value) for key, value in parameters.items()}
        before = set(self.runspace.snapins)
        call, end = self.organisation.run_bound(self.server, self.endpoint, self.user, name, values, self.runspace)
        own = f",{call.cmdlet.implementation}"
        answer: dict[str, Any] = {
            "output": _document(call.output),
            "warnings": call.warnings,
            "errors": [_error(failure, own) for failure in call.errors],
        }
        if end is not None:
            answer["terminating"] = _error(end, own)
        if self.runspace.snapins - before:
            answer["module"] = str(self.snapin)
        return answer


class Link:
    """Where all processes of a simulator ask; each is known by the secret that it was started with."""

    def __init__(self) -> None:
        askers: dict[str, Asker] = {}

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                asker = askers.get(self.rfile.readline(200).decode(errors="replace").strip())
                while asker and (line := self.rfile.readline()):
                    self.wfile.write(json.dumps(asker.answer(json.loads(line))).encode() + b"\n")

        self._askers = askers
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(3600.0,), daemon=True).start()

    def admit(self, asker: Asker) -> dict[str, str]:
        """What a process has in its environment so that its cmdlets ask for this session."""
        secret = secrets.token_hex(32)
        self._askers[secret] = asker
        return {"EXCHANGE_SIMULATOR_PORT": str(self._server.server_address[1]), "EXCHANGE_SIMULATOR_SECRET": secret}


def _converted(type_name: str, value: Any, of: str) -> Any:
    if of.startswith(_FOREIGN) and "IdParameter" in type_name:
        # An object that came out of a session is none any more when it is sent back.
        raise ConversionFailed(f'Cannot convert the "{value}" value of type "{of}" to type "{type_name}".')
    if type_name in _KINDS:
        return _told(convert(Parameter("", _KINDS[type_name]), value))
    # The organisation knows it in a list only.
    return _told(convert(Parameter("", _KINDS[_LIST.format(type_name)]), [value]))[0]


def _own(value: Any) -> Any:
    """An argument of a type that is PowerShell's own, as the organisation has it."""
    match value:
        case {"user": user, "password": password}:
            return Credential(user, password)
        case {"text": text}:
            return Secret(text)
        case {"bytes": data}:
            return base64.b64decode(data)
    return value


def _told(value: Any) -> Any:
    if isinstance(value, ListEdit):
        return {"Add": _told(value.add), "Remove": _told(value.remove)}
    return [str(item) for item in value] if isinstance(value, tuple) else None if value is None else str(value)


def _document(values: Iterable[Any]) -> str:
    """CLIXML of types that PowerShell does not know: it would make something else of those that it does."""
    return f"{_CLIXML}{''.join(map(_clixml, values))}</Objs>".replace("<T>", "<T>Known.")


def _clixml(value: Any) -> str:
    if isinstance(value, Prepared):
        text: str = value.clixml().decode()
    else:
        # No secret is ever among what comes out, hence no cipher.
        text = ElementTree.tostring(serialize(value, None), encoding="unicode")  # type: ignore[arg-type]
    return text.translate(_BEYOND_XML)


def _error(failure: Failure, own: str) -> dict[str, Any]:
    """An error record's parts; PowerShell itself adds the class of the cmdlet to the id."""
    return {
        "id": failure.error_id.removesuffix(own),
        "message": failure.message,
        "category": int(failure.category.value),
        "types": list(failure.types),
        "target": _document([] if failure.target is None else [failure.target]),
    }
