"""What each shape and each word of the simulator stands on.

A shape is an object that a cmdlet puts out, one of its members, or a way to behave. The facts here are this package's
own memory of where they come from: guide_evidence.rst is written from them, and tests/contract/test_evidence.py asks of
each object that comes out of a cmdlet whether each of its members has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal, Protocol

from .connectors import CONNECTOR_SETTINGS
from .mailboxes import SETTINGS as MAILBOX_SETTINGS
from .settings import SETTINGS
from .throttling import THROTTLING_SETTINGS

StandsOn = Literal["capture", "page", "published output", "guess"]


@dataclass(frozen=True)
class Fact:
    """One thing that is believed; without a member it is about the object as a whole, or about what the cmdlet does."""

    cmdlet: str
    member: str
    stands_on: StandsOn
    source: str
    """A capture's file, the id of one of Microsoft's pages, or an address; of a guess, what speaks for it."""
    says: str


# By what it stands on and the source, what that says of members, whose names have blanks between them.
Told = Mapping[tuple[StandsOn, str], Mapping[str, str]]


def _facts(cmdlets: str, told: Told) -> Iterator[Fact]:
    """The same of each of these cmdlets."""
    for (stands_on, source), of_members in told.items():
        for members, says in of_members.items():
            for cmdlet, member in product(cmdlets.split(), members.split() or [""]):
                yield Fact(cmdlet, member, stands_on, source, says)


class _Row(Protocol):
    @property
    def name(self) -> str: ...


def _names(rows: Iterable[_Row]) -> str:
    return " ".join(row.name for row in rows)


def _page(cmdlet: str) -> str:
    """Microsoft's page of a cmdlet, in the repository that it is published from."""
    folder = "MicrosoftDocs/office-docs-powershell/blob/main/exchange/exchange-ps/ExchangePowerShell"
    return f"https://github.com/{folder}/{cmdlet}.md"


_CONNECTORS = "Get-ReceiveConnector.exchange2019.xml"
_SERVERS = "Get-ExchangeServer.exchange2019.xml, Get-ExchangeServer.exchange2016.xml"
_COMPONENTS = "Get-ServerComponentState.PopProxy-ImapProxy.exchange2019.xml"
_CERTIFICATES = "Get-ExchangeCertificate.exchange2019.xml, Get-ExchangeCertificate.exchange2016.xml"
_SERVICES = (
    "Get-Service.exchange2019.xml, Get-Service.exchange2016.xml, Get-Service.MSExchangeADTopology.exchange2019.xml"
)
_PLAIN = "https://github.com/3gstudent/3gstudent.github.io"
_IMAP_TEST = "https://clintboessen.blogspot.com/2018/03/"
_POWERSHELL = "https://github.com/PowerShell/PowerShell"

_TAIL = (
    "AdminDisplayName ExchangeVersion DistinguishedName Identity Guid ObjectCategory ObjectClass WhenChanged "
    "WhenCreated WhenChangedUTC WhenCreatedUTC OrganizationId Id OriginatingServer IsValid ObjectState"
)
_RECIPIENT_TAIL = (
    "Identity IsValid ExchangeVersion Name DistinguishedName Guid ObjectCategory ObjectClass WhenChanged WhenCreated "
    "WhenChangedUTC WhenCreatedUTC OrganizationId Id OriginatingServer ObjectState"
)

_FORMS: Told = {
    ("published output", _PLAIN): {
        "": "At a plain /PowerShell/ members are texts: names of enumerations without numbers, time spans, sizes with "
        "their bytes, versions, canonical names. GUIDs, times, numbers and truth values keep their element, what is "
        "null is null, lists are lists of texts, and nothing is added to the object."
    },
    (
        "published output",
        "http://blogs.microsoft.co.il/scriptfanatic/2011/08/22/get-full-control-over-your-exchange-remote-powershell-session/",
    ): {"": "With serializationLevel=Full in the URL, as the Management Shell asks, objects come in their full form."},
    ("guess", "captures were exported in the Management Shell"): {
        "": "What the captures show, numbers of enumerations, ticks and SerializationData, is the full form."
    },
    ("guess", "how URLs are read elsewhere"): {
        "": "The case of the query's words does not count, and semicolons or ampersands part them."
    },
    ("guess", "the plain form, and objects of a real PowerShell at depth 1"): {
        "": "A session on the server itself, with the snap-in, shows the members of live objects as texts."
    },
}
_ERRORS: Told = {
    ("published output", "https://github.com/dpaulson45/ExchangeLogCollector/issues/78"): {
        "": "The id of an error of Exchange: server, request, time, kind of failure, eight digits and the class."
    },
    ("published output", "https://learn.microsoft.com/answers/questions/309166"): {
        "": "Type and text where the directory refuses the credentials of a second hop."
    },
    ("page", _POWERSHELL): {"": "Errors of parameters that do not bind and of cmdlets that there are not."},
    ("guess", "memory alone, which nobody can check"): {"": "The ids of Exchange 2010 lack the bracketed parts."},
    ("guess", "errors of other cmdlets"): {
        "": "The classes in the ids of these cmdlets, the wording where a value is out of its range or a controller "
        "cannot be reached, and that every cmdlet fails alike at a second hop."
    },
}

_SESSIONS: Told = {
    ("page", f"{_POWERSHELL} (WSManPluginErrorCodes)"): {
        "": "What the plug-in's authorization throws ends the session with the fault 2152992672."
    },
    ("page", "[MS-PSRP], the message RUNSPACEPOOL_STATE"): {
        "": "A pool that cannot open tells why by an error record."
    },
    ("page", "the numbers of wsmerror.h in PowerShell's source"): {
        "": "A user's quota of requests is the fault 2150859175, and a shell that is not found is 2150858843."
    },
    (
        "published output",
        "https://learn.microsoft.com/answers/questions/310545, https://learn.microsoft.com/answers/questions/311044",
    ): {
        "": "The blocks before the words of a refusal; TypeInitializationException; that the client calls the fault "
        "IncorrectProtocolVersion, which is 2152992672, and that it comes when it asks for data, not for the shell."
    },
    ("published output", "https://learn.microsoft.com/answers/questions/284296"): {
        "": "CmdletAccessDeniedException where a user has no management role."
    },
    ("published output", "https://github.com/cisagov/ScubaGear"): {
        "": "AuthorizationException where a user has too many sessions, of Exchange Online."
    },
    ("published output", "https://learn.microsoft.com/answers/questions/308306"): {
        "": "Cafe-SendFailure without words, which the client calls invalid XML, where a shell is asked for."
    },
    (
        "published output",
        "https://techcommunity.microsoft.com/blog/exchange/remote-powershell-proxying-behavior-in-exchange-2013-cu12-and-exchange-2016/604504",
    ): {"": "WSMan-InvalidShellID where requests of one session come to different servers."},
    ("page", "https://learn.microsoft.com/en-us/exchange/troubleshoot/client-connectivity/error-occur-ems-eac-owa"): {
        "": "Access is denied after a block without a category, which the client calls invalid XML."
    },
    ("published output", "https://c7solutions.com/2010/01/restrictive-throttling-policies-in-aspx"): {
        "": "The words where a user's quota of requests is used up, on 2010."
    },
    ("guess", "names of classes of Exchange's, seen in no output of a refused session"): {
        "": "RemotePowerShellNotEnabledException, OverBudgetException, SuitabilityDirectoryException and "
        "ManagementObjectNotFoundException, with their words."
    },
    ("capture", "pypsrp/test_psrp_with_jea_configuration.yml"): {
        "": "A session configuration is asked for by its name in the resource URI, and refuses script text."
    },
    ("page", "https://learn.microsoft.com/powershell/scripting/security/remoting/jea/role-capabilities"): {
        "": "A session configuration shows the cmdlets, parameters and values of a role capability, and nothing else."
    },
    ("guess", "least privilege is what such a configuration is for"): {
        "": "That whoever may use one session configuration may use no other, and that it shows no common parameters."
    },
    ("guess", "nobody has published a conversation"): {
        "": "That the state of a broken pool carries the exception itself; the statuses of HTTP, 500 or 403; the "
        "subcode of the faults."
    },
}

# --- settings of POP3 and IMAP4 ---

# The page of the class, that of what it declares itself, and these members.
_CLASSES = {
    "pop3": ("Get-PopSettings", "ff338008", "ff342463", "ProtocolName Name MaxCommandSize MessageRetrievalSortOrder"),
    "imap4": ("Get-ImapSettings", "ff324601", "ff337440", "ProtocolName Name MaxCommandSize ShowHiddenFoldersEnabled"),
}
_OF_THE_BASE = (
    "LiveIdBasicAuthReplacement UnencryptedOrTLSBindings SSLBindings InternalConnectionSettings "
    "ExternalConnectionSettings LogPerFileSizeQuota"
)
_LISTS = "InternalConnectionSettings ExternalConnectionSettings"
_NUMBERED = "LoginType MessageRetrievalMimeFormat CalendarItemRetrievalOption LogFileRollOverSettings"
_PROTOCOL_SETTINGS: Told = {
    ("capture", _CONNECTORS): {
        "UnencryptedOrTLSBindings SSLBindings": "Encoded as Bindings of a receive connector.",
        "AuthenticatedConnectionTimeout PreAuthenticatedConnectionTimeout": "Encoded as its ConnectionTimeout.",
        "Server": "Named and encoded as that of a receive connector.",
        "SerializationData": "Full objects of Exchange have it.",
    },
    ("capture", f"{_CONNECTORS}, Get-AcceptedDomain.exchange2019.xml"): {
        _TAIL: "What all configuration objects end with, in this order."
    },
    ("page", "ff325240"): {"LiveIdBasicAuthReplacement": "A member in 2010 and 2013."},
    ("page", "ff344661"): {"UnencryptedOrTLSBindings": "A list of IPBinding."},
    ("page", "ff337149"): {"SSLBindings": "A list of IPBinding."},
    ("page", "ff338127"): {"InternalConnectionSettings": "A list of ProtocolConnectionSettings."},
    ("page", "ff343938"): {"ExternalConnectionSettings": "A list of ProtocolConnectionSettings."},
    ("page", "ff812286"): {_LISTS: "An item has a Hostname of that class, a Port, and an EncryptionType or none."},
    ("page", "ff443483"): {"LogPerFileSizeQuota": "An Unlimited of ByteQuantifiedSize."},
    ("page", "ff339360"): {"LoginType": "The enumeration LoginOptions: its namespace and names."},
    ("page", "ff443415"): {"LogFileRollOverSettings": "The enumeration LogFileRollOver: its namespace and names."},
    ("page", "ff346385"): {"MessageRetrievalMimeFormat": "The enumeration MimeTextFormat: its namespace."},
    ("page", "ff339494"): {
        "CalendarItemRetrievalOption": "The enumeration's names; intranetUrl begins with a small i."
    },
    ("page", "ff438264"): {
        "ExtendedProtectionPolicy": "The enumeration ExtendedProtectionTokenCheckingMode: its names."
    },
    ("page", "aa997604"): {"AuthenticatedConnectionTimeout": "The administration center takes up to a day."},
    ("page", _page("Set-PopSettings")): {_NUMBERED: "The numbers of the enumeration's names."},
    ("guess", "no output of this object was found"): {
        "": "The order of the members: those of the class itself, of its bases, and of all configuration objects."
    },
    ("guess", "how the parameter is written"): {
        _LISTS: "The text of an item is host:port:method; the class and the numbers of EncryptionType."
    },
    ("guess", "two captured shapes put together"): {
        "LogPerFileSizeQuota": "Encoded as an Unlimited of a receive connector around its byte size."
    },
    ("guess", "the order on the page"): {"ExtendedProtectionPolicy": "The numbers of the enumeration's names."},
    ("guess", "memory alone, which nobody can check"): {
        "Name": "It is 1.",
        "Identity": r"Its text is Server\1, and in the directory it is CN=1 below the protocol and the server.",
    },
    ("guess", "setup's own certificate has this name"): {"X509CertificateName": "The default is the server's name."},
    ("guess", "the page names a variable"): {"LogFileLocation": "On read the folder stands in the variable's place."},
    ("guess", "no page tells it"): {"LiveIdBasicAuthReplacement": "It is false."},
}
_SET_PROTOCOL_SETTINGS: Told = {
    ("published output", "many posts"): {"": "The warning when nothing has been modified."},
    ("page", "the help of Exchange 2010"): {"": "A parameter LiveIdBasicAuthReplacement in 2010 alone."},
    ("guess", "no such refusal is published"): {
        "": "Each parameter is checked by itself, and none against another; a list with a value twice is refused."
    },
    ("guess", "that a restart is needed is documented"): {"": "The wording of the warning that asks for a restart."},
}


def _of_protocol_settings() -> Iterator[Fact]:
    for protocol, (cmdlet, page, own_page, declared) in _CLASSES.items():
        own = [setting for setting in SETTINGS if protocol in setting.defaults]
        named = {*declared.split(), *_OF_THE_BASE.split()}
        told: Told = {
            ("page", page): {"": "The class, and the eight that it is derived from."},
            ("page", own_page): {declared: "A member that the class declares itself."},
            ("page", _page(cmdlet)): {"": "One object for one server; there is no -Identity."},
            ("page", _page(cmdlet.replace("Get", "Set"))): {
                _names(one for one in own if one.settable is None): "A parameter with these values and this default."
            },
            ("guess", "the name of the parameter"): {
                _names(one for one in own if one.name not in named): "On read it has the name of the parameter."
            },
        }
        yield from _facts(cmdlet, told)
    yield from _facts("Get-PopSettings Get-ImapSettings", _PROTOCOL_SETTINGS)
    order: Told = {
        ("page", "ff324983"): {"MessageRetrievalSortOrder": "The enumeration SortOrder: its namespace and names."},
        ("guess", "the order on the page"): {"MessageRetrievalSortOrder": "The numbers of the enumeration's names."},
    }
    yield from _facts("Get-PopSettings", order)
    yield from _facts("Set-PopSettings Set-ImapSettings", _SET_PROTOCOL_SETTINGS)


# --- servers, their components and certificates ---

_SINCE_2013 = (
    "IsE15OrLater IsFrontendTransportServer MailboxProvisioningAttributes MitigationsEnabled MitigationsApplied "
    "MitigationsBlocked DataCollectionEnabled"
)
_SERVER: Told = {
    ("capture", _SERVERS): {
        "": "Classes and order.",
        "Name DataPath Domain Edition ExchangeLegacyDN ExchangeLegacyServerRole Fqdn CustomerFeedbackEnabled "
        "InternetWebProxy InternetWebProxyBypassList IsHubTransportServer IsClientAccessServer IsExchange2007OrLater "
        "IsEdgeServer IsMailboxServer IsE14OrLater IsProvisionedServer IsUnifiedMessagingServer NetworkAddress "
        "OrganizationalUnit AdminDisplayVersion Site ServerRole ErrorReportingEnabled StaticDomainControllers "
        "StaticGlobalCatalogs StaticConfigDomainController StaticExcludedDomainControllers MonitoringGroup "
        "CurrentDomainControllers CurrentGlobalCatalogs CurrentConfigDomainController ProductID IsExchangeTrialEdition "
        "IsExpiredExchangeTrialEdition RemainingTrialPeriod Identity IsValid ExchangeVersion DistinguishedName Guid "
        "ObjectCategory ObjectClass WhenChanged WhenCreated WhenChangedUTC WhenCreatedUTC OrganizationId Id "
        f"OriginatingServer ObjectState SerializationData {_SINCE_2013}": "Name, encoding and place.",
    },
    ("published output", _PLAIN): {"AdminDisplayVersion": "Its text: Version 15.1 (Build 2507.6)."},
    ("published output", "https://github.com/dpaulson45/HealthChecker/issues/213"): {
        "": "The error when a name is not found: its text, its id and its exception."
    },
    ("page", _page("Get-ExchangeServer")): {"ServerRole": "2010 and 2013 show more roles."},
    ("guess", "the features came later"): {_SINCE_2013: "Exchange 2010 has no such member."},
    ("guess", "captured as true on 2016 and false on 2019"): {"IsUnifiedMessagingServer": "On 2013 it is true."},
}
_COMPONENT: Told = {
    ("capture", _COMPONENTS): {
        "": "Classes and order; four of the components are played.",
        "ServerFqdn Component State ServerWideOfflineIsOffline RemoteStates LocalStates Identity IsValid ObjectState "
        "SerializationData": "Name, encoding and place.",
    }
}
_SET_COMPONENT: Told = {
    ("page", _page("Set-ServerComponentState")): {
        "": "Requests are kept in the directory and in the server's registry, each of which can be left out."
    },
    ("guess", "no page tells it"): {
        "": "How several requesters' wishes become one state, that a proxy can be Draining, and the refusal of an "
        "unknown component."
    },
}
_LISTED = (
    "AccessRules CertificateDomains HasPrivateKey IsSelfSigned Issuer NotAfter NotBefore PublicKeySize RootCAType "
    "SerialNumber Services Status Subject Thumbprint"
)
_CERTIFICATE: Told = {
    ("capture", _CERTIFICATES): {
        "": "Classes, and the text with names and dates.",
        "RawData": "The certificate itself, the one member that a remote session shows.",
        "SerializationData": "The services, in a serialized form that is the same byte for byte, signed or not.",
        "Services Status RootCAType": "Services up to 16 and their sums, Valid 1, None 0 and Registry 3.",
    },
    ("capture", "Get-ExchangeCertificate.deserialized-rawdata-only.xml"): {
        "SerializationData": "Without a valid Auth Certificate a server that signs leaves it out."
    },
    ("published output", "https://github.com/MicrosoftDocs/office-docs-powershell/issues/3493"): {
        "": "At a plain /PowerShell/ the services are not there."
    },
    ("published output", "https://learn.microsoft.com/en-us/answers/questions/2195248"): {
        "": "Text, exception, category and id where there is no certificate of that thumbprint."
    },
    ("published output", "https://learn.microsoft.com/en-us/answers/questions/1166428"): {
        _LISTED: "What the Management Shell lists."
    },
    ("page", "ff322386"): {"": "The class is derived from X509Certificate2."},
    ("page", "ff319670"): {"Services": "The names of AllowedServices."},
    ("guess", "the plain form"): {
        _LISTED: "Shown in a session on the server with the snap-in, as a text or primitive."
    },
    ("guess", "the serialized form and the .NET class"): {
        "Identity PrivateKeyExportable FriendlyName": "Shown in a session on the server with the snap-in as well."
    },
    ("guess", "the next two bits"): {"Services": "32 is Federation and 64 is UMCallRouter."},
    ("guess", "the order on the page"): {"Status RootCAType": "The other numbers."},
}
_ENABLE_CERTIFICATE: Told = {
    ("published output", "https://kimconnect.com/microsoft-exchange-server-certificates/"): {
        "": "The warning that a certificate with a wildcard as its subject is for neither POP nor IMAP."
    },
    (
        "published output",
        "https://learn.microsoft.com/en-us/answers/questions/1002570/exchange-certificate-import-error-private-key-miss",
    ): {
        "": "Text, exception, category and id where a certificate without its key is refused, by RPC as all that these "
        "cmdlets do."
    },
    ("guess", "the warning's words"): {
        "": "The common name decides, and not the other names; what has none is no wildcard. One that has a wildcard "
        "there is found by any name that it covers, since it cannot be assigned."
    },
    ("guess", "PowerShell's own questions"): {
        "": "That a certificate out of its time is refused in the same way, what is told of a service that does not "
        "answer, and how a question fails that nobody can answer."
    },
}
_IMPORT_CERTIFICATE: Told = {
    ("page", _page("Import-ExchangeCertificate")): {
        "": "A PKCS #12 file as an array of bytes, with its password as a SecureString; the key cannot be exported "
        "unless that is asked for. There is no parameter for a file's name in 2016 and newer."
    },
    ("guess", "the errors of Enable-ExchangeCertificate"): {
        "": "That a wrong password, data without a key, and a certificate that is there already are refused by RPC as "
        "well, and the words for it; that a certificate without its key gets it; that the others in the file go along."
    },
}
_AUTH_CONFIG: Told = {
    (
        "published output",
        "https://github.com/microsoft/CSS-Exchange, Diagnostics/HealthChecker/Tests/DataCollection/E16/Exchange/"
        "GetAuthConfig.xml",
    ): {
        "": "Classes, text and the order of the members.",
        "CurrentCertificateThumbprint PreviousCertificateThumbprint NextCertificateThumbprint": "A text, which is "
        "empty where there is none.",
        "NextCertificateEffectiveDate ServiceName Realm DeploymentId IssuerIdentifier Name AdminDisplayName "
        "ExchangeVersion DistinguishedName Identity Guid ObjectCategory ObjectClass WhenChanged WhenCreated "
        "WhenChangedUTC WhenCreatedUTC OrganizationId Id OriginatingServer IsValid ObjectState SerializationData": "As "
        "it is there.",
    },
    ("page", _page("Set-AuthConfig")): {
        "CurrentCertificateThumbprint NextCertificateThumbprint": "One is published, and another may be the next."
    },
    ("guess", "the captured objects of other cmdlets on 2013 and 2019"): {"": "Other versions show the same."},
}
_REMOVE_CERTIFICATE: Told = {
    ("page", _page("Remove-ExchangeCertificate")): {
        "": "The parameters, and that it asks for a confirmation which Confirm:$false answers."
    },
    ("page", "https://learn.microsoft.com/en-us/exchange/troubleshoot/mailflow/cannot-remove-installed-certificate"): {
        "": "Text where a Send connector names its issuer and subject, also where a renewed one has the same."
    },
    ("published output", "https://somoit.net/exchange/cannot-remove-exchange-certificate"): {
        "": "The question; text, exception and category where it is the internal transport certificate."
    },
    ("guess", "the internal transport certificate"): {
        "": "Exception and category where a Send connector names it; that nothing else is refused, not even what "
        "services, sites and receive connectors use."
    },
}

# --- connectors and throttling policies ---

_CONNECTOR: Told = {
    ("capture", _CONNECTORS): {
        "": "Classes and order, and setup's connectors with their values.",
        f"{_names(CONNECTOR_SETTINGS)} Server Name {_TAIL} SerializationData": "Name, encoding and place.",
    },
    ("guess", "names and ports are documented"): {
        "": "What Outbound Proxy Frontend has beyond its port and role, and the connectors of 2010 beyond theirs."
    },
}
_BOTH_CONNECTORS: Told = {
    ("page", "dn754178"): {"AuthMechanism": "The names of AuthMechanisms; sums up to 31 are captured."},
    ("page", "ff324691"): {"PermissionGroups": "The names of PermissionGroups; sums up to 15 are captured."},
    ("page", "dn754230"): {"ExtendedProtectionPolicy": "The names; None is captured as 0."},
    ("guess", "the next bits"): {
        "AuthMechanism": "32 is ExternalAuthoritative.",
        "PermissionGroups": "16 is Partners and 32 is Custom.",
    },
    ("guess", "the order on the page"): {"ExtendedProtectionPolicy SizeEnabled": "The other numbers."},
}
_SET_CONNECTOR: Told = {
    ("published output", "an issue of the script Copy-ReceiveConnector"): {
        "": "The id of the error where a list that must have something is empty."
    },
    (
        "published output",
        "https://practical365.com/exchange-server/exchange-server-2013-upgrade-fails-due-to-receive-connector-conflicts/",
    ): {
        "": "Exception and text where a connector of another transport role has the same address and port; it comes "
        "whatever is changed."
    },
    ("page", _page("Set-ReceiveConnector")): {"": "What values have to do with each other."},
    ("guess", "refusals of other cmdlets"): {
        "": "The wording of refusals, that an identity which matches several connectors is refused, that Custom cannot "
        "be set, that EnableAuthGSSAPI needs Integrated only where it is switched on, and that a new connector is at "
        "once at all domain controllers."
    },
}

_MODERN = _names(one for one in THROTTLING_SETTINGS if "2010" not in one.releases)
_OLD = _names(one for one in THROTTLING_SETTINGS if "2010" in one.releases)
_POLICY: Told = {
    ("published output", "https://learn.microsoft.com/answers/questions/125609"): {
        "": "Order and defaults, on 2013.",
        f"ThrottlingPolicyScope IsServiceAccount {_MODERN} IsLegacyDefault Diagnostics Name {_TAIL}": "Name and place.",
    },
    ("capture", _CONNECTORS): {"SerializationData": "Full objects of Exchange have it."},
}
_BOTH_POLICIES: Told = {
    ("page", _page("Set-ThrottlingPolicy")): {_OLD: "A parameter of this name in 2010."},
    ("guess", "the captured Unlimited of a whole number"): {_MODERN: "Encoded as an Unlimited of UInt32."},
    ("guess", "the spelling of the help of 2010"): {
        f"IsDefault {_OLD}": "On read it has this name in 2010; what is blank has no limit."
    },
    ("guess", "the order on the page"): {"ThrottlingPolicyScope": "The numbers of the enumeration's names."},
    ("guess", "what Microsoft writes of workload management"): {
        "": "A policy shows the effective values unless asked for its own."
    },
}
_SET_POLICY: Told = {
    ("guess", "no public text"): {
        "": "The global policy is refused without the switch ForceSettingGlobal, there is one policy of the scope "
        "Organization at most, that a new one is at once at all domain controllers, and all wording."
    }
}


def _as_of(cmdlet: str, told: Told) -> Told:
    """What a cmdlet that makes an object shows of it."""
    shown = " ".join({one: 0 for of_members in told.values() for members in of_members for one in members.split()})
    return {("guess", "what other such cmdlets do"): dict.fromkeys(("", shown), f"As {cmdlet} shows it.")}


# --- tests of connectivity ---

_TESTED = (
    "LocalSite SecureAccess VirtualDirectoryName Url UrlType Port ConnectionType ClientAccessServerShortName "
    "LocalSiteShortName ClientAccessServer Scenario ScenarioDescription PerformanceCounterName Result Error UserName "
    "Latency EventType LatencyInMillisecondsString Identity IsValid ObjectState"
)
_IMAP_TESTED: Told = {
    ("published output", _IMAP_TEST): {
        "": "The members and their order, after a log-on that failed.",
        _TESTED: "Name, place and value.",
    }
}
_BOTH_TESTED: Told = {
    ("published output", "monitoring scripts, one of them for German servers"): {
        "Result": "Its text is translated, as Erfolgreich and Fehler; its Value is the enumeration."
    },
    ("page", "the class CasTransactionOutcome"): {"StartTime": "A member of the class."},
    ("page", "ff328512"): {"EventType": "Success, Error, Warning and Information."},
    ("page", "ff321842"): {"ConnectionType": "Plaintext, Tls and Ssl, in this order."},
    ("guess", "the order on the page"): {
        "EventType": "The numbers, and that a skipped test is a Warning.",
        "ConnectionType": "The numbers 0, 1 and 2.",
    },
    ("guess", "the enumeration of another test"): {"Result": "The numbers, and the German word for Skipped."},
    ("guess", "what is published after one failure"): {
        "StartTime": "Its place among the others.",
        "SecureAccess": "It is false, whatever the line.",
        "LatencyInMillisecondsString": "After a success it has two decimals.",
        "Error": "The texts of other failures, each behind the protocol and the word Error.",
    },
    ("guess", "no page tells it"): {
        "": "The classes beyond the first, that the full form adds nothing, that a test without a credential is "
        "skipped, that the binding of the port decides where no type is given, and that more than -LightMode needs a "
        "connector."
    },
}

# --- mailboxes and users ---

_DEVICES = (
    "ActiveSyncAllowedDeviceIDs ActiveSyncBlockedDeviceIDs ActiveSyncMailboxPolicy ActiveSyncMailboxPolicyIsDefaulted "
    "ActiveSyncDebugLogging ActiveSyncEnabled HasActiveSyncDevicePartnership ActiveSyncSuppressReadReceipt"
)
_LOOKED_UP = (
    "ExternalImapSettings InternalImapSettings ExternalPopSettings InternalPopSettings ExternalSmtpSettings "
    "InternalSmtpSettings"
)
_EWS = (
    "EwsEnabled EwsAllowOutlook EwsAllowMacOutlook EwsAllowEntourage EwsApplicationAccessPolicy EwsAllowList "
    "EwsBlockList"
)
_RECIPIENT: Told = {
    ("published output", _PLAIN): {_RECIPIENT_TAIL: "What recipients end with, in this order."},
    ("guess", "to keep many mailboxes small"): {
        "Identity Id": "In the full form it has fewer members than captured ones, and no SerializationData."
    },
}
_MAILBOX: Told = {
    ("published output", "https://github.com/imapsync/imapsync/issues/310"): {
        "EmailAddresses LegacyExchangeDN LinkedMasterAccount PrimarySmtpAddress SamAccountName ServerLegacyDN "
        f"ServerName DisplayName {_DEVICES} ExternalImapSettings": "Name and place, in Exchange Online."
    },
    ("published output", "https://practical365.com/managing-exchange-web-services-in-office-365/"): {
        _EWS: "In this order, in Exchange Online. All but the first are blank where nobody has set them, the lists too."
    },
    ("page", "ff442908, ff442245, ff441616, ff443406, ff440853"): {
        "EwsEnabled EwsAllowOutlook EwsAllowMacOutlook EwsAllowEntourage EwsApplicationAccessPolicy": "It can be null."
    },
    ("guess", "EwsEnabled's members have no other default on the page"): {
        "EwsEnabled": "Null as long as nobody has set it, as in the organization."
    },
    ("guess", "both lists are blank where there is no policy"): {
        "EwsAllowList EwsBlockList": "Null where the mailbox has another policy or none: one list is kept."
    },
    ("published output", "https://github.com/KelvinTegelaar/CIPP-API/pull/88"): {
        "": "A name that several mailboxes have is answered with all of them."
    },
    ("page", "ff345808"): {_names(MAILBOX_SETTINGS): "A member of the class."},
    ("page", "ff445771, ff443993"): {_LOOKED_UP: "A text, and no list."},
    ("page", _page("Get-CASMailbox")): {_LOOKED_UP: "Blank without -ProtocolSettings; in this order."},
    ("page", _page("Set-CASMailbox")): {_names(MAILBOX_SETTINGS): "A parameter with these values and this default."},
    ("guess", "how the parameters are written"): {_LOOKED_UP: "Each entry as host:port:method, with commas between."},
    ("guess", "the published output ends before it"): {_names(MAILBOX_SETTINGS): "Its place among the others."},
    ("guess", "all objects of the directory have one"): {"Guid": "Each mailbox has its own."},
    ("guess", "the published classes of Mailbox"): {
        "": "The classes beyond the first, that the full form adds nothing, that -Monitoring shows the monitoring "
        "mailboxes alone, what -Anr compares, and what -Filter takes. Members of other protocols are left out."
    },
}
_SET_MAILBOX: Told = {
    ("published output", "https://github.com/MicrosoftDocs/office-docs-powershell/issues/7166"): {
        "": "A name that several mailboxes have is refused."
    },
    ("page", _page("Set-CASMailbox")): {"": "Some settings can be changed only where the defaults are not used."},
    ("guess", "both lists are blank where there is no policy"): {
        "": "A policy empties the list unless that is given too, a list alone brings its policy, and both are refused."
    },
    ("guess", "refusals of other cmdlets"): {
        "": "The wording of refusals, and that a mailbox can be found but not read or not written."
    },
}
_USER: Told = {
    ("published output", "many scripts"): {"Sid": "It is shown."},
    ("page", "https://learn.microsoft.com/powershell/exchange/filter-properties"): {"Sid": "It can be filtered by."},
    ("guess", ".NET's SecurityIdentifier"): {"Sid": "Its members and its text."},
    ("guess", "properties that can be filtered by"): {
        "IsSecurityPrincipal SamAccountName SidHistory UserPrincipalName DisplayName WindowsEmailAddress": "Its place."
    },
    ("guess", "the published classes of Mailbox"): {
        "": "Classes and order, that the full form adds nothing, and which users of other domains show."
    },
}

# --- Windows ---

_OF_SERVICES = (
    "CanPauseAndContinue CanShutdown CanStop DisplayName DependentServices MachineName ServiceName ServicesDependedOn "
    "ServiceHandle Status ServiceType StartType Site Container Name RequiredServices"
)
_SERVICE: Told = {
    ("capture", _SERVICES): {
        "": "Classes and order, and the services of a server.",
        _OF_SERVICES: "Name, value and place.",
    },
    ("published output", f"{_POWERSHELL}/issues/2579"): {"StartType": "PowerShell has it since 5.0."},
    ("guess", "Microsoft's overview of services has some"): {"": "Accounts, and the names of processes."},
}
_ACTS_ON_SERVICES: Told = {
    ("page", _POWERSHELL): {
        "": "Errors: their ids, categories and texts.",
        _OF_SERVICES: "-PassThru puts out what Get-Service does.",
    },
    ("guess", "these modes are for drivers"): {"": "How Set-Service refuses the start types Boot and System."},
}
_PROCESS: Told = {
    ("page", "https://learn.microsoft.com/dotnet/api/system.diagnostics.process"): {
        "BasePriority HandleCount HasExited Id MachineName NonpagedSystemMemorySize64 PagedMemorySize64 "
        "VirtualMemorySize64 WorkingSet64 ProcessName SessionId StartTime": "A member of the class, its type."
    },
    ("page", f"{_POWERSHELL}/blob/master/src/System.Management.Automation/engine/TypeTable_Types_Ps1Xml.cs"): {
        "Name SI Handles VM WS PM NPM Path Company CPU FileVersion ProductVersion Description Product __NounName": (
            "PowerShell's type data adds it, in this order."
        )
    },
    ("guess", "no capture was made"): {
        "": "Classes, and which members a session shows.",
        "Id StartTime": "Its encoding.",
    },
}
_WMI = "https://learn.microsoft.com/windows/win32/cimwin32prov/"
_INSTANCE: Told = {
    ("page", f"{_WMI}win32-service"): {
        "Name Status ExitCode ServiceType StartMode Caption Started SystemName AcceptPause AcceptStop DisplayName "
        "StartName State DelayedAutoStart ProcessId": "A property of the class, its type and values."
    },
    ("page", f"{_WMI}win32-process"): {
        "CreationDate Handle CSName HandleCount VirtualSize WorkingSetSize": (
            "A property of the class, its type and values."
        )
    },
    ("page", f"{_POWERSHELL}/blob/master/src/System.Management.Automation/engine/TypeTable_Types_Ps1Xml.cs"): {
        "ProcessName Handles VM WS Path": "PowerShell's type data adds it to processes, in this order."
    },
    ("page", f"{_WMI}win32-computersystem"): {
        "DNSHostName Domain PartOfDomain": "A property of the class, its type and values."
    },
    ("guess", "no capture was made"): {
        "": "Classes and order, and which members a session shows.",
        "Name CreationDate State StartMode ProcessId SystemName": "Its encoding.",
    },
}
_SYSTEM_PROPERTIES: Told = {
    ("page", "https://learn.microsoft.com/windows/win32/wmisdk/wmi-system-properties"): {
        "__GENUS __CLASS __SUPERCLASS __DYNASTY __RELPATH __PROPERTY_COUNT __DERIVATION __SERVER __NAMESPACE __PATH": (
            "Every object of WMI has it."
        )
    },
    ("page", f"{_POWERSHELL}/blob/master/src/System.Management.Automation/engine/TypeTable_Types_Ps1Xml.cs"): {
        "PSComputerName": "PowerShell's type data adds it: another name of __SERVER."
    },
}
_SNAPIN: Told = {
    ("page", "https://learn.microsoft.com/dotnet/api/system.management.automation.pssnapininfo"): {
        "Name IsDefault ApplicationBase PSVersion Description Vendor": "A member of the class."
    },
    ("page", _POWERSHELL): {"": "Errors: their ids and categories; texts as quoted in public."},
    ("guess", "no output was found"): {
        "": "Which members a session shows, which of Exchange's snap-ins are registered beside those that have its "
        "cmdlets, and that the name of 2010 works on later releases.",
        "Name": "Its value.",
    },
}

# --- what mail programs meet ---

_POP3: Told = {
    ("published output", "many posts"): {
        "": "Banner, CAPA since 2013, log-ons that succeed or fail, commands out of order, and the farewell of 2010."
    },
    ("published output", "https://github.com/crowdsecurity/hub (exchange-pop-logs)"): {"": "AUTH that fails."},
    ("published output", "https://jaapwesselius.com/2012/03/"): {"": "PASS that fails for reasons of the server."},
    ("published output", "https://github.com/zammad/zammad/issues/682"): {
        "": "That TLS is reset while the component is not active; played where a test asks for it."
    },
    ("page", _page("Set-PopSettings")): {"": "What LoginType lets a line without encryption do."},
    ("guess", "the words of PASS that fails"): {"": "STAT that fails after a log-on; played where a test asks for it."},
    ("guess", "the published lines"): {"": "CAPA without encryption and of 2010, and the farewell since 2013."},
}
_IMAP4: Told = {
    ("published output", "https://github.com/jakartaee/mail-api/issues/485"): {"": "CAPABILITY over TLS, on 2013."},
    ("published output", "https://github.com/imapsync/imapsync/issues/74"): {"": "CAPABILITY over TLS, on 2010."},
    ("published output", "a comment in the mail library of Enlightenment"): {
        "": "CAPABILITY without encryption, where no log-on is taken."
    },
    ("published output", f"https://github.com/crowdsecurity/hub (exchange-imap-logs), {_IMAP_TEST}"): {
        "": "AUTHENTICATE and LOGIN that fail."
    },
    ("published output", "https://github.com/getmail6/getmail6/issues/214"): {
        "": "EXAMINE that fails after a log-on; played where a test asks for it."
    },
    ("published output", "https://learn.microsoft.com/answers/questions/1156767"): {
        "": "LOGIN that fails for reasons of the server; played where a test asks for it."
    },
    ("published output", "https://github.com/jstedfast/MailKit/issues/849"): {
        "": "The farewell in place of an answer; played where a test asks for it."
    },
    ("guess", "the published lines"): {
        "": "That MOVE and ID came with 2013, what is offered without encryption where a log-on is taken, the other "
        "answers, and that NTLM and GSSAPI always fail."
    },
}

_OF_FILES_AND_OBJECTS: Told = {
    ("page", _POWERSHELL): {
        "": "Parameters, what is put out, and errors; played as far as the collection needs it, and held to a real "
        "PowerShell (7.6) on the same files by tests/integration/test_protocol_logs_on_powershell.py."
    },
    ("guess", "the source of PowerShell 7"): {"": "That Windows PowerShell 5.1 does the same with these parameters."},
}

# --- what servers write down ---

_PROTOCOL_LOGS: Told = {
    ("published output", "https://github.com/crowdsecurity/hub (exchange-pop-logs, exchange-imap-logs)"): {
        "": "AUTH and AUTHENTICATE that fail: all fields, and their quotes."
    },
    ("published output", "https://github.com/elastic/integrations (microsoft_exchange_server)"): {
        "": "USER, and a log-on that is led to a back end."
    },
    ("published output", "https://learn.microsoft.com/answers/questions/112837"): {
        "": "Exchange 2013: OpenSession and CloseSession, R=ok in small letters, no field behind the context, and a "
        "user with the mailbox that was asked for."
    },
    ("published output", "tests of public tools that read these logs"): {
        "": "The header; LOGIN with and without success, and that a failed one has no user; the lines of a back end, "
        "whose client is a front end; the names of files, of the back end with BE behind the protocol's."
    },
    ("page", "https://learn.microsoft.com/exchange/clients/pop3-and-imap4/configure-protocol-logging"): {
        "": "That the log is off until it is turned on, where it is, and that fields are separated by commas."
    },
    ("guess", "the published lines"): {
        "": "The lines of PASS, STLS and STARTTLS; that STLS is logged at all; durations and sizes; a file for each "
        "hour of UTC; that both services write to the same folder, from when they have loaded that they are to."
    },
    ("guess", "no page tells of it"): {"": "That Exchange never deletes these logs."},
}

EVIDENCE: tuple[Fact, ...] = (
    *_facts("Forms", _FORMS),
    *_facts("Errors", _ERRORS),
    *_facts("Sessions", _SESSIONS),
    *_of_protocol_settings(),
    *_facts("Get-ExchangeServer", _SERVER),
    *_facts("Get-ServerComponentState", _COMPONENT),
    *_facts("Set-ServerComponentState", _SET_COMPONENT),
    *_facts("Get-ExchangeCertificate", _CERTIFICATE),
    *_facts("Enable-ExchangeCertificate", _ENABLE_CERTIFICATE),
    *_facts("Get-AuthConfig", _AUTH_CONFIG),
    *_facts("Import-ExchangeCertificate", _IMPORT_CERTIFICATE),
    *_facts("Import-ExchangeCertificate", _as_of("Get-ExchangeCertificate", _CERTIFICATE)),
    *_facts("Remove-ExchangeCertificate", _REMOVE_CERTIFICATE),
    *_facts("Get-ReceiveConnector", _CONNECTOR),
    *_facts("New-ReceiveConnector", _as_of("Get-ReceiveConnector", _CONNECTOR)),
    *_facts("Get-ReceiveConnector New-ReceiveConnector", _BOTH_CONNECTORS),
    *_facts("Set-ReceiveConnector New-ReceiveConnector", _SET_CONNECTOR),
    *_facts("Get-ThrottlingPolicy", _POLICY),
    *_facts("New-ThrottlingPolicy", _as_of("Get-ThrottlingPolicy", _POLICY)),
    *_facts("Get-ThrottlingPolicy New-ThrottlingPolicy", _BOTH_POLICIES),
    *_facts("Set-ThrottlingPolicy New-ThrottlingPolicy", _SET_POLICY),
    *_facts("Test-ImapConnectivity", _IMAP_TESTED),
    *_facts("Test-PopConnectivity", _as_of("Test-ImapConnectivity", _IMAP_TESTED)),
    *_facts("Test-PopConnectivity Test-ImapConnectivity", _BOTH_TESTED),
    *_facts("Get-CASMailbox", _MAILBOX),
    *_facts("Get-User", _USER),
    *_facts("Get-CASMailbox Get-User", _RECIPIENT),
    *_facts("Set-CASMailbox", _SET_MAILBOX),
    *_facts("Get-Service", _SERVICE),
    *_facts("Start-Service Stop-Service Restart-Service Set-Service", _ACTS_ON_SERVICES),
    *_facts("Get-Process", _PROCESS),
    *_facts("Get-CimInstance Get-WmiObject", _INSTANCE),
    *_facts("Get-WmiObject", _SYSTEM_PROPERTIES),
    *_facts("Get-PSSnapin Add-PSSnapin", _SNAPIN),
    *_facts("Get-ChildItem Get-Content Select-String", _OF_FILES_AND_OBJECTS),
    *_facts("Select-Object ConvertFrom-Csv Group-Object", _OF_FILES_AND_OBJECTS),
    *_facts("Logs", _PROTOCOL_LOGS),
    *_facts("POP3", _POP3),
    *_facts("IMAP4", _IMAP4),
)
