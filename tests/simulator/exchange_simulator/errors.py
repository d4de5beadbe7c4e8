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
    PSDict,
    PSInt64,
    PSList,
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


# The numbers that .NET gives to its exceptions, and to whatever is made of them.
_NUMBERS = {
    "System.ArgumentException": -2147024809,
    "System.InvalidOperationException": -2146233079,
    "System.NotImplementedException": -2147467263,
    "System.SystemException": -2146233087,
    "System.Exception": -2146233088,
}
_RUNTIME = "System.Management.Automation.RuntimeException"
_INVOCATION_INFO = "System.Management.Automation.InvocationInfo"
STOP = "System.Management.Automation.ActionPreferenceStopException"
_TABLE = "System.Collections.Generic.Dictionary`2[[System.String, {0}],[System.Object, {0}]]"
_LIST = "System.Collections.Generic.List`1[[System.Object, {0}]]"
_MSCORLIB = "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"


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
        given: tuple[str | None, str | None] | None = None,
        terminating: bool = False,
    ) -> None:
        """`parameter` is one that did not bind, and `given` the types of it and of its value."""
        super().__init__(message)
        self.error_id = error_id
        self.message = message
        self.category = category
        self.types = types
        self.target = target
        self.parameter = parameter
        self.given = given or (None, None)
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
    types = (exception, "System.SystemException") if exception.startswith("System.") else (exception, *EXCHANGE)
    return Failure((prefix if blocks else "") + site, message, category, types)


class WireRecord(ErrorRecord):
    """An error record that is written as PowerShell does, where psrpcore's differs from what was recorded of it.

    The type data of a default session adds a member to those that are put out, and to none that ends a pipeline.
    """

    has_type_data = False

    @classmethod
    def ToPSObjectForRemoting(cls, instance: ErrorRecord, **options: Any) -> PSObject:
        shown = ErrorRecord.ToPSObjectForRemoting(instance, **options)
        category = instance.CategoryInfo
        target = f"{category.TargetName or ''}:{category.TargetType or ''}"
        shown["ErrorCategory_Message"] = (
            f"{category.Category.name}: ({target}) [{category.Activity or ''}], {category.Reason or ''}"
        )
        if instance.InvocationInfo is not None:
            shown["InvocationInfo"] = _where(instance.InvocationInfo)
        if isinstance(instance, cls) and instance.has_type_data:
            shown.PSObject.extended_properties.append(PSNoteProperty("PSMessageDetails", value=None))
        return shown


def record(failure: Failure, activity: str) -> WireRecord:
    """The wire's record of a failure; `activity` is the cmdlet, empty before one was found."""
    target: Any = PSString(failure.target) if isinstance(failure.target, str) else failure.target
    name, kind = _description(target)
    result = WireRecord(
        Exception=_exception(failure),
        CategoryInfo=ErrorCategoryInfo(
            Category=failure.category,
            Activity=activity,
            Reason=failure.types[0].rpartition(".")[2],
            TargetName=name,
            TargetType=kind,
        ),
        TargetObject=target,
        FullyQualifiedErrorId=failure.error_id,
        InvocationInfo=invocation(activity),
    )
    result.PSObject.type_names = list(ErrorRecord.PSObject.type_names)
    # psrpcore escapes each text but this one.
    result.PSObject.to_string = serialize(failure.message, None).text or ""  # type: ignore[arg-type]
    return result


def _exception(failure: Failure) -> NETException:
    """The exception, with the members of its class and in the order that was recorded of Windows."""
    types = [*dict.fromkeys((*failure.types, "System.Exception", "System.Object"))]
    result = NETException(Message=failure.message)
    told = f"{types[0]}: {failure.message}"
    result.PSObject.type_names = types
    result.PSObject.to_string = serialize(told, None).text or ""  # type: ignore[arg-type]
    own: dict[str, Any] = {}
    if BINDING[0] in types or failure.parameter is not None:
        own = {
            "ParameterName": failure.parameter,
            "ParameterType": failure.given[0],
            "TypeSpecified": failure.given[1],
            "ErrorId": failure.error_id.partition(",")[0],
            "Line": PSInt64(0),
            "Offset": PSInt64(0),
            "CommandInvocation": _INVOCATION_INFO,
        }
    if _RUNTIME in types:
        own |= {"ErrorRecord": failure.message, "WasThrownFromThrowStatement": STOP in types}
    data = PSDict()
    data.PSObject.type_names = ["System.Collections.ListDictionaryInternal", "System.Object"]
    own |= {
        "Message": failure.message,
        "Data": data,
        "InnerException": None,
        "TargetSite": None,
        "StackTrace": None,
        "HelpLink": None,
        "Source": None,
        "HResult": next(number for name, number in _NUMBERS.items() if name in types),
    }
    if PROCESS[0] in types:
        own["ProcessName"] = failure.target if isinstance(failure.target, str) else ""
    if COMMAND_NOT_FOUND[0] in types:
        own["CommandName"] = failure.target
    if "System.ArgumentException" in types:
        own["ParamName"] = None
    result.PSObject.adapted_properties = [PSNoteProperty(name, value=value) for name, value in own.items()]
    return result


def _description(target: object) -> tuple[str, str]:
    """The target's name and type in the category's text: .NET's own ToString of most objects is their class."""
    if isinstance(target, PSObject) and not isinstance(target, str):
        return target.PSTypeNames[0], target.PSTypeNames[0].rpartition(".")[2]
    kinds = {str: "String", int: "Int32"}
    return ("", "") if target is None else (str(target), next(kinds[one] for one in kinds if isinstance(target, one)))


def invocation(activity: str) -> InvocationInfo | None:
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


def _where(invocation: InvocationInfo) -> PSObject:
    """An invocation as it is shown inside of a record, as it was recorded of Windows."""
    given, left = PSDict(), PSList()
    given.PSObject.type_names = [_TABLE.format(_MSCORLIB), "System.Object"]
    left.PSObject.type_names = [_LIST.format(_MSCORLIB), "System.Object"]
    told = {
        "MyCommand": str(invocation.MyCommand.Name),
        "BoundParameters": given,
        "UnboundArguments": left,
        **{name: getattr(invocation, name) for name in ("ScriptLineNumber", "OffsetInLine", "HistoryId")},
        **dict.fromkeys(["ScriptName", "Line", "PositionMessage", "PSScriptRoot"], ""),
        "PSCommandPath": None,
        **{
            name: getattr(invocation, name)
            for name in ("InvocationName", "PipelineLength", "PipelinePosition", "ExpectingInput")
        },
        "CommandOrigin": invocation.CommandOrigin.name,
        "DisplayScriptPosition": None,
    }
    result = PSObject()
    result.PSObject.type_names = [_INVOCATION_INFO, "System.Object"]
    result.PSObject.to_string = _INVOCATION_INFO
    result.PSObject.adapted_properties = [PSNoteProperty(name, value=value) for name, value in told.items()]
    return result
