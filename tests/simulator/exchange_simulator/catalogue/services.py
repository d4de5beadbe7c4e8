"""The Windows services of an Exchange server that are simulated, as captured on Exchange 2019.

Order is that of the captures' dependent lists.
"""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import RELEASES

OWN_PROCESS = ("Win32OwnProcess", 16)
SHARED_PROCESS = ("Win32ShareProcess", 32)
KERNEL_DRIVER = ("KernelDriver", 1)
_SINCE_2013 = RELEASES[1:]
_SINCE_2016 = RELEASES[2:]


@dataclass(frozen=True)
class ServiceRow:
    """One registered service."""

    name: str
    display_name: str
    start_type: str = "Automatic"
    running: bool = True
    service_type: tuple[str, int] = OWN_PROCESS
    depends_on: tuple[str, ...] = ("MSExchangeADTopology",)
    accepts: str = "shutdown stop"
    account: str = "LocalSystem"
    process: str = "svchost"
    releases: tuple[str, ...] = RELEASES


def _exchange(name: str, display: str, process: str, releases: tuple[str, ...] = _SINCE_2013) -> ServiceRow:
    return ServiceRow(name, f"Microsoft Exchange {display}", process=process, releases=releases)


def _protocol(name: str, display: str, account: str, process: str, releases: tuple[str, ...]) -> ServiceRow:
    return ServiceRow(
        name,
        f"Microsoft Exchange {display}",
        start_type="Manual",
        running=False,
        account=account,
        process=process,
        releases=releases,
    )


_NETWORK = r"NT AUTHORITY\NetworkService"

SERVICES: tuple[ServiceRow, ...] = (
    _exchange("MSExchangeTransportLogSearch", "Transport Log Search", "MSExchangeTransportLogSearch", RELEASES),
    ServiceRow(
        "MSExchangeTransport",
        "Microsoft Exchange Transport",
        depends_on=("FMS", "MSExchangeADTopology"),
        accepts="pause shutdown stop",
        account=_NETWORK,
        process="MSExchangeTransport",
    ),
    _exchange("MSExchangeThrottling", "Throttling", "MSExchangeThrottling", RELEASES),
    _exchange("MSExchangeSubmission", "Mailbox Transport Submission", "MSExchangeSubmission"),
    _exchange("MSExchangeServiceHost", "Service Host", "Microsoft.Exchange.ServiceHost", RELEASES),
    _exchange("MSExchangeRPC", "RPC Client Access", "Microsoft.Exchange.RpcClientAccess.Service", RELEASES),
    ServiceRow("MSExchangeRepl", "Microsoft Exchange Replication", accepts="stop", process="msexchangerepl"),
    _protocol("MSExchangePOP3BE", "POP3 Backend", _NETWORK, "Microsoft.Exchange.Pop3Service", _SINCE_2013),
    _protocol("MSExchangePop3", "POP3", _NETWORK, "Microsoft.Exchange.Pop3Service", RELEASES),
    _exchange("MSExchangeMitigation", "Emergency Mitigation Service", "MSExchangeMitigation", _SINCE_2016),
    ServiceRow(
        "MSExchangeMailboxReplication",
        "Microsoft Exchange Mailbox Replication",
        depends_on=("MSExchangeADTopology", "NetTcpPortSharing"),
        process="MSExchangeMailboxReplication",
    ),
    _exchange("MSExchangeMailboxAssistants", "Mailbox Assistants", "MSExchangeMailboxAssistants", RELEASES),
    ServiceRow(
        "MSExchangeIS",
        "Microsoft Exchange Information Store",
        depends_on=("MSExchangeADTopology", "LanmanServer", "LanmanWorkstation", "EventLog", "RPCSS"),
        process="Microsoft.Exchange.Store.Service",
    ),
    _protocol("MSExchangeIMAP4BE", "IMAP4 Backend", _NETWORK, "Microsoft.Exchange.Imap4Service", _SINCE_2013),
    _protocol("MSExchangeImap4", "IMAP4", "LocalSystem", "Microsoft.Exchange.Imap4Service", RELEASES),
    _exchange("MSExchangeFrontEndTransport", "Frontend Transport", "MSExchangeFrontendTransport"),
    _exchange("MSExchangeFastSearch", "Search", "Microsoft.Exchange.Search.Service"),
    _exchange("MSExchangeEdgeSync", "EdgeSync", "Microsoft.Exchange.EdgeSyncSvc", RELEASES),
    _exchange("MSExchangeDelivery", "Mailbox Transport Delivery", "MSExchangeDelivery"),
    ServiceRow(
        "MSExchangeDagMgmt",
        "Microsoft Exchange DAG Management",
        depends_on=("MSExchangeADTopology", "NetTcpPortSharing"),
        process="MSExchangeDagMgmt",
        releases=_SINCE_2013,
    ),
    _exchange("MSExchangeCompliance", "Compliance Service", "MSExchangeCompliance", _SINCE_2016),
    _exchange("MSExchangeAntispamUpdate", "Anti-spam Update", "Microsoft.Exchange.AntispamUpdateSvc", RELEASES),
    _exchange("MSComplianceAudit", "Compliance Audit", "ComplianceAuditService", _SINCE_2016),
    ServiceRow(
        "MSExchangeADTopology",
        "Microsoft Exchange Active Directory Topology",
        depends_on=("Netlogon", "NetTcpPortSharing"),
        process="Microsoft.Exchange.Directory.TopologyService",
    ),
    ServiceRow(
        "W3SVC",
        "World Wide Web Publishing Service",
        service_type=SHARED_PROCESS,
        depends_on=("WAS", "HTTP"),
    ),
    ServiceRow(
        "NetTcpActivator",
        "Net.Tcp Listener Adapter",
        service_type=SHARED_PROCESS,
        depends_on=("NetTcpPortSharing", "was"),
        accepts="pause shutdown stop",
        account=r"NT AUTHORITY\LocalService",
        process="SMSvcHost",
    ),
    ServiceRow(
        "NetPipeActivator",
        "Net.Pipe Listener Adapter",
        service_type=SHARED_PROCESS,
        depends_on=("was",),
        accepts="pause shutdown stop",
        account=r"NT AUTHORITY\LocalService",
        process="SMSvcHost",
    ),
    ServiceRow(
        "NetMsmqActivator",
        "Net.Msmq Listener Adapter",
        service_type=SHARED_PROCESS,
        depends_on=("msmq", "was"),
        accepts="pause shutdown stop",
        account=_NETWORK,
        process="SMSvcHost",
    ),
    ServiceRow(
        "WAS",
        "Windows Process Activation Service",
        start_type="Manual",
        service_type=SHARED_PROCESS,
        depends_on=("RPCSS",),
        accepts="pause shutdown stop",
    ),
    ServiceRow(
        "WinRM",
        "Windows Remote Management (WS-Management)",
        service_type=("Win32OwnProcess, Win32ShareProcess", 48),
        depends_on=("RPCSS", "HTTP"),
        account=_NETWORK,
        releases=("2019", "SE"),
    ),
    ServiceRow(
        "WinRM",
        "Windows Remote Management (WS-Management)",
        service_type=SHARED_PROCESS,
        depends_on=("RPCSS", "HTTP"),
        account=_NETWORK,
        releases=("2010", "2013", "2016"),
    ),
    ServiceRow(
        "HTTP",
        "HTTP Service",
        start_type="Manual",
        service_type=KERNEL_DRIVER,
        depends_on=("WinQuic",),
        accepts="stop",
        process="System",
        releases=("2019", "SE"),
    ),
    ServiceRow(
        "HTTP",
        "HTTP Service",
        start_type="Manual",
        service_type=KERNEL_DRIVER,
        depends_on=(),
        accepts="stop",
        process="System",
        releases=("2010", "2013", "2016"),
    ),
    ServiceRow(
        "Netlogon",
        "Netlogon",
        service_type=SHARED_PROCESS,
        depends_on=("LanmanWorkstation",),
        accepts="pause stop",
        process="lsass",
    ),
    ServiceRow(
        "NetTcpPortSharing",
        "Net.Tcp Port Sharing Service",
        service_type=SHARED_PROCESS,
        depends_on=(),
        accepts="pause shutdown stop",
        account=r"NT AUTHORITY\LocalService",
        process="SMSvcHost",
    ),
    ServiceRow(
        "RPCSS",
        "Remote Procedure Call (RPC)",
        service_type=SHARED_PROCESS,
        depends_on=("DcomLaunch", "RpcEptMapper"),
        accepts="",
        account=_NETWORK,
    ),
)

FRONT_END = {"pop3": "MSExchangePop3", "imap4": "MSExchangeImap4"}
BACK_END = {"pop3": "MSExchangePOP3BE", "imap4": "MSExchangeIMAP4BE"}
PROXY_COMPONENT = {"pop3": "PopProxy", "imap4": "ImapProxy"}
COMPONENTS = ("ServerWideOffline", "FrontendTransport", "ImapProxy", "PopProxy")
