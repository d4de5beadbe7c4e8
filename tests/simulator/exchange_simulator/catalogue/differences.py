"""What a real PowerShell is known to do otherwise than the simulator's own engine, and why that is left.

tests/contract/test_two_engines.py asks both, holds this table to what comes, and the figures to what it counts;
guide_evidence.rst is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A difference that is left: in which questions, and where in the answers, both as regular expressions."""

    asked: str
    where: str
    says: str
    reason: str


@dataclass(frozen=True)
class Figures:
    """How many questions were asked, and how many were answered alike."""

    rows: int
    equal: int

    @property
    def left(self) -> int:
        """How many were not, each for a reason of the table."""
        return self.rows - self.equal


# What is not compared, by its place in an answer.
LEFT_OUT = {
    r"/(InvocationInfo\b|InvocationInfo_|CommandInfo_|PipelineIterationInfo|SerializeExtent)"
    r"|/InformationalRecord_Pipe": (
        "Where a cmdlet was called: its line, its place in the pipeline, the number of the call."
    ),
    r"/(StackTrace|TargetSite|Source|InnerException|ErrorDetails_ScriptStackTrace)$|(Exception|InnerException)/ToString$"
    r"|/Exception/Props/Data/": ("Where in PowerShell's own code an exception was thrown."),
    r"/Exception/Props order$|/Exception/Props/(ErrorRecord|CommandInvocation|Line|Offset)$": (
        "Members of an exception that repeat others or speak of script text, and their order, which is that of .NET "
        "Framework here and that of .NET there."
    ),
    r"^nothing: ids of requests, times of the run, hashes in ids": (
        "Ids of requests, the times in ids of errors, and the order of an object's parts; none of these has a meaning."
    ),
}


_ERROR = r"(ErrorRecord|ExceptionAsErrorRecord|^error)/"

KNOWN: tuple[Known, ...] = (
    Known(
        r"",
        rf"{_ERROR}(ToString$|MS/Exception/Props/Message$|MS/ErrorDetails_Message$)",
        "The wording of PowerShell's own errors",
        "PowerShell 7.6 words some of them otherwise than 5.1, and no error is recognized by its text",
    ),
    Known(
        r"Get-Process",
        r"^PipelineOutput/MS/Parent$",
        "A process has a Parent",
        "PowerShell 7 alone adds it",
    ),
    Known(
        r"windows live: Stop-Service",
        r"^ErrorRecord/MS/ErrorCategory_(TargetName|TargetType|Message)$",
        "How an error's category names a service as its target",
        "There the target is an object that only stands for a .NET one, which names itself by its class",
    ),
    Known(
        r"Get-Process",
        r"^ErrorRecord/MS/Exception/Props/ProcessName$",
        "The error about a process that is not there has no ProcessName",
        "There the exception bears the name of its class, and not the members that the class adds",
    ),
    Known(
        r"'reader' \| Get-CASMailbox",
        r"^ErrorRecord/MS/(TargetObject$|ErrorCategory_|Exception/Props/TypeSpecified$)",
        "An object that no parameter takes is the target of the error about it",
        "Our engine's errors of binding have no target, and nothing reads one of them",
    ),
    Known(
        r"Get-CASMailbox -Filter",
        rf"{_ERROR}MS/(FullyQualifiedErrorId|Exception/Props/(ParameterName|ErrorId))$",
        "A filter that is none is refused by the cmdlet, and not by the binder",
        "Exchange's own binding of filters is not PowerShell's; the id is the published one",
    ),
    Known(
        r"windows live: (Get|Enable|Import|Remove)-ExchangeCertificate",
        r"^PipelineOutput/Props(/| order)",
        "A certificate comes as its RawData alone",
        "PowerShell's type data says so of every X509Certificate2; whether that of Exchange's snap-in says otherwise "
        "of its own class is not published",
    ),
)
FIGURES = Figures(rows=1404, equal=1127)
