# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a task may end before its end: sentences for the user, and what they tell to other code."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any


def harmless(text: str) -> str:
    """Text without characters that act on a terminal, or by which it could run backwards or hide."""
    acting = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return "".join(" " if unicodedata.category(character) in acting else character for character in text)


MOST_CHARACTERS = 300
"""So much of a value stands in a sentence."""

MOST_WORDS = 600
"""So many characters of what a server says."""

MOST_NAMED = 10
"""So many things of a kind are named in a sentence, and so many sentences told of as many."""


def shortened(text: str, most: int = MOST_CHARACTERS, *, length: int | None = None) -> str:
    """Text as a sentence has it: of what is long the beginning and the end, and how many characters it has in all."""
    if len(text) <= most:
        return text
    return f"{text[: most * 2 // 3]} ... ({length or len(text):,} characters) ... {text[-(most // 3) :]}"


def quoted(value: object) -> str:
    """A value as a sentence repeats it."""
    return shortened(repr(value), length=len(value) if isinstance(value, str) else None)


def words_of(text: str, otherwise: str = "no reason was given") -> str:
    """A server's words as the end of a sentence, without their own full stop."""
    return shortened(" ".join(text.split()).rstrip("."), MOST_WORDS) or otherwise


def first_of(names: Sequence[str], separator: str = ", ") -> str:
    """Names one after the other; of many the first ones, and how many more there are."""
    more = len(names) - MOST_NAMED
    return separator.join(shortened(name, MOST_WORDS) for name in names[:MOST_NAMED]) + (
        f" and {more:,} more" if more > 0 else ""
    )


def summed_up(sentences: Iterable[str]) -> str:
    """Sentences one after the other: equal ones once, with their number, and of many the first ones."""
    counted = Counter(sentences)
    each = [s if times == 1 else f"{s.removesuffix('.')} ({times:,} times)." for s, times in counted.items()]
    more = len(each) - MOST_NAMED
    return " ".join([*each[:MOST_NAMED], *([f"And {more:,} more."] if more > 0 else [])])


class Failure(Exception):
    """One sentence for the user about why the task ends here, with what belongs into the failed result beside it."""

    may_have_happened = False
    """Whether what was written may be stored all the same."""

    def __init__(self, sentence: str, **result: Any) -> None:
        super().__init__(sentence)
        self.result = result

    @property
    def in_vain(self) -> str:
        """The sentence for when a look has shown that nothing came of what was sent."""
        return str(self)


class OutcomeUnknown(Failure):
    """A writing cmdlet was sent and its answer was lost."""

    may_have_happened = True

    def __init__(self, sentence: str, in_vain: str = "") -> None:
        super().__init__(sentence)
        self._in_vain = in_vain or sentence

    @property
    def in_vain(self) -> str:
        return self._in_vain


class Unreachable(Exception):
    """The host cannot be reached; no module catches this, the task becomes UNREACHABLE."""


class Defect(Exception):
    """The collection has a bug; no module catches this either, the task fails with the sentence."""

    def __init__(self, sentence: str, *, traceback: str, changed: bool) -> None:
        super().__init__(sentence)
        self.traceback = traceback
        self.changed = changed
        """Whether something may have been changed."""


# Microsoft's and others' published errors name these where one controller of several cannot be used.
_OF_THE_CONTROLLER = (
    "ADServerSettingsChangedException",
    "ADTransientException",
    "DCOverloadedException",
    "NoSuitableServerFoundException",
    "ServerInMMException",
    "SuitabilityDirectoryException",
)
# One controller refuses a write so, and another may take it: it has another domain, or does not know the user.
_OF_A_REFUSED_WRITE = ("ADInvalidCredentialException", "ADReferralException")
_DIRECTORY = "Microsoft.Exchange.Data.Directory."

NOBODY_ASKED = "System.Management.Automation.Host.HostException"
"""What a session throws where a cmdlet asks for input or a confirmation: there is nobody to be asked."""


@dataclass(frozen=True)
class CmdletError:
    """An error as PowerShell recorded it. Known ones are told apart by id and type: the message is localized."""

    id: str = ""
    category: str = ""
    exception: str = ""
    message: str = ""
    target: str | None = None
    cmdlet: str | None = None
    parameter: str | None = None
    asked_of: str | None = None
    """The domain controller that the user named, where the error may come of that."""

    @classmethod
    def read(cls, error: Mapping[str, Any]) -> CmdletError:
        told = {field.name: error.get(field.name) for field in fields(cls)}
        return cls(**{name: str(value) for name, value in told.items() if value is not None})

    @property
    def name(self) -> str:
        """The id without the part after the comma, which names the cmdlet or its class."""
        return self.id.partition(",")[0]

    @property
    def unknown_cmdlet(self) -> bool:
        return self.name == "CommandNotFoundException"

    @property
    def unknown_parameter(self) -> bool:
        return self.name == "NamedParameterNotFound"

    @property
    def bad_value(self) -> bool:
        return self.name.startswith(("ParameterArgumentTransformationError", "CannotConvertArgument"))

    @property
    def missing_service(self) -> bool:
        return self.name == "NoServiceFoundForGivenName"

    @property
    def missing_object(self) -> bool:
        return self._is("ManagementObjectNotFoundException")

    @property
    def ambiguous_object(self) -> bool:
        return self._is("ManagementObjectAmbiguousException")

    @property
    def nobody_asked(self) -> bool:
        return self.exception == NOBODY_ASKED or self.name in ("HostException", "HostFunctionNotImplemented")

    @property
    def of_the_controller(self) -> bool:
        """Whether the domain controller cannot be used."""
        return any(map(self._is, _OF_THE_CONTROLLER))

    def of_a_write_there(self, *, mailboxes: bool) -> bool:
        """Whether another domain controller may take the write that this one did not."""
        # Every controller says of a mailbox of a protected account that the operation failed.
        operation_failed = not mailboxes and self._is("ADOperationException")
        return self.of_the_controller or operation_failed or any(map(self._is, _OF_A_REFUSED_WRITE))

    @property
    def of_the_directory(self) -> bool:
        """Whether Active Directory refused or failed, which may or may not be so at another domain controller."""
        return (
            self.of_the_controller or self.exception.startswith(_DIRECTORY) or "[FailureCategory=Cmdlet-AD" in self.id
        )

    @property
    def of_rpc(self) -> bool:
        """Whether a service of the server that answers by RPC refused or failed."""
        # Of what goes wrong there with certificates, published errors have this one exception, whatever it was.
        of_certificates = self.id.endswith("ExchangeCertificate") and self._is("InvalidOperationException")
        return of_certificates or self._is("RpcException")

    @property
    def of_rights(self) -> bool:
        """Whether the user lacks a right."""
        return self.unknown_cmdlet or self.unknown_parameter or self.category == "PermissionDenied"

    def _is(self, exception: str) -> bool:
        # Exchange files these under the category NotSpecified; Exchange 2010 has no FailureCategory in the id.
        return f"[FailureCategory=Cmdlet-{exception}]" in self.id or self.exception.rpartition(".")[2] == exception

    def sentence(self, cmdlet: str, of: str = "") -> str:
        """What happened, in one sentence that ends with the server's own words where these add something."""
        happened = self._happened(cmdlet, f" for {shortened(of)}" if of else "")
        if not self.asked_of:
            return happened
        return (
            f"{happened} Only {shortened(self.asked_of)} is used, because domain_controller names it (in the roles, "
            "<role>_domain_controller): check that name, or leave it out."
        )

    def _happened(self, cmdlet: str, of: str) -> str:
        said = words_of(self.message, otherwise=words_of(self.id))
        parameter = f"the parameter {shortened(self.parameter)}" if self.parameter else "one of the parameters sent"
        if self.unknown_cmdlet:
            return f"{cmdlet} is not granted to this user by RBAC, or this host does not have it: {said}."
        if self.unknown_parameter:
            return (
                f"{cmdlet} does not know {parameter}: RBAC does not grant it to this user, "
                f"or this version of Exchange lacks it: {said}."
            )
        if self.bad_value:
            return f"{cmdlet} does not accept the value of {parameter}: {said}."
        if self.missing_service:
            return f"{cmdlet} found no service {shortened(self.target or 'of that name')} on this host: {said}."
        if self.missing_object:
            return f"{cmdlet} did not find the object: {said}."
        if self.nobody_asked:
            return f"{cmdlet} asks for input or a confirmation, and nobody can answer it."
        if self.category == "PermissionDenied":
            return f"{cmdlet} was refused{of}, this user lacks the permission: {said}."
        return f"{cmdlet} failed{of}: {said}."


class CmdletFailure(Failure):
    """A cmdlet answered with errors."""

    def __init__(self, cmdlet: str, errors: Sequence[CmdletError], reason: str | None = None, of: str = "") -> None:
        super().__init__(
            summed_up(error.sentence(cmdlet, of) for error in errors)
            or CmdletError(message=reason or "").sentence(cmdlet, of)
        )
        self.errors = tuple(errors)
        # A domain controller may go away between the effect and the answer.
        self.may_have_happened = any(error.of_the_directory for error in errors)
