#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: handout
short_description: Write instructions and configuration files for users' mail programs
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - Writes instructions and configuration files for mail programs from what M(mailops.exchange.client_access_info)
    returned for one or more servers, for POP3 and IMAP4 if they are on. These are a page for users in each language,
    C(config-v1.1.xml) for Thunderbird and others, configuration profiles for Apple devices, DNS records, and the values
    for Outlook as text.
  - The playbook C(mailops.exchange.handout) uses it. Messages name the options as variables of this playbook.
  - Each setting is tested first, from the controller, as M(mailops.exchange.mail_probe) does it. A setting that does
    not work is marked on the pages, left out of all other files, and returned in RV(no_connection). The task does not
    fail.
  - Either all files are written or none. Files of an earlier run that are no longer needed are removed.
  - The host of the task is not used.
attributes:
  check_mode:
    description: Can run in check mode and report what would change. The settings are tested, and nothing is written.
    support: full
  diff_mode:
    description: Returns the files before and after.
    support: full
  idempotent:
    description: Running the module again with the same options changes nothing, as long as the tests have the same
      results.
    support: full
  platform:
    description: The operating system of the controller, where the files are written.
    platforms: posix
    support: full
options:
  folder:
    description:
      - The folder for the files on the controller. It is created if necessary. A relative path is relative to the
        folder in which C(ansible-playbook) is started. It cannot be inside a collection.
    type: path
    required: true
  servers:
    description:
      - What M(mailops.exchange.client_access_info) returned for each server, with its connectors.
      - Without it, nothing is tested or written, and the task fails if one of the other options is not valid.
    type: list
    elements: dict
  unread:
    description: Names of servers that could not be read. The pages name them.
    type: list
    elements: str
    default: []
  domains:
    description:
      - The mail domains. The first one names the configuration. They are not read from Exchange.
      - The default is the domain of the external host name for POP3 or IMAP4, for example C(contoso.com) for
        C(mail.contoso.com).
    type: list
    elements: str
  username:
    description:
      - The user name for authentication. C(%EMAILADDRESS%), C(%EMAILLOCALPART%), and C(%EMAILDOMAIN%) stand for the
        address of the user and its parts before and after the C(@).
    type: str
    default: "%EMAILADDRESS%"
  verify:
    description: Whether the settings are tested.
    type: bool
    default: true
  unverified:
    description:
      - Settings to include without a test, because they can be reached only from outside, as a host or as C(host:port).
        The pages mark them as not tested.
    type: list
    elements: str
    default: []
  probe:
    description: How the settings are tested.
    type: dict
    default: {}
    suboptions:
      ca_cert:
        description: File with the CA certificates to trust, in PEM format, instead of those of the system.
        type: path
      connect_to:
        description:
          - The name or address to connect to instead, with or without a port, by the host or C(host:port) of a setting.
            Use this for example if the controller and the users are in different networks. The certificate must still
            cover the host of the setting.
        type: dict
      timeout:
        description: The maximum time for each test in seconds, from 1 to 3600.
        type: int
        default: 10
  certificate:
    description:
      - File with the certificate that signs the profiles for Apple devices, followed by its chain, in PEM format. By
        default, the profiles are not signed.
    type: path
  key:
    description: File with the private key of O(certificate), RSA or elliptic curve, in PEM format.
    type: path
  key_password:
    description: The password of O(key), if it has one.
    type: str
requirements:
  - cryptography on the controller
seealso:
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.mail_probe
"""

EXAMPLES = r"""
- name: Read the state of the server
  mailops.exchange.client_access_info:
    gather: [connectors]
  register: info

- name: Write the instructions
  mailops.exchange.handout:
    folder: handout
    servers: ["{{ info }}"]
    domains: [contoso.com]
    unverified: [mail.contoso.com]
  register: written

- name: Fail if a setting does not work
  ansible.builtin.assert:
    that: written.no_connection | length == 0
"""

RETURN = r"""
folder:
  description: The folder, as an absolute path.
  returned: with O(servers)
  type: str
  sample: /home/anna/handout
files:
  description: All files, relative to the folder, whether they were changed or not.
  returned: with O(servers)
  type: list
  elements: str
  sample: [handout.en.html, external/config-v1.1.xml]
removed:
  description: Files of an earlier run that were removed because they are no longer needed.
  returned: with O(servers)
  type: list
  elements: str
  sample: [external/pop3.mobileconfig]
domains:
  description: The mail domains.
  returned: with O(servers)
  type: list
  elements: str
  sample: [contoso.com]
notes:
  description: What an administrator should check, such as settings that differ between servers. The pages show it as
    well.
  returned: with O(servers)
  type: list
  elements: str
  sample: ["Receiving by POP3 is off on EX02."]
no_connection:
  description: The settings that do not work.
  returned: with O(servers)
  type: list
  elements: dict
  contains:
    protocol:
      description: V(pop3), V(imap4), or V(smtp).
      type: str
      sample: imap4
    setting:
      description: Host and port.
      type: str
      sample: mail.contoso.com:993
    reason:
      description: The reason, in a sentence.
      type: str
"""
