"""The control channel of tests and demo: read the state, change it behind the clients' back, inject faults."""

from __future__ import annotations

import base64
import datetime
import enum
import json
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from psrpcore.types import ErrorRecord, PSDict, PSObject

from .engine import Command
from .organisation import Organisation
from .prepared import built
from .web import AnsweringHandler, Wire

_CERTIFICATE_TRAITS = {
    "begins",
    "days",
    "rsa_bits",
    "self_signed",
    "private_key",
    "status",
    "subject",
    "issuer",
    "key_type",
}


class Refused(Exception):
    """The request makes no sense; the text says why."""


class Control:
    """What can be asked of a running simulator."""

    def __init__(self, organisation: Organisation, wire: Wire) -> None:
        self._organisation = organisation
        self._wire = wire
        self.routes: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "/state"): self._state,
            ("GET", "/log"): self._log,
            ("GET", "/injected"): self._injected,
            ("POST", "/log/clear"): self._clear_log,
            ("POST", "/run"): self._run,
            ("POST", "/clock"): self._clock,
            ("POST", "/fault"): self._fault,
            ("POST", "/certificate"): self._certificate,
            ("POST", "/certificate/remove"): self._remove_certificate,
            ("POST", "/file"): self._file,
            ("POST", "/reset"): self._reset,
        }

    def start(self, port: int) -> str:
        """Listen on the loopback address and return the channel's URL."""
        server = _Server(("127.0.0.1", port), self)
        threading.Thread(target=server.serve_forever, args=(3600.0,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    def _state(self, _: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = self._organisation.state()
        for name, server in state["servers"].items():
            server.update(self._wire.counters(name))
        return state | {"injected": self._organisation.faults.counts()}

    def _log(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        with self._organisation.lock:
            return list(self._organisation.log)

    def _injected(self, _: dict[str, Any]) -> list[dict[str, Any]]:
        return self._organisation.faults.injected()

    def _clear_log(self, _: dict[str, Any]) -> dict[str, Any]:
        with self._organisation.lock:
            self._organisation.log.clear()
        return {}

    def _run(self, question: dict[str, Any]) -> dict[str, Any]:
        endpoint = question.get("endpoint", "exchange")
        if endpoint not in ("exchange", "windows"):
            raise Refused("The endpoint is exchange or windows.")
        parameters = dict(question.get("parameters") or {})
        if question.get("domain_controller") is not None:
            parameters["DomainController"] = question["domain_controller"]
        command = Command(str(question.get("cmdlet", "")), tuple(parameters.items()))
        result = self._organisation.run(
            self._server(question), endpoint, "another administrator", [[command]], logged=False
        )
        errors = [*result.errors, *([result.terminating] if result.terminating else [])]
        return {
            "output": [plain(value) for value in result.output],
            "errors": [_plain_error(record) for record in errors],
            "warnings": result.warnings,
        }

    def _clock(self, question: dict[str, Any]) -> dict[str, Any]:
        self._organisation.advance_clock(float(question["advance"]))
        return {}

    def _fault(self, question: dict[str, Any]) -> dict[str, Any]:
        at_once = {"lose_shells": self._wire.lose_shells, "idle_connections": self._wire.close_idle_connections}
        if act := at_once.get(str(question.get("kind"))):
            act(self._server(question))
        else:
            self._organisation.faults.arm(question)
        return {}

    def _certificate(self, question: dict[str, Any]) -> dict[str, str]:
        """Import a certificate for `names` on a server; services are then assigned by Enable-ExchangeCertificate.

        It is valid from `begins` to `days` days from now, of an RSA key of `rsa_bits` or of an elliptic one,
        `self_signed` or the authority's, with or without its `private_key`, and of a `status` as Windows sees it. The
        authority's may have a `subject` and an `issuer` as RFC 4514 writes them, and a `key_type`, P-384 or Ed25519.
        """
        traits = {key: value for key, value in question.items() if key not in ("server", "names")}
        names = question.get("names")
        if not isinstance(names, list) or not names or traits.keys() - _CERTIFICATE_TRAITS:
            raise Refused(f"A certificate needs a list of names and may have {', '.join(sorted(_CERTIFICATE_TRAITS))}.")
        with self._organisation.lock:
            server = self._organisation.servers[self._server(question)]
            return {"thumbprint": server.import_certificate(names, **traits).thumbprint}

    def _remove_certificate(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._organisation.lock:
            certificates = self._organisation.servers[self._server(question)].certificates
            certificates.remove(str(question.get("thumbprint")))
        return {}

    def _file(self, question: dict[str, Any]) -> dict[str, Any]:
        """Put a file with this `content` at a `path` of a server's drive, `written` at a time in ISO 8601."""
        with self._organisation.lock:
            server = self._organisation.servers[self._server(question)]
            written = datetime.datetime.fromisoformat(str(question["written"]))
            server.write_file(str(question["path"]), str(question["content"]), written)
        return {}

    def _reset(self, _: dict[str, Any]) -> dict[str, Any]:
        # The engine first: resetting IIS drops shells too, and the counters are to be zero afterwards.
        self._organisation.reset()
        self._wire.reset()
        return {}

    def _server(self, question: dict[str, Any]) -> str:
        name = question.get("server")
        if name not in self._organisation.servers:
            raise Refused(f"There is no server {name}; there are: {', '.join(self._organisation.servers)}.")
        return str(name)


class _Handler(AnsweringHandler):
    server: _Server

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        body = self.read_body()
        if body is None:
            return
        route = self.server.control.routes.get((method, self.path))
        status = 200
        answer: Any
        try:
            if route is None:
                status, answer = 404, {"error": f"There is no {method} {self.path}."}
            else:
                question = json.loads(body or b"{}")
                if not isinstance(question, dict):
                    raise Refused("A question is a JSON object.")
                answer = route(question)
        except (Refused, ArithmeticError, LookupError, TypeError, ValueError) as error:
            status, answer = 400, {"error": f"{type(error).__name__}: {error}"}
        self.answer(status, "application/json", json.dumps(answer).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], control: Control) -> None:
        self.control = control
        super().__init__(address, _Handler)


def plain(value: Any) -> Any:
    """An output object as JSON: enums as $text and $value, bytes as $bytes, others as their members and $text.

    SerializationData is left out: nothing can be read from it.
    """
    value = built(value)
    meta = getattr(value, "PSObject", None)
    types = meta.type_names if meta is not None else []
    if "System.Enum" in types and isinstance(value, int):
        text = meta.to_string if meta is not None else None
        return {"$text": text or getattr(value, "name", str(int(value))), "$value": int(value)}
    if isinstance(value, enum.Enum):
        return {"$text": value.name, "$value": value.value}
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    if isinstance(value, (dict, PSDict)):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if not isinstance(value, PSObject) or meta is None:
        return str(value)
    members = [*meta.adapted_properties, *meta.extended_properties]
    found = {member.name: plain(member.get_value(value)) for member in members if member.name != "SerializationData"}
    return found if meta.to_string is None else {**found, "$text": meta.to_string}


def _plain_error(record: ErrorRecord) -> dict[str, str]:
    return {"id": str(record.FullyQualifiedErrorId), "message": str(record)}
