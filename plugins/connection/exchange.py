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
  - The connection that the modules of this collection use. They use it automatically, whatever C(ansible_connection)
    is. Therefore, an inventory for P(ansible.builtin.winrm#connection) or P(ansible.builtin.psrp#connection) needs no
    change if the exchange endpoint accepts its authentication; see O(auth).
  - One PowerShell session for each of the two endpoints of a host is opened when it is first needed, kept open during
    the play, and closed at its end. The I(exchange) endpoint (C(/PowerShell/) in IIS) runs Exchange's cmdlets, and the
    I(windows) endpoint (WinRM) those for services and processes.
  - If several of the variables of an option are set, the last one in its list is used. C(ansible_exchange_*) always
    come last.
requirements:
  - pypsrp >= 0.9.1 (Python library on the controller)
options:
  host:
    description:
      - Name or address of the host, for both endpoints. An IPv6 address can be in brackets and cannot have a zone ID.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_winrm_host
      - name: ansible_psrp_host
      - name: ansible_exchange_host
  inventory_hostname:
    description: Name of the host in the inventory, with which the Exchange server is looked up if O(host) is an
      address.
    type: str
    vars:
      - name: inventory_hostname
  ansible_connection:
    description:
      - The connection plugin that the inventory names for other modules. It determines the default of O(auth), and
        whether O(port) is used.
    type: str
    vars:
      - name: ansible_connection
  remote_user:
    description: The user to authenticate as.
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
      - The password of O(remote_user). It is not needed with a Kerberos ticket or with O(auth=certificate). SSH keys
        cannot be used.
    type: str
    aliases: [password]
    vars:
      - name: ansible_password
      - name: ansible_winrm_pass
      - name: ansible_winrm_password
      - name: ansible_exchange_password
  auth:
    description:
      - The authentication method at both endpoints. After installation, the exchange endpoint accepts only V(kerberos),
        and V(negotiate) if it results in Kerberos. It accepts V(basic) over HTTPS, or V(ntlm), if an administrator has
        enabled them with C(Set-PowerShellVirtualDirectory). It never accepts V(credssp).
      - V(plaintext) and V(ssl) of the winrm connection mean V(basic). The first of a list of winrm transports is used.
      - The default is V(basic) if C(ansible_connection=winrm) and O(remote_user) has no C(@), as in the winrm
        connection, and otherwise V(negotiate).
    type: raw
    vars:
      - name: ansible_winrm_transport
      - name: ansible_psrp_auth
      - name: ansible_exchange_auth
  access:
    description:
      - Where Exchange's cmdlets run. V(remote) is the exchange endpoint, where RBAC determines what the user can do.
      - V(local) is the windows endpoint with Exchange's management snap-in, for hosts whose ports 80 and 443 are closed
        to the controller. Microsoft does not support the snap-in for regular use, RBAC does not apply, and the
        credentials must be delegated to a domain controller; see O(delegate).
    type: str
    choices: [remote, local]
    default: remote
    vars:
      - name: ansible_exchange_access
  transport:
    description:
      - V(psrp) is PowerShell remoting. V(winrm) is the plain WinRM shell, for hosts on which remoting is not available.
        With V(winrm), cmdlets are sent as PowerShell text with all values as quoted literals, and O(access=local) is
        implied. It needs PowerShell 3 on the host, which Windows Server 2008 R2, and so Exchange 2010 on it, does not
        have by default.
    type: str
    choices: [psrp, winrm]
    default: psrp
    vars:
      - name: ansible_exchange_transport
  delegate:
    description:
      - Whether the host can delegate the Kerberos credentials, for example to a domain controller, which
        O(access=local) needs. The ticket of the user must be forwardable.
    type: bool
    default: false
    vars:
      - name: ansible_winrm_kerberos_delegation
      - name: ansible_psrp_negotiate_delegate
      - name: ansible_exchange_delegate
  hostname_override:
    description:
      - Name of the host in its Kerberos service principal, if this is not O(host), for example because that is an
        address.
    type: str
    vars:
      - name: ansible_winrm_kerberos_hostname_override
      - name: ansible_psrp_negotiate_hostname_override
      - name: ansible_exchange_hostname_override
  port:
    description:
      - Port of the windows endpoint. If O(windows_port) is set, that is used instead. It is ignored if
        C(ansible_connection) is not C(winrm), C(psrp), or this connection, but for example C(ssh), because it is then
        the port of that connection.
    type: int
    vars:
      - name: ansible_port
    keyword:
      - name: port
  windows_port:
    description: Port of the windows endpoint. The default is 5985 with O(windows_scheme=http), and otherwise 5986.
    type: int
    version_added: 1.0.0
    vars:
      - name: ansible_winrm_port
      - name: ansible_psrp_port
      - name: ansible_exchange_windows_port
  windows_scheme:
    description:
      - The scheme of the windows endpoint. The default is V(http) with O(windows_port=5985), or with O(port=5985) if
        that is used, and otherwise V(https).
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
      - Session configuration of the windows endpoint, for example one that is restricted to what the modules need. Only
        cmdlets are sent, never script text. The security guide contains such a configuration.
      - O(transport=winrm) has no session configurations, so only the default is accepted with it.
    type: str
    default: Microsoft.PowerShell
    version_added: 1.0.0
    vars:
      - name: ansible_psrp_configuration_name
      - name: ansible_exchange_windows_configuration
  exchange_port:
    description: Port of the exchange endpoint. The default is 80 with O(exchange_scheme=http), and otherwise 443.
    type: int
    vars:
      - name: ansible_exchange_port
  exchange_scheme:
    description:
      - The scheme of the exchange endpoint. The default is V(http) with O(exchange_port=80), or if O(auth) is
        V(kerberos) or V(negotiate) and O(exchange_port) is not set. This is the way that Microsoft documents for
        Exchange; Kerberos encrypts the messages. Otherwise, the default is V(https).
    type: str
    choices: [http, https]
    vars:
      - name: ansible_exchange_scheme
  exchange_path:
    description: Path of the exchange endpoint. A path with a query is used unchanged.
    type: str
    default: PowerShell/
    vars:
      - name: ansible_exchange_path
  exchange_serialization:
    description:
      - The form in which Exchange returns objects. V(full) requests the full form with C(?serializationLevel=Full), as
        the Exchange Management Shell does. V(plain) omits the query, for a server or a proxy that does not accept it.
        Values are then returned as text, and the services of certificates are not returned at all.
    type: str
    choices: [full, plain]
    default: full
    version_added: 1.0.0
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
      - PEM file with the CA certificates to trust, or a folder with such files named as OpenSSL requires, on the
        controller. The default is the CA certificates of the system.
    type: path
    vars:
      - name: ansible_winrm_ca_trust_path
      - name: ansible_psrp_cert_trust_path
      - name: ansible_psrp_ca_cert
      - name: ansible_exchange_ca_cert
  certificate_pem:
    description: PEM file with the certificate of the user, for O(auth=certificate).
    type: path
    vars:
      - name: ansible_winrm_cert_pem
      - name: ansible_psrp_certificate_pem
      - name: ansible_exchange_certificate_pem
  certificate_key_pem:
    description: PEM file with the private key of O(certificate_pem).
    type: path
    vars:
      - name: ansible_winrm_cert_key_pem
      - name: ansible_psrp_certificate_key_pem
      - name: ansible_exchange_certificate_key_pem
  message_encryption:
    description:
      - Whether the messages themselves are encrypted. V(auto) encrypts them if TLS is not used.
    type: str
    choices: [auto, always, never]
    default: auto
    vars:
      - name: ansible_winrm_message_encryption
      - name: ansible_psrp_message_encryption
      - name: ansible_exchange_message_encryption
  allow_unencrypted:
    description:
      - Whether passwords and settings may be sent unencrypted, as with O(auth=basic) over HTTP and
        O(message_encryption=never). By default, these are refused.
    type: bool
    default: false
    vars:
      - name: ansible_exchange_allow_unencrypted
  proxy:
    description:
      - URL of a proxy, for example C(http://proxy.contoso.com:3128), or C(socks5h://localhost:1080), for which the
        controller needs the Python library PySocks. It is used whatever C(no_proxy) contains.
      - The default is the proxy in C(https_proxy), C(http_proxy), or C(all_proxy) in the environment of the controller,
        unless C(no_proxy) contains the host or O(ignore_proxy) is set.
    type: str
    vars:
      - name: ansible_winrm_proxy
      - name: ansible_psrp_proxy
      - name: ansible_exchange_proxy
  ignore_proxy:
    description: Whether to ignore the proxy in the environment of the controller. O(proxy) is still used.
    type: bool
    default: false
    vars:
      - name: ansible_psrp_ignore_proxy
      - name: ansible_exchange_ignore_proxy
  connection_timeout:
    description: Seconds to wait until the host accepts a connection.
    type: int
    default: 30
    vars:
      - name: ansible_psrp_connection_timeout
      - name: ansible_exchange_connection_timeout
  command_timeout:
    description: Seconds after which a cmdlet that returns nothing is aborted.
    type: int
    default: 300
    vars:
      - name: ansible_exchange_command_timeout
  shell_wait:
    description:
      - Seconds to wait for a free shell if the user already has as many open shells or running operations as the server
        allows.
    type: int
    default: 60
    vars:
      - name: ansible_exchange_shell_wait
  idle_timeout:
    description:
      - Seconds after which an unused session is closed. The next task opens a new one.
    type: int
    default: 600
    version_added: 1.0.0
    vars:
      - name: ansible_exchange_idle_timeout
  call_timeout:
    description:
      - Seconds after which a call is aborted, whatever it is waiting for. This is the last resort after
        O(command_timeout), and must be longer.
    type: int
    default: 900
    version_added: 1.0.0
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
