"""Get-, Start-, Stop-, Restart- and Set-Service."""

from __future__ import annotations

from typing import Any

from psrpcore.types import ErrorCategory

from .. import errors, shapes
from ..engine import Call, behaviour, has_wildcard, matches
from ..services import Service, ServiceRefused

_TYPES = (
    "System.ServiceProcess.ServiceController",
    "System.ComponentModel.Component",
    "System.MarshalByRefObject",
    "System.Object",
)
_ARRAY = ("System.ServiceProcess.ServiceController[]", "System.Array", "System.Object")


@behaviour("Get-Service")
def get_service(call: Call) -> None:
    chosen = _selected(call)
    if call.arguments.get("RequiredServices"):
        chosen = [required for one in chosen for required in call.server.services.required_by(one)]
    if call.arguments.get("DependentServices"):
        chosen = [dependent for one in chosen for dependent in call.server.services.dependents(one)]
    call.output += [_service_object(call, one) for one in chosen]


@behaviour("Start-Service")
def start_service(call: Call) -> None:
    for service in _selected(call):
        if call.writes and _start(call, service):
            _pass_thru(call, service)


@behaviour("Stop-Service")
def stop_service(call: Call) -> None:
    for service in _selected(call):
        _pass_thru(call, *(_stop(call, service) if call.writes else ()))


@behaviour("Restart-Service")
def restart_service(call: Call) -> None:
    for service in _selected(call):
        for stopped in _stop(call, service) if call.writes else ():
            if _start(call, stopped):
                _pass_thru(call, stopped)


@behaviour("Set-Service")
def set_service(call: Call) -> None:
    name = str(call.arguments.get("InputObject", call.arguments.get("Name")))
    service = call.server.services.get(name)
    if service is None:
        # Unlike the others it lets .NET's own error through.
        text = f"Service {name} was not found on computer '.'."
        raise call.windows_failure(
            "InvalidOperationException", text, ErrorCategory.ObjectNotFound, errors.INVALID_OPERATION, name
        )
    if not call.writes:
        return
    start_type = call.arguments.get("StartupType", service.start_type)
    if start_type in ("Boot", "System"):
        # These modes exist for drivers only; what the control manager answers is inferred from section 4.
        _report(call, service, "CouldNotSetService", "configured", ErrorCategory.PermissionDenied)
        return
    service.start_type = start_type
    status = call.arguments.get("Status", "").casefold()
    if status == "running":
        _start(call, service)
    elif status == "stopped" and service.running:
        if call.server.services.dependents(service):
            text = "because it has dependent services."
            _refuse_stop(call, service, "ServiceHasDependentServicesNoForce", text)
            return
        _stop(call, service)
    _pass_thru(call, service)


def _pass_thru(call: Call, *services: Service) -> None:
    if call.arguments.get("PassThru"):
        call.output += [_service_object(call, one) for one in services]


def _selected(call: Call) -> list[Service]:
    """The services a call names, by name; a wildcard that matches nothing is no error, a name is."""
    everything = list(call.server.services)
    # A service object is converted to its text, which is its name.
    names = call.arguments.get("InputObject", call.arguments.get("Name"))
    by_display = "DisplayName" in call.arguments
    if names is None and not by_display:
        return everything
    patterns = call.arguments["DisplayName"] if by_display else names or []
    found: dict[str, Service] = {}
    for pattern in patterns:
        hits = [one for one in everything if matches(pattern, one.row.display_name if by_display else one.row.name)]
        if not hits and not has_wildcard(pattern):
            kind = "display" if by_display else "service"
            call.errors.append(
                call.windows_failure(
                    f"NoServiceFoundForGiven{'DisplayName' if by_display else 'Name'}",
                    f"Cannot find any service with {kind} name '{pattern}'.",
                    ErrorCategory.ObjectNotFound,
                    errors.SERVICE,
                    pattern,
                )
            )
        found |= {one.row.name.casefold(): one for one in hits}
    chosen = [one for _, one in sorted(found.items())]
    if included := call.arguments.get("Include"):
        chosen = [one for one in chosen if any(matches(pattern, one.row.name) for pattern in included)]
    excluded = call.arguments.get("Exclude", ())
    return [one for one in chosen if not any(matches(pattern, one.row.name) for pattern in excluded)]


def _start(call: Call, service: Service) -> bool:
    try:
        call.server.services.start(service)
    except ServiceRefused:
        _report(call, service, "CouldNotStartService", "started", ErrorCategory.OpenError)
        return False
    return True


def _stop(call: Call, service: Service) -> list[Service]:
    """What was stopped: running dependents first, the service last."""
    manager = call.server.services
    running = [one for one in manager.dependents(service) if one.running]
    if running and not call.arguments.get("Force"):
        text = "because it has dependent services. It can only be stopped if the Force flag is set."
        _refuse_stop(call, service, "ServiceHasDependentServices", text)
        return []
    try:
        manager.stop(service)
    except ServiceRefused:
        _report(call, service, "CouldNotStopService", "stopped", ErrorCategory.CloseError)
    return [one for one in (*running, service) if not one.running]


def _refuse_stop(call: Call, service: Service, error_id: str, reason: str) -> None:
    text = f"Cannot stop service '{_label(service)}' {reason}"
    target = _service_object(call, service)
    category = ErrorCategory.InvalidOperation
    call.errors.append(call.windows_failure(error_id, text, category, errors.SERVICE, target))


def _report(call: Call, service: Service, error_id: str, done: str, category: ErrorCategory) -> None:
    verb = {"started": "start", "stopped": "stop", "configured": "configure"}[done]
    message = (
        f"Service '{_label(service)}' cannot be {done} due to the following error: "
        f"Cannot {verb} service {service.row.name} on computer '.'."
    )
    target = _service_object(call, service)
    call.errors.append(call.windows_failure(error_id, message, category, errors.SERVICE, target))


def _label(service: Service) -> str:
    return f"{service.row.display_name} ({service.row.name})"


def _service_object(call: Call, service: Service) -> Any:
    """As default remoting sends it: depth 1 leaves enumerations and the items of lists as strings."""
    row = service.row
    accepted = row.accepts.split() if service.running else []
    required = shapes.wire_list(_ARRAY, row.depends_on)
    members: list[tuple[str, Any]] = [
        ("CanPauseAndContinue", "pause" in accepted),
        ("CanShutdown", "shutdown" in accepted),
        ("CanStop", "stop" in accepted),
        ("DisplayName", row.display_name),
        (
            "DependentServices",
            shapes.wire_list(_ARRAY, [one.row.name for one in call.server.services.dependents(service)]),
        ),
        ("MachineName", "."),
        ("ServiceName", row.name),
        ("ServicesDependedOn", required),
        ("ServiceHandle", "SafeServiceHandle"),
        ("Status", service.status),
        ("ServiceType", row.service_type[0]),
        ("StartType", service.start_type),
        ("Site", None),
        ("Container", None),
    ]
    unreadable = {"StartType"} if call.server.release.powershell < 5 else set()
    if not row.accepts:
        # A protected service's handle cannot be opened, and PowerShell leaves out what it cannot read.
        unreadable.add("ServiceHandle")
    members = [member for member in members if member[0] not in unreadable]
    return shapes.wire_object(_TYPES, row.name, members, [("Name", row.name), ("RequiredServices", required)])
