"""Error records as PowerShell and Exchange build them."""

from __future__ import annotations

import datetime
import uuid
import zlib
from typing import Any

from psrpcore.types import (
    CommandOrigin,
    CommandTypes,
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    InvocationInfo,
    NETException,
    PSCustomObject,
    PSNoteProperty,
    PSObject,
    PSString,
    serialize,
)

BINDING = (
    "System.Management.Automation.ParameterBindingException",
    "System.Management.Automation.RuntimeException",
    "System.SystemException",
)
TRANSFORMATION = ("System.Management.Automation.ParameterBindingArgumentTransformationException", *BINDING)
VALIDATION = ("System.Management.Automation.ParameterBindingValidationException", *BINDING)
COMMAND_NOT_FOUND = (
    "System.Management.Automation.CommandNotFoundException",
    "System.Management.Automation.RuntimeException",
    "System.SystemException",
)
PARSE = (
    "System.Management.Automation.ParseException",
    "System.Management.Automation.RuntimeException",
    "System.SystemException",
)
NOT_SIMULATED = ("System.NotImplementedException", "System.SystemException")
INVALID_OPERATION = ("System.InvalidOperationException", "System.SystemException")
SERVICE = ("Microsoft.PowerShell.Commands.ServiceCommandException", "System.SystemException")
PROCESS = ("Microsoft.PowerShell.Commands.ProcessCommandException", "System.SystemException")
CIM = ("Microsoft.Management.Infrastructure.CimException", "System.SystemException")
EXCHANGE = (
    "Microsoft.Exchange.Data.Common.LocalizedException",
    "System.Exception",
    "System.Object",
)
NOT_FOUND = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
DATA_VALIDATION = "Microsoft.Exchange.Data.DataValidationException"
INVALID_CREDENTIAL = "Microsoft.Exchange.Data.Directory.ADInvalidCredentialException"
DIRECTORY = "Microsoft.Exchange.Data.Directory."
SUITABILITY = f"{DIRECTORY}SuitabilityDirectoryException"


def us_time(moment: datetime.datetime) -> str:
    """A time as texts of an American server show it."""
    return f"{moment.month}/{moment.day}/{moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


class Failure(Exception):
    """A cmdlet's error on its way to the error stream, or, when terminating, to the end of the pipeline."""

    def __init__(
        self,
        error_id: str,
        message: str,
        category: ErrorCategory,
        types: tuple[str, ...],
        *,
        target: object = None,
        parameter: str | None = None,
        terminating: bool = False,
    ) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.message = message
        self.category = category
        self.types = types
        self.target = target
        self.parameter = parameter
        self.terminating = terminating


def exchange_failure(
    exception: str,
    message: str,
    *,
    category: ErrorCategory = ErrorCategory.NotSpecified,
    implementation: str,
    server: str,
    now: datetime.datetime,
    blocks: bool,
) -> Failure:
    """An Exchange task's error; `blocks` is false for 2010, whose ids lack the bracketed parts (inferred)."""
    name = exception.rpartition(".")[2]
    # Real ids start with a hash of the place in Exchange's code: opaque, so any stable number serves.
    site = f"{zlib.crc32(f'{implementation} {name}'.encode()):08X},{implementation}"
    stamp = us_time(now)
    prefix = f"[Server={server},RequestId={uuid.uuid4()},TimeStamp={stamp}] [FailureCategory=Cmdlet-{name}] "
    return Failure((prefix if blocks else "") + site, message, category, (exception, *EXCHANGE))


def record(failure: Failure, activity: str) -> ErrorRecord:
    """The wire's record of a failure; `activity` is the cmdlet, empty before one was found."""
    exception = NETException(Message=failure.message, HResult=-2146233087)
    exception.PSObject.type_names = [*dict.fromkeys((*failure.types, "System.Exception", "System.Object"))]
    if failure.parameter is not None:
        error_id = failure.error_id.partition(",")[0]
        exception.PSObject.adapted_properties.append(PSNoteProperty("ErrorId", value=error_id))
        exception.PSObject.adapted_properties.append(PSNoteProperty("ParameterName", value=failure.parameter))
    target: Any = PSString(failure.target) if isinstance(failure.target, str) else failure.target
    name, kind = _description(target)
    result = ErrorRecord(
        Exception=exception,
        CategoryInfo=ErrorCategoryInfo(
            Category=failure.category,
            Activity=activity,
            Reason=failure.types[0].rpartition(".")[2],
            TargetName=name,
            TargetType=kind,
        ),
        TargetObject=target,
        FullyQualifiedErrorId=failure.error_id,
        InvocationInfo=_invocation(activity),
    )
    result.serialize_extended_info = bool(activity)
    # psrpcore escapes each text but this one.
    result.PSObject.to_string = serialize(failure.message, None).text or ""  # type: ignore[arg-type]
    return result


def _description(target: object) -> tuple[str, str]:
    """The target's name and type in the category's text: .NET's own ToString of most objects is their class."""
    if isinstance(target, PSObject) and not isinstance(target, str):
        return target.PSTypeNames[0], target.PSTypeNames[0].rpartition(".")[2]
    kinds = {str: "String", int: "Int32"}
    return ("", "") if target is None else (str(target), next(kinds[one] for one in kinds if isinstance(target, one)))


def _invocation(activity: str) -> InvocationInfo | None:
    if not activity:
        return None
    command = PSCustomObject(Name=activity, CommandType=CommandTypes.Cmdlet, Definition="")
    return InvocationInfo(
        MyCommand=command,
        InvocationName=activity,
        CommandOrigin=CommandOrigin.Runspace,
        ExpectingInput=False,
        HistoryId=-1,
        OffsetInLine=0,
        PipelineLength=1,
        PipelinePosition=1,
        ScriptLineNumber=0,
        ScriptName="",
        Line="",
        PositionMessage="",
    )
