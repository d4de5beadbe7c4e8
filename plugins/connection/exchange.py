# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: exchange
short_description: Keep PowerShell sessions with an Exchange host open for a whole play
version_added: 0.1.0
author:
  - mailops contributors (@mailops)
description:
  - The line over which the modules of this collection reach a host. They find it by themselves, whatever
    C(ansible_connection) says, so an inventory that reaches its Windows hosts with P(ansible.builtin.winrm#connection)
    or P(ansible.builtin.psrp#connection) needs no change where it logs on by what the exchange endpoint takes, see
    O(auth).
  - One PowerShell session for each of the two endpoints of a host is opened when it is first needed, kept while the
    play lasts, and closed at its end. The I(exchange) endpoint (C(/PowerShell/) in IIS) runs Exchange's cmdlets, the
    I(windows) endpoint (WinRM) those for services and processes.
  - Of the variables that an option lists, the last one set wins; C(ansible_exchange_*) always come last.
requirements:
  - pypsrp >= 0.9.1 (Python library on the controller)
options:
  host:
    description:
      - Name or address of the host, for both endpoints. An address of IPv6 may be in brackets, and has no zone id.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_winrm_host
      - name: ansible_psrp_host
      - name: ansible_exchange_host
  inventory_hostname:
    description: Name of the host in the inventory, by which the Exchange server is found if O(host) is an address.
    type: str
    vars:
      - name: inventory_hostname
  ansible_connection:
    description:
      - Which connection plugin the inventory names for other modules. It decides what O(auth) is when that is not set,
        and whether O(port) counts.
    type: str
    vars:
      - name: ansible_connection
  remote_user:
    description: User to log on as.
    type: str
    vars:
      - name: ansible_user
      - name: ansible_winrm_user
      - name: ansible_psrp_user
      - name: ansible_exchange_user
    keyword:
      - name: remote_user
  remote_password:
    description:
      - Password of O(remote_user). A log-on by a Kerberos ticket, or by O(auth=certificate), needs none. Keys of SSH
        are of no use here.
    type: str
    aliases: [password]
    vars:
      - name: ansible_password
      - name: ansible_winrm_pass
      - name: ansible_winrm_password
      - name: ansible_exchange_password
  auth:
    description:
      - Authentication at both endpoints. The exchange endpoint takes V(kerberos) only as it is installed, and
        V(negotiate) that comes to it. It takes V(basic) over HTTPS, or V(ntlm), where an administrator has turned
        them on by C(Set-PowerShellVirtualDirectory), and never V(credssp).
      - V(plaintext) and V(ssl), winrm's words, mean V(basic). Of a list of winrm transports the first counts.
      - If not set, it is V(basic) where C(ansible_connection=winrm) and O(remote_user) has no C(@), as the winrm
        connection guesses, and otherwise V(negotiate).
    type: raw
    vars:
      - name: ansible_winrm_transport
      - name: ansible_psrp_auth
      - name: ansible_exchange_auth
  access:
    description:
      - Where Exchange's cmdlets run. V(remote) is the exchange endpoint, where RBAC decides what the user may do.
        V(local) is the windows endpoint with Exchange's management snap-in loaded, for hosts whose ports 80 and 443
        are closed to the controller. Microsoft does not support the snap-in for daily work, RBAC does not apply there,
        and the log-on must be one that the host can pass on to a domain controller, see O(delegate).
    type: str
    choices: [remote, local]
    default: remote
    vars:
      - name: ansible_exchange_access
  transport:
    description:
      - V(psrp) is PowerShell remoting, V(winrm) the plain WinRM shell, for hosts where remoting is closed. Over
        V(winrm) cmdlets are sent as PowerShell text, all values as quoted literals, and O(access=local) is implied. It
        needs PowerShell 3 on the host, therefore not Exchange 2010 on Windows Server 2008 R2 as it came.
    type: str
    choices: [psrp, winrm]
    default: psrp
    vars:
      - name: ansible_exchange_transport
  delegate:
    description:
      - Whether a Kerberos log-on may be passed on by the host, to a domain controller for example, which
        O(access=local) needs. The user's ticket must be forwardable.
    type: bool
    default: false
    vars:
      - name: ansible_winrm_kerberos_delegation
      - name: ansible_psrp_negotiate_delegate
      - name: ansible_exchange_delegate
  hostname_override:
    description:
      - Name of the host in its Kerberos service principal, if it is not O(host), an address for example.
    type: str
    vars:
      - name: ansible_winrm_kerberos_hostname_override
      - name: ansible_psrp_negotiate_hostname_override
      - name: ansible_exchange_hostname_override
  port:
    description:
      - Port of the windows endpoint, as O(windows_port), which counts where both are set. It does not count where
        C(ansible_connection) names another connection than C(winrm), C(psrp) or this one, C(ssh) or C(local) for
        example, whose port it then is.
    type: int
    vars:
      - name: ansible_port
    keyword:
      - name: port
  windows_port:
    description: Port of the windows endpoint. The default is V(5985) if O(windows_scheme=http), otherwise V(5986).
    type: int
    vars:
      - name: ansible_winrm_port
      - name: ansible_psrp_port
      - name: ansible_exchange_windows_port
  windows_scheme:
    description:
      - V(http) or V(https). The default is V(http) if O(windows_port=5985), or O(port=5985) where that counts,
        otherwise V(https).
    type: str
    choices: [http, https]
    vars:
      - name: ansible_winrm_scheme
      - name: ansible_psrp_protocol
      - name: ansible_exchange_windows_scheme
  windows_path:
    description: Path of the windows endpoint.
    type: str
    default: wsman
    vars:
      - name: ansible_winrm_path
      - name: ansible_psrp_path
      - name: ansible_exchange_windows_path
  windows_configuration:
    description:
      - Session configuration of the windows endpoint, one that is restricted to what the modules need for example. Only
        cmdlets are sent, never script text. The guide on security has such a configuration.
      - O(transport=winrm) knows no session configurations, and another than the default is refused with it.
    type: str
    default: Microsoft.PowerShell
    vars:
      - name: ansible_psrp_configuration_name
      - name: ansible_exchange_windows_configuration
  exchange_port:
    description: Port of the exchange endpoint. The default is V(80) if O(exchange_scheme=http), otherwise V(443).
    type: int
    vars:
      - name: ansible_exchange_port
  exchange_scheme:
    description:
      - V(http) or V(https). The default is V(http) if O(exchange_port=80), or if O(auth) is V(kerberos) or V(negotiate)
        and O(exchange_port) is not set (Exchange's documented way, the messages are encrypted by Kerberos), otherwise
        V(https).
    type: str
    choices: [http, https]
    vars:
      - name: ansible_exchange_scheme
  exchange_path:
    description: Path of the exchange endpoint. One with a query of its own is left as it is.
    type: str
    default: PowerShell/
    vars:
      - name: ansible_exchange_path
  exchange_serialization:
    description:
      - How much Exchange tells of each object. V(full) asks for it with C(?serializationLevel=Full), as the Exchange
        Management Shell does. V(plain) leaves the query out, for a server or a proxy that does not take it; values then
        come as text, and the services that certificates are assigned to do not come at all.
    type: str
    choices: [full, plain]
    default: full
    vars:
      - name: ansible_exchange_serialization
  cert_validation:
    description: Whether the TLS certificates of both endpoints are checked.
    type: str
    choices: [validate, ignore]
    default: validate
    vars:
      - name: ansible_winrm_server_cert_validation
      - name: ansible_psrp_cert_validation
      - name: ansible_exchange_cert_validation
  ca_cert:
    description:
      - PEM file of the authorities that the certificates are checked against, or a folder of them as OpenSSL names
        its files, on the controller. If not set, the system's authorities are used.
    type: path
    vars:
      - name: ansible_winrm_ca_trust_path
      - name: ansible_psrp_cert_trust_path
      - name: ansible_psrp_ca_cert
      - name: ansible_exchange_ca_cert
  certificate_pem:
    description: PEM file of the user's certificate, for O(auth=certificate).
    type: path
    vars:
      - name: ansible_winrm_cert_pem
      - name: ansible_psrp_certificate_pem
      - name: ansible_exchange_certificate_pem
  certificate_key_pem:
    description: PEM file of the key of O(certificate_pem).
    type: path
    vars:
      - name: ansible_winrm_cert_key_pem
      - name: ansible_psrp_certificate_key_pem
      - name: ansible_exchange_certificate_key_pem
  message_encryption:
    description:
      - Whether the messages themselves are encrypted. V(auto) encrypts them wherever TLS does not.
    type: str
    choices: [auto, always, never]
    default: auto
    vars:
      - name: ansible_winrm_message_encryption
      - name: ansible_psrp_message_encryption
      - name: ansible_exchange_message_encryption
  allow_unencrypted:
    description:
      - Lets passwords and settings cross the network readable by anybody, which O(auth=basic) over plain HTTP and
        O(message_encryption=never) do. Without it they are refused.
    type: bool
    default: false
    vars:
      - name: ansible_exchange_allow_unencrypted
  proxy:
    description:
      - URL of a proxy to go through, for example C(http://proxy.contoso.com:3128), or C(socks5h://localhost:1080), for
        which the controller needs the Python library PySocks. It counts whatever C(no_proxy) says.
      - If not set, it is the proxy that the controller's environment names for the endpoint, in C(https_proxy),
        C(http_proxy) or C(all_proxy), unless C(no_proxy) has the host, or O(ignore_proxy) is set.
    type: str
    vars:
      - name: ansible_winrm_proxy
      - name: ansible_psrp_proxy
      - name: ansible_exchange_proxy
  ignore_proxy:
    description: Do not use the proxy that the controller's environment names. O(proxy) counts all the same.
    type: bool
    default: false
    vars:
      - name: ansible_psrp_ignore_proxy
      - name: ansible_exchange_ignore_proxy
  connection_timeout:
    description: Seconds to wait for the host to take a connection.
    type: int
    default: 30
    vars:
      - name: ansible_psrp_connection_timeout
      - name: ansible_exchange_connection_timeout
  command_timeout:
    description: Seconds that a cmdlet may go on without putting anything out before it is given up.
    type: int
    default: 300
    vars:
      - name: ansible_exchange_command_timeout
  shell_wait:
    description:
      - Seconds to wait for a shell to become free if the user has as many open, or as many operations under way, as
        the server allows.
    type: int
    default: 60
    vars:
      - name: ansible_exchange_shell_wait
  idle_timeout:
    description:
      - Seconds after which a session that nobody used is closed. The next task opens a new one.
    type: int
    default: 600
    vars:
      - name: ansible_exchange_idle_timeout
  call_timeout:
    description:
      - Seconds after which a call is given up whatever it is waiting for. It is the last resort behind
        O(command_timeout), and must be longer.
    type: int
    default: 900
    vars:
      - name: ansible_exchange_call_timeout
"""

import importlib.util
import os
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import connection_loader, get_shell_plugin

from ansible_collections.mailops.exchange.plugins.plugin_utils.options import to_settings

# What is imported, by what is installed for it.
LIBRARIES = {"pypsrp": "pypsrp", "spnego": "pyspnego", "winrm": "pywinrm"}

SESSION_OPTIONS = (
    "host", "inventory_hostname", "ansible_connection", "remote_user", "remote_password", "auth", "access",
    "transport", "delegate", "hostname_override", "port", "windows_port", "windows_scheme", "windows_path",
    "windows_configuration", "exchange_port", "exchange_scheme", "exchange_path", "exchange_serialization",
    "cert_validation", "ca_cert", "certificate_pem", "certificate_key_pem", "message_encryption", "allow_unencrypted",
    "proxy", "ignore_proxy", "connection_timeout", "command_timeout", "shell_wait",
)  # fmt: skip


class Connection(ConnectionBase):  # type: ignore[misc] # ansible-core publishes no types
    """The options of the line, and for modules of others the controller itself."""

    transport = "mailops.exchange.exchange"
    has_pipelining = True
    # Where modules of others put what they need.
    _remote_is_local = True

    def __init__(self, play_context: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        # Other modules of a host that names this connection run on the controller, whatever shell the host itself has.
        kwargs["shell"] = get_shell_plugin(shell_type="sh", executable="/bin/sh")
        super().__init__(play_context, *args, **kwargs)
        self._local = connection_loader.get("local", play_context, os.devnull)
        self._local.set_options()

    def _connect(self) -> Connection:
        """Nothing to do: the modules of this collection open their sessions by themselves."""
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command on the controller."""
        return t.cast(tuple[int, bytes, bytes], self._local.exec_command(cmd, in_data, sudoable))

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file on the controller."""
        self._local.put_file(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file on the controller."""
        self._local.fetch_file(in_path, out_path)

    def close(self) -> None:
        """Nothing to do: sessions end with the playbook."""

    def settings(self) -> t.Any:
        """The options as the session's settings; AnsibleConnectionFailure with one sentence if they contradict."""
        # Looked for, not imported: the playbook has imported what there is of them.
        for library in ("pypsrp", "spnego", *(["winrm"] if self.get_option("transport") == "winrm" else [])):
            if importlib.util.find_spec(library) is None:
                raise AnsibleConnectionFailure(
                    f"The Python library {LIBRARIES[library]} is missing on the controller: install the collection's "
                    f"requirements (pip install {LIBRARIES[library]}) into the Python that runs Ansible."
                )
        try:
            return to_settings({name: self.get_option(name) for name in SESSION_OPTIONS})
        except ValueError as error:
            raise AnsibleConnectionFailure(str(error)) from error
