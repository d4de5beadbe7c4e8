"""What the wire hands to the simulated servers, how parameters are bound, and what comes back."""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from psrpcore.types import (
    ErrorCategory,
    ErrorRecord,
    PSCredential,
    PSDouble,
    PSInt64,
    PSObject,
    PSSecureString,
    WarningRecord,
)

from . import errors
from .catalogue.cmdlets import BY_NAME, COMMON
from .catalogue.kinds import Cmdlet, Kind, Parameter
from .errors import BINDING, Failure
from .forms import Form, formed
from .prepared import built
from .values import ConversionFailed, Credential, Secret, convert, native

if TYPE_CHECKING:
    from .organisation import Organisation
    from .server import Server

Endpoint = Literal["exchange", "windows"]
# Of Exchange's snap-ins, those that have the cmdlets of administrators.
_SNAPINS = {"E2010", "SnapIn"}
_AMBIGUOUS_SET = (
    "Parameter set cannot be resolved using the specified named parameters. One or more parameters issued cannot be "
    "used together or an insufficient number of parameters were provided."
)
# These set a variable, which a session without language refuses.
_VARIABLES = {"ErrorVariable", "WarningVariable", "OutVariable"}
_EMPTY = {
    "Null": "null",
    "EmptyString": "an empty string",
    "EmptyArray": "an empty array",
    "EmptyCollection": "an empty collection",
}


@dataclass(frozen=True)
class Command:
    """One command of a pipeline as it arrived; a parameter without a name is positional."""

    name: str
    parameters: tuple[tuple[str | None, Any], ...]
    is_script: bool = False


@dataclass
class Result:
    """What a pipeline produced; with `terminating` set the pipeline ends as failed."""

    output: list[Any] = field(default_factory=list)
    errors: list[ErrorRecord] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    terminating: ErrorRecord | None = None
    order: list[str] = field(default_factory=list)
    """Which came when: the names of the streams."""

    def said(self) -> Iterator[tuple[str, Any]]:
        """All that came, with the stream it came on; what nobody knows the order of comes stream by stream."""
        streams: dict[str, list[Any]] = {"warnings": self.warnings, "output": self.output, "errors": self.errors}
        by_stream = [name for name, values in streams.items() for _ in values]
        order = self.order if sorted(self.order) == sorted(by_stream) else by_stream
        left = {name: iter(values) for name, values in streams.items()}
        return ((name, next(left[name])) for name in order)

    def add(self, output: Iterable[Any], warnings: Iterable[str], errors: Iterable[ErrorRecord]) -> None:
        """What one call of a cmdlet has said."""
        for name, values in (("warnings", [*warnings]), ("output", [*output]), ("errors", [*errors])):
            getattr(self, name).extend(values)
            self.order += [name] * len(values)


@dataclass
class Runspace:
    """What lasts from one pipeline to the next: loaded snap-ins, variables by their names in lower case.

    `delegates` tells whether the log-on behind it can be used once more, for Active Directory, and `form` what a
    session with Exchange's endpoint was asked for when it was opened.
    """

    delegates: bool = True
    form: Form = "full"
    visible: Mapping[str, Mapping[str, frozenset[str]]] | None = None
    """The only cmdlets and parameters of its session configuration, and their only values if there are any."""
    snapins: set[str] = field(default_factory=set)
    variables: dict[str, Any] = field(default_factory=dict)

    def collect(self, name: str, values: Sequence[Any]) -> None:
        """Set a variable as -ErrorVariable and its like do; a plus sign before its name adds to what it holds."""
        key = name.removeprefix("+").casefold()
        kept = self.variables.get(key) if name.startswith("+") else None
        self.variables[key] = [*(kept if isinstance(kept, list) else [] if kept is None else [kept]), *values]


@dataclass(frozen=True)
class Session:
    """Who runs cmdlets where. Faults concern only what comes over the wire, which is what `logged` marks."""

    organisation: Organisation
    server: Server
    endpoint: Endpoint
    user: str
    logged: bool
    runspace: Runspace = field(default_factory=Runspace)

    @property
    def form(self) -> Form:
        """In which objects are sent from here."""
        return self.runspace.form if self.endpoint == "exchange" else "live"

    def is_local(self, cmdlet: Cmdlet) -> bool:
        """Whether it is a cmdlet of Exchange that a snap-in has brought here, where RBAC has no say."""
        return self.endpoint == "windows" and cmdlet.endpoint == "exchange"

    def knows(self, cmdlet: Cmdlet) -> bool:
        """Whether this kind of session has it."""
        loaded = {name.rpartition(".")[2] for name in self.runspace.snapins}
        return cmdlet.endpoint == self.endpoint or (self.is_local(cmdlet) and not loaded.isdisjoint(_SNAPINS))

    def cmdlet_fault(self, kind: str, cmdlet: str) -> list[dict[str, Any]]:
        if not self.logged:
            return []
        armed = self.organisation.faults.armed(self.server.name, kind)
        return [fault for fault in armed if fault.get("cmdlet") == cmdlet]

    def withheld(self, cmdlet: Cmdlet) -> list[dict[str, Any]]:
        """The armed faults by which RBAC keeps a cmdlet, or some of its parameters, from the user."""
        return [] if self.is_local(cmdlet) else self.cmdlet_fault("rbac_without", cmdlet.name)

    def role_entries(self) -> dict[str, frozenset[str]] | None:
        """The only cmdlets and parameters there are: RBAC's while that fault is armed, or a session configuration's.

        Common parameters count as others. [I] for a session configuration, which may show them unasked.
        """
        if self.runspace.visible is not None:
            return {cmdlet: frozenset(parameters) for cmdlet, parameters in self.runspace.visible.items()}
        fault = self.organisation.faults.first(self.server.name, "rbac_only") if self.logged else None
        return fault["cmdlets"] if fault and self.endpoint == "exchange" else None


@dataclass
class Call:
    """One invocation of a cmdlet with its converted arguments."""

    session: Session
    cmdlet: Cmdlet
    arguments: dict[str, Any]
    piped: Sequence[Any] | None = None
    """All that is piped into a cmdlet that collects it; None if nothing is."""
    output: list[Any] = field(default_factory=list)
    errors: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def organisation(self) -> Organisation:
        return self.session.organisation

    @property
    def server(self) -> Server:
        return self.session.server

    @property
    def now(self) -> datetime.datetime:
        return self.session.organisation.now

    @property
    def writes(self) -> bool:
        """Whether a change is to happen: not with -WhatIf, nor when the write is doomed not to stick."""
        doomed = self.session.cmdlet_fault("write_does_not_stick", self.cmdlet.name)
        return not self.arguments.get("WhatIf") and not doomed

    def exchange_failure(self, exception: str, message: str, **extra: Any) -> Failure:
        return errors.exchange_failure(
            exception,
            message,
            implementation=self.cmdlet.implementation,
            server=self.server.name,
            now=self.now.astimezone(self.organisation.zone),
            blocks=self.server.release.split_services,
            **extra,
        )

    def unsuitable(self, controller: str, loss: Mapping[str, Any] | None = None) -> Failure:
        """The error for a domain controller out of reach.

        Text and class are those of learn.microsoft.com/troubleshoot/exchange (an Edge server's setup, with 0x52), where
        the class stands behind that of setup. Inferred: that cmdlets raise it themselves, and the category.
        """
        exception = errors.DIRECTORY + loss["exception"] if loss and "exception" in loss else errors.SUITABILITY
        return self.exchange_failure(
            exception,
            f"An Active Directory error 0x51 occurred when trying to check the suitability of server '{controller}'. "
            "Error: 'Active directory response: The LDAP server is unavailable.'",
            category=ErrorCategory.ResourceUnavailable,
        )

    def windows_failure(
        self, error_id: str, message: str, category: ErrorCategory, types: tuple[str, ...], target: object = None
    ) -> Failure:
        return Failure(f"{error_id},{self.cmdlet.implementation}", message, category, types, target=target)

    def binding_failure(
        self,
        error_id: str,
        message: str,
        parameter: str | None,
        *,
        types: tuple[str, ...] = BINDING,
        category: ErrorCategory = ErrorCategory.InvalidArgument,
        given: tuple[str | None, str | None] | None = None,
        terminating: bool = True,
    ) -> Failure:
        """A parameter error; Exchange's remote cmdlets carry the cmdlet's name in the id, local ones the class. [I]"""
        owner = self.cmdlet.name if self.session.endpoint == "exchange" else self.cmdlet.implementation
        return Failure(
            f"{error_id},{owner}", message, category, types, parameter=parameter, given=given, terminating=terminating
        )


Handler = Callable[[Call], None]
_HANDLERS: dict[str, Handler] = {}


def behaviour(*names: str) -> Callable[[Handler], Handler]:
    """Register a function as what the named cmdlets do."""

    def register(handler: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


def run_statements(session: Session, statements: Sequence[Sequence[Command]], pipeline_input: Sequence[Any]) -> Result:
    """Run each statement's pipeline; the first terminating error ends everything."""
    result = Result()
    for statement in statements:
        # A tuple of nothing is no input; an empty list is input that has ended at once.
        items: Sequence[Any] | None = None if pipeline_input == () else pipeline_input
        for command in statement:
            entry: dict[str, Any] = {"outcome": "ok"} | _described(session, command)
            if items is not None:
                entry["piped"] = len(items)
            if session.logged:
                session.organisation.log.append({"n": len(session.organisation.log) + 1} | entry)
                entry = session.organisation.log[-1]
            session.organisation.now += datetime.timedelta(seconds=1)
            try:
                items = _run_command(session, command, items, result, entry, ends=command is statement[-1])
            except Failure as failure:
                entry["outcome"] = failure.error_id
                known = BY_NAME.get(command.name.casefold())
                found = known is not None and failure.types not in (errors.COMMAND_NOT_FOUND, errors.BINDING[1:])
                result.terminating = errors.record(failure, known.name if known and found else "")
                return result
    return result


def run_bound(session: Session, name: str, values: Mapping[str, Any]) -> tuple[Call, Failure | None]:
    """Run a cmdlet whose parameters a real PowerShell has bound, and return the error that ends it, if one does."""
    cmdlet = BY_NAME[name.casefold()]
    known = {parameter.name: parameter for parameter in cmdlet.parameters}
    entry: dict[str, Any] = {"outcome": "ok"} | _described(session, Command(cmdlet.name, tuple(values.items())))
    session.organisation.log.append({"n": len(session.organisation.log) + 1} | entry)
    entry = session.organisation.log[-1]
    session.organisation.now += datetime.timedelta(seconds=1)
    call = Call(session, cmdlet, {})

    def bind() -> None:
        call.arguments = {name: _taken(call, known[name], value) for name, value in values.items()}

    end = _carry_out(call, bind)
    if failed := [*call.errors, *([end] if end else [])]:
        entry["outcome"] = failed[0].error_id
    return call, end


def _taken(call: Call, parameter: Parameter, value: Any) -> Any:
    """An argument that has its type already: what Exchange has against it, it says itself."""
    if isinstance(value, (Credential, Secret)):
        return value
    try:
        return convert(parameter, value)
    except ConversionFailed as reason:
        raise call.exchange_failure(errors.DATA_VALIDATION, str(reason)) from None


def _carry_out(call: Call, bind: Callable[[], None]) -> Failure | None:
    """Bind the parameters and do what the cmdlet does; the error that ends the pipeline is returned."""
    try:
        bind()
        _take_otherwise(call)
        _require_directory(call)
        _lose_controllers(call, "before")
        _HANDLERS[call.cmdlet.name](call)
        _warn(call)
        _fail_after_effect(call)
        _lose_controllers(call, "after")
    except Failure as failure:
        if failure.terminating:
            return failure
        call.errors.append(failure)
    return None


def _described(session: Session, command: Command) -> dict[str, Any]:
    parameters = {
        f"[{position}]" if name is None else name: _loggable(value)
        for position, (name, value) in enumerate(command.parameters)
    }
    return {
        "server": session.server.name,
        "endpoint": session.endpoint,
        "form": session.form,
        "user": session.user,
        "cmdlet": "(script)" if command.is_script else command.name,
        "parameters": parameters,
    }


def _loggable(value: Any) -> Any:
    if isinstance(value, (PSSecureString, Secret)):
        return "***"
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if isinstance(value, PSCredential):
        return {"user": str(value.UserName), "password": "***"}
    if isinstance(value, Credential):
        return {"user": value.user, "password": "***"}
    value = native(value)
    if isinstance(value, dict):
        return {key: _loggable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_loggable(item) for item in value]
    if isinstance(value, PSObject):
        return value.PSObject.to_string or value.PSTypeNames[0]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _run_command(
    session: Session,
    command: Command,
    items: Sequence[Any] | None,
    result: Result,
    entry: dict[str, Any],
    *,
    ends: bool,
) -> list[Any]:
    """Run one command of a pipeline, once for each piped object, and return what it puts out.

    What the command at the end of its pipeline has put out before an error has arrived.
    """
    cmdlet = _find(session, command)
    output: list[Any] = []
    failed: list[ErrorRecord] = []
    warned: list[WarningRecord] = []
    arguments: dict[str, Any] = {}
    binder = _Binder(Call(session, cmdlet, {}), command)
    try:
        for piped in [()] if items is None or cmdlet.collects else [(item,) for item in items]:
            call = Call(session, cmdlet, {}, items if cmdlet.collects else None)
            end = _carry_out(call, partial(binder.bind, call.arguments, piped))
            arguments = call.arguments
            output += call.output
            warned += [WarningRecord(Message=text) for text in call.warnings]
            if call.errors:
                entry["outcome"] = call.errors[0].error_id
            if call.warnings and arguments.get("WarningAction") == "Stop":
                end = end or _stopped_by_warning(call)
            elif call.errors and arguments.get("ErrorAction") == "Stop":
                end = call.errors.pop(0)
                call.errors.clear()
            records = [errors.record(failure, cmdlet.name) for failure in call.errors]
            for one in records:
                one.has_type_data = session.endpoint == "windows"
            result.add(
                [formed(item, session.form) for item in call.output] if ends else (),
                () if arguments.get("WarningAction") in ("SilentlyContinue", "Ignore") else call.warnings,
                () if arguments.get("ErrorAction") in ("SilentlyContinue", "Ignore") else records,
            )
            if arguments.get("ErrorAction") != "Ignore":
                failed += records
            if end is not None:
                raise end
        if items == [] and not cmdlet.collects:
            binder.bind({}, None)
    finally:
        # PowerShell adds the exception that ends a pipeline as well; here it is only caught.
        collected: tuple[tuple[str, list[Any]], ...] = (
            ("ErrorVariable", failed),
            ("WarningVariable", warned),
            ("OutVariable", output),
        )
        for parameter, values in collected:
            if parameter in arguments:
                session.runspace.collect(arguments[parameter], values)
    return output


def _take_otherwise(call: Call) -> None:
    """Let a cmdlet store another value than it was given, as one that rounds, caps or normalises would (a guess)."""
    for fault in call.session.cmdlet_fault("stores_otherwise", call.cmdlet.name):
        parameter = next(one for one in call.cmdlet.parameters if one.name == fault["member"])
        if parameter.name in call.arguments:
            call.arguments[parameter.name] = convert(parameter, fault["value"])


def _stopped_by_warning(call: Call) -> Failure:
    text = (
        'The running command stopped because the preference variable "WarningPreference" or common parameter is set to '
        f"Stop: {call.warnings[0]}"
    )
    types = (errors.STOP, *errors.BINDING[1:])
    error_id = f"ActionPreferenceStop,{call.cmdlet.implementation}"
    return Failure(error_id, text, ErrorCategory.OperationStopped, types, terminating=True)


def _fail_after_effect(call: Call) -> None:
    """An error of a cmdlet that has done its work (a guess, but for the class, which is that of most errors)."""
    if not call.session.logged:
        return
    fault = call.organisation.faults.take(call.server.name, "fails_after_effect", [call.cmdlet.name])
    if fault is None:
        return
    if call.cmdlet.endpoint == "windows":
        # PowerShell's own words when a service is not where it should be by the time it looks (its Service.cs).
        verb = call.cmdlet.name.partition("-")[0]
        text = f"Failed to {verb.lower()} service."
        failure = call.windows_failure(
            f"{verb}ServiceFailed", fault.get("message", text), ErrorCategory.OpenError, errors.SERVICE
        )
    else:
        text = "The operation couldn't be completed."
        failure = call.exchange_failure(errors.EXCHANGE[0], fault.get("message", text))
    call.errors.append(failure)


def _lose_controllers(call: Call, when: str) -> None:
    """Domain controllers that go away as a cmdlet begins, or between its effect and its answer (a guess)."""
    if call.cmdlet.endpoint != "exchange":
        return
    if not (faults := call.session.cmdlet_fault("controller_gone", call.cmdlet.name)):
        return
    organisation, server = call.organisation, call.server.name
    named = call.arguments.get("DomainController")
    used = organisation.find_controller(named) if named else organisation.controller_of(server)
    for fault in faults:
        if fault.get("when", "before") == when and not fault.get("has_come"):
            fault["has_come"] = True
            if when == "after" and used == fault["controller"]:
                call.errors.append(call.unsuitable(fault["controller"], fault))


def _warn(call: Call) -> None:
    """Reading cmdlets warn of objects that they find damaged, in the server's language."""
    call.warnings += [fault["message"] for fault in call.session.cmdlet_fault("warns", call.cmdlet.name)]


def _require_directory(call: Call) -> None:
    """Exchange's cmdlets log on to Active Directory as their user, which a log-on over the network does not allow.

    Type and text are those of Exchange where the directory refuses the credentials, quoted for instance in
    learn.microsoft.com/answers/questions/309166. That a second hop ends so, at every cmdlet, is inferred.
    """
    session = call.session
    if not session.is_local(call.cmdlet):
        return
    if session.runspace.delegates and session.organisation.faults.first(call.server.name, "second_hop_refused") is None:
        return
    user = f"{session.organisation.domain.partition('.')[0].upper()}\\{session.user}"
    text = f"Active Directory operation failed on . The supplied credential for '{user}' is invalid."
    raise call.exchange_failure(errors.INVALID_CREDENTIAL, text)


def _find(session: Session, command: Command) -> Cmdlet:
    if command.is_script and (session.endpoint == "exchange" or session.runspace.visible is not None):
        raise Failure(
            "ScriptsNotAllowed",
            "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode.",
            ErrorCategory.ParserError,
            errors.PARSE,
            target=command.name,
            terminating=True,
        )
    if command.is_script:
        raise Failure(
            "ScriptsNotSimulated",
            "The simulated host understands commands with parameters only; it does not run script text.",
            ErrorCategory.NotImplemented,
            errors.NOT_SIMULATED,
            target=command.name,
            terminating=True,
        )
    # A name may begin with that of its module.
    cmdlet = BY_NAME.get(command.name.rpartition("\\")[2].casefold())
    entries = session.role_entries()
    if (
        cmdlet is None
        or (entries is not None and cmdlet.name not in entries)
        or not session.knows(cmdlet)
        or session.server.version not in cmdlet.releases
        or session.server.release.powershell < cmdlet.powershell
        or any(fault.get("parameter") is None for fault in session.withheld(cmdlet))
    ):
        raise Failure(
            "CommandNotFoundException",
            f"The term '{command.name}' is not recognized as the name of a cmdlet, function, script file, or operable "
            "program. Check the spelling of the name, or if a path was included, verify that the path is correct and "
            "try again.",
            ErrorCategory.ObjectNotFound,
            errors.COMMAND_NOT_FOUND,
            target=command.name,
            terminating=True,
        )
    return cmdlet


class _Binder:
    """PowerShell's parameter binder for one command: names, unambiguous prefixes, positions, piped objects."""

    def __init__(self, call: Call, command: Command) -> None:
        """The call is one that never happens: it tells whose parameters these are, and makes the errors."""
        self._call = call
        self._command = command
        self._bound: tuple[Collection[str], Mapping[str, Any]] | None = None
        hidden = {
            str(fault["parameter"]).casefold()
            for fault in call.session.withheld(call.cmdlet)
            if fault.get("parameter") is not None
        }
        entries = call.session.role_entries()
        self._parameters = [
            parameter
            for parameter in (*call.cmdlet.parameters, *COMMON)
            if call.server.version in parameter.releases
            and parameter.name.casefold() not in hidden
            and (entries is None or parameter.name.casefold() in entries[call.cmdlet.name])
        ]

    def bind(self, arguments: dict[str, Any], piped: tuple[Any, ...] | None) -> None:
        """Fill a call's arguments: those of the command line are there even where a piped object is refused.

        Where input has ended before any came, what it could have brought is not missed.
        """
        if self._bound is None:
            # Once for all that is piped, as PowerShell does.
            self._bound = self._bind_line(arguments), dict(arguments)
        given, line = self._bound
        arguments.update(line)
        if piped is None:
            return
        for item in piped:
            parameter, value = self._piped(given, built(item))
            try:
                arguments[parameter.name] = self._converted(parameter, value)
            except Failure as failure:
                # What the command line says is wrong for all objects, what is piped only for this one.
                failure.terminating = False
                raise
        self._check_presence(arguments)

    def _bind_line(self, arguments: dict[str, Any]) -> Collection[str]:
        given: dict[str, tuple[Parameter, Any]] = {}
        for name, value in self._command.parameters:
            if name is not None:
                parameter = self._named(name, value)
                if parameter.name in given:
                    raise self._call.binding_failure(
                        "ParameterAlreadyBound",
                        f"Cannot bind parameter because parameter '{name}' is specified more than once. To provide "
                        "multiple values to parameters that can accept multiple values, use the array syntax. For "
                        'example, "-parameter value1,value2,value3".',
                        name,
                    )
                given[parameter.name] = (parameter, value)
        free = sorted(
            (one for one in self._parameters if one.position is not None and one.name not in given),
            key=lambda one: one.position or 0,
        )
        for value in (value for name, value in self._command.parameters if name is None):
            if not free:
                raise self._call.binding_failure(
                    "PositionalParameterNotFound",
                    f"A positional parameter cannot be found that accepts argument '{_loggable(value)}'.",
                    str(_loggable(value)),
                    given=_types(None, value),
                )
            parameter = free.pop(0)
            given[parameter.name] = (parameter, value)
        # What is to become of errors is known before there is one.
        for name, (parameter, value) in sorted(given.items(), key=lambda one: one[1][0] not in COMMON):
            arguments[name] = self._converted(parameter, value)
        if self._call.session.endpoint == "exchange" and not _VARIABLES.isdisjoint(arguments):
            raise Failure(
                "VariableReferenceNotSupportedInDataSection",
                "A variable that cannot be referenced in restricted language mode or a Data section is being "
                "referenced. Variables that can be referenced include the following: $PSCulture, $PSUICulture, "
                "$true, $false, $null.",
                ErrorCategory.InvalidOperation,
                errors.BINDING[1:],
                terminating=True,
            )
        return given

    def _check_presence(self, arguments: Iterable[str]) -> None:
        cmdlet = self._call.cmdlet
        chosen = [name for name in cmdlet.choice if name in arguments]
        if len(chosen) > 1:
            raise self._call.binding_failure("AmbiguousParameterSet", _AMBIGUOUS_SET, None)
        missing = [one.name for one in self._parameters if one.mandatory and one.name not in arguments]
        if cmdlet.must_choose and not chosen:
            missing.append(cmdlet.choice[0])
        if missing:
            raise self._call.binding_failure(
                "MissingMandatoryParameter",
                f"Cannot process command because of one or more missing mandatory parameters: {' '.join(missing)}.",
                # PowerShell has a blank before each of them.
                "".join(f" {name}" for name in missing),
            )

    def _named(self, name: str, value: Any) -> Parameter:
        wanted = name.casefold()
        spellings = [
            (one, {one.name.casefold(), *(alias.casefold() for alias in one.aliases)}) for one in self._parameters
        ]
        exact = [one for one, names in spellings if wanted in names]
        found = exact or [one for one, names in spellings if any(spelling.startswith(wanted) for spelling in names)]
        # A cmdlet's own parameters are preferred to those that all cmdlets have.
        found = found if len(found) == 1 else [one for one in found if one not in COMMON] or found
        if len(found) == 1:
            return found[0]
        if not found:
            raise self._call.binding_failure(
                "NamedParameterNotFound",
                f"A parameter cannot be found that matches parameter name '{name}'.",
                name,
                given=_types(None, value),
            )
        raise self._call.binding_failure(
            "AmbiguousParameter",
            f"Parameter cannot be processed because the parameter name '{name}' is ambiguous. Possible matches "
            f"include: {' '.join(f'-{one.name}' for one in found)}.",
            name,
        )

    def _piped(self, given: Iterable[str], item: Any) -> tuple[Parameter, Any]:
        for parameter in self._parameters:
            if parameter.pipeline and parameter.name not in given:
                return parameter, _by_property_name(parameter, item)
        raise self._call.binding_failure(
            "InputObjectNotBound",
            "The input object cannot be bound to any parameters for the command either because the command does not "
            "take pipeline input or the input and its properties do not match any of the parameters that take "
            "pipeline input.",
            None,
            terminating=False,
        )

    def _converted(self, parameter: Parameter, value: Any) -> Any:
        try:
            if parameter.kind is Kind.SWITCH and parameter not in COMMON and self._call.session.endpoint == "exchange":
                _require_truth(value)
            converted = convert(parameter, value)
            number = parameter.kind in (Kind.INTEGERS, Kind.BYTES) and value is not None
            self._refuse_empty(parameter, list(converted) if number else native(value))
            self._refuse_others(parameter, native(value))
            return converted
        except ConversionFailed as reason:
            given = native(value)
            if parameter.kind is Kind.URI and type(given) in (str, int, float) and "://" not in str(given):
                # PowerShell takes a relative address for one; it is the cmdlet that does not.
                raise self._call.exchange_failure(errors.DATA_VALIDATION, str(reason)) from None
            attempt = f'Cannot convert value "{_loggable(value)}" to type "{parameter.type_name}". Error: "{reason}"'
        # A function's parameters are transformed, those of cmdlets and the common ones converted.
        if self._call.session.endpoint == "windows" or parameter in COMMON:
            raise self._call.binding_failure(
                "CannotConvertArgumentNoMessage",
                f"Cannot bind parameter '{parameter.name}'. {attempt}",
                parameter.name,
                given=_types(parameter, value),
            )
        raise self._call.binding_failure(
            "ParameterArgumentTransformationError",
            f"Cannot process argument transformation on parameter '{parameter.name}'. {attempt}",
            parameter.name,
            types=errors.TRANSFORMATION,
            category=ErrorCategory.InvalidData,
            given=_types(parameter, value),
        )

    def _refuse_others(self, parameter: Parameter, value: Any) -> None:
        """A session configuration may name the values of a parameter, in any case: as a real PowerShell was seen to."""
        shown = (self._call.session.runspace.visible or {}).get(self._call.cmdlet.name, {})
        taken = shown.get(parameter.name.casefold())
        for one in value if isinstance(value, list) else [value]:
            if taken and not any(_is_taken(str(one), other) for other in taken):
                raise self._call.binding_failure(
                    "ParameterArgumentValidationError",
                    f"Cannot validate argument on parameter '{parameter.name}'. The argument \"{one}\" does not belong "
                    f'to the set "{",".join(sorted(taken))}" specified by the ValidateSet attribute. Supply an '
                    "argument that is in the set and then try the command again.",
                    parameter.name,
                    types=errors.VALIDATION,
                    category=ErrorCategory.InvalidData,
                )

    def _refuse_empty(self, parameter: Parameter, value: Any) -> None:
        """PowerShell itself checks what is mandatory in its parameter set, an attribute of the parameter the rest."""
        cmdlet = self._call.cmdlet
        mandatory = parameter.mandatory or (cmdlet.must_choose and parameter.name in cmdlet.choice)
        if not (mandatory or parameter.filled) or value not in (None, "", []):
            return
        error_id = "ParameterArgumentValidationError"
        text = f"Cannot validate argument on parameter '{parameter.name}'. The argument is null or empty."
        if mandatory:
            empty = "EmptyArray" if parameter.kind.value.endswith("[]") else "EmptyCollection"
            kind = "Null" if value is None else "EmptyString" if value == "" else empty
            error_id += f"{kind}NotAllowed"
            text = f"Cannot bind argument to parameter '{parameter.name}' because it is {_EMPTY[kind]}."
        raise self._call.binding_failure(
            error_id,
            text,
            parameter.name,
            types=errors.VALIDATION,
            category=ErrorCategory.InvalidData,
            given=(parameter.type_name, parameter.type_name)
            if isinstance(value, list)
            else (
                parameter.type_name,
                _types(None, value)[1],
            ),
        )


def _is_taken(value: str, by: str) -> bool:
    return re.fullmatch(by, value, re.IGNORECASE) is not None if by.startswith("^") else value.casefold() == by


def _require_truth(value: Any) -> None:
    """A function's switch takes no number, whatever the message says."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ConversionFailed(
            "Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0 instead."
        )


def _types(parameter: Parameter | None, value: Any) -> tuple[str | None, str | None]:
    """What .NET calls the types of a parameter and of a value that came over the wire."""
    kinds = (
        (bool, "System.Boolean"),
        (str, "System.String"),
        (PSInt64, "System.Int64"),
        (int, "System.Int32"),
        (PSDouble, "System.Double"),
        (float, "System.Single"),
    )
    wanted = parameter.type_name if parameter else None
    if parameter and parameter.kind is not Kind.BYTES and parameter.type_name.endswith("[]"):
        # Of a list it is an item that does not fit.
        wanted = parameter.type_name.removesuffix("[]")
        value = value[0] if isinstance(value, list) and value else value
    found = next((name for kind, name in kinds if isinstance(value, kind)), "System.Management.Automation.PSObject")
    return wanted, None if value is None else found


def _by_property_name(parameter: Parameter, item: Any) -> Any:
    """A piped object's member of the parameter's name, or the object itself."""
    if parameter.kind in (Kind.SERVER, Kind.MAILBOX, Kind.USER) or not isinstance(item, PSObject):
        return item
    names = {parameter.name.casefold(), *(alias.casefold() for alias in parameter.aliases)}
    members = (*item.PSObject.extended_properties, *item.PSObject.adapted_properties)
    return next((member.get_value(item) for member in members if member.name.casefold() in names), item)


def matches(pattern: str, name: str) -> bool:
    """PowerShell's wildcard comparison, which ignores case."""
    return re.fullmatch(fnmatch.translate(pattern.casefold()), name.casefold()) is not None


def has_wildcard(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")
