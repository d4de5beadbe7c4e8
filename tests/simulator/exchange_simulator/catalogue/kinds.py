"""The vocabulary of the catalogue: what a parameter is, and which release has it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

RELEASES = ("2010", "2013", "2016", "2019", "SE")


class Kind(enum.Enum):
    """How an argument is converted before the cmdlet sees it."""

    SWITCH = "System.Management.Automation.SwitchParameter"
    BOOLEAN = "System.Boolean"
    OPTIONAL_BOOLEAN = "System.Nullable`1[System.Boolean]"
    INT32 = "System.Int32"
    TEXT = "System.String"
    TEXTS = "System.String[]"
    INTEGERS = "System.Int32[]"
    ENUM = "System.Enum"
    OPTIONAL_ENUM = "System.Nullable`1[System.Enum]"
    FLAGS = "System.FlagsAttribute"
    TIME_SPAN = "Microsoft.Exchange.Data.EnhancedTimeSpan"
    BYTE_SIZE = "Microsoft.Exchange.Data.Unlimited`1[Microsoft.Exchange.Data.ByteQuantifiedSize]"
    URI = "System.Uri"
    STRINGS = "Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]"
    BINDINGS = "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.IPBinding]"
    CONNECTIONS = "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.ProtocolConnectionSettings]"
    LIMIT = "Microsoft.Exchange.Data.Unlimited`1[System.Int32]"
    UNSIGNED = "System.Nullable`1[System.UInt32]"
    UNSIGNED_LIMIT = "System.Nullable`1[Microsoft.Exchange.Data.Unlimited`1[System.UInt32]]"
    SIZE = "Microsoft.Exchange.Data.ByteQuantifiedSize"
    RANGES = "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.IPRange]"
    CAPABILITIES = (
        "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.SmtpReceiveDomainCapabilities]"
    )
    CERTIFICATE = "Microsoft.Exchange.Data.SmtpX509Identifier"
    CREDENTIAL = "System.Management.Automation.PSCredential"
    SECURE_STRING = "System.Security.SecureString"
    BYTES = "System.Byte[]"
    SERVER = "Microsoft.Exchange.Configuration.Tasks.ServerIdParameter"
    CONNECTOR = "Microsoft.Exchange.Configuration.Tasks.ReceiveConnectorIdParameter"
    THROTTLING_POLICY = "Microsoft.Exchange.Configuration.Tasks.ThrottlingPolicyIdParameter"
    MAILBOX = "Microsoft.Exchange.Configuration.Tasks.MailboxIdParameter"
    USER = "Microsoft.Exchange.Configuration.Tasks.UserIdParameter"
    HOST = "Microsoft.Exchange.Data.Fqdn"


@dataclass(frozen=True)
class EnumType:
    """A .NET enumeration: its full name and its members by number, each of them one bit where they are flags."""

    type_name: str
    members: dict[str, int] = field(hash=False)

    def number(self, text: str) -> int:
        """The number of a member, or of several joined as .NET writes flags."""
        return sum(self.members[name] for name in text.split(", "))


@dataclass(frozen=True)
class Parameter:
    """One parameter of a cmdlet; a `filled` one accepts neither null nor an empty value."""

    name: str
    kind: Kind
    enum: EnumType | None = None
    position: int | None = None
    mandatory: bool = False
    filled: bool = False
    pipeline: bool = False
    aliases: tuple[str, ...] = ()
    releases: tuple[str, ...] = RELEASES
    minimum: object = None
    maximum: object = None

    @property
    def type_name(self) -> str:
        if self.enum is None:
            return self.kind.value
        name = self.enum.type_name
        return self.kind.value.replace(Kind.ENUM.value, name) if self.kind is Kind.OPTIONAL_ENUM else name


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet: where it exists and what it accepts; `implementation` is the class named in its error ids.

    `powershell` is the first version of PowerShell that has it. Of the parameters in `choice`, each in a parameter set
    of its own, a call gives one at most, and with `must_choose` one at least; the first belongs to the default set.
    One that `collects` is called once for all that is piped into it, and not for each object.
    """

    name: str
    endpoint: str
    parameters: tuple[Parameter, ...]
    implementation: str
    releases: tuple[str, ...] = RELEASES
    powershell: int = 2
    choice: tuple[str, ...] = ()
    must_choose: bool = False
    collects: bool = False
