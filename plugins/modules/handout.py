#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: handout
short_description: Write what users need to set up their mail programs
version_added: 1.0.0
author: mailops contributors (@mailops)
description:
  - The playbook C(mailops.exchange.handout) is made of it. Its messages name the options as that one's variables.
  - Makes files of what M(mailops.exchange.client_access_info) returned for one or more servers, for POP3 and IMAP4 as
    far as they are on. These are a page for users in each language, C(config-v1.1.xml) for Thunderbird and others,
    configuration profiles for Apple's devices, DNS records, and Outlook's values as text.
  - Each setting is tried first, from the controller, as M(mailops.exchange.mail_probe) does it. What cannot be
    connected to is marked on the pages and left out of all other files, and RV(no_connection) names it. The task does
    not fail.
  - The files are written at once or not at all. Files of an earlier run that are not made any more are removed.
  - The host of the task has no part in it.
attributes:
  check_mode:
    description: Can run in check mode and tell what would change. The settings are tried, and nothing is written.
    support: full
  diff_mode:
    description: Returns the files before and after.
    support: full
  idempotent:
    description: When run again with the same options, nothing is changed, as long as the settings can be connected to.
    support: full
  platform:
    description: Where the files are written, which is the controller.
    platforms: posix
    support: full
options:
  folder:
    description:
      - The folder for the files, on the controller. It is created. A relative path is relative to the folder in which
        C(ansible-playbook) was started. It cannot be inside a collection.
    type: path
    required: true
  servers:
    description:
      - What M(mailops.exchange.client_access_info) returned for each server, with its connectors.
      - Without it nothing is tried or written, and the task fails if one of the other options is wrong.
    type: list
    elements: dict
  unread:
    description: Names of servers that could not be read. The pages say so.
    type: list
    elements: str
    default: []
  domains:
    description:
      - The mail domains, the one first after which the others are named. Exchange is not asked for them.
      - The default is the domain of the external host name for POP3 or IMAP4, C(contoso.com) for C(mail.contoso.com).
    type: list
    elements: str
  username:
    description:
      - What users log on as. C(%EMAILADDRESS%), C(%EMAILLOCALPART%) and C(%EMAILDOMAIN%) stand for the address of the
        user, and for its parts before and after the C(@).
    type: str
    default: "%EMAILADDRESS%"
  verify:
    description: Whether the settings are tried.
    type: bool
    default: true
  unverified:
    description:
      - Settings that are handed out without being tried, because they can be reached from outside only, as a host or as
        C(host:port). The pages mark them as not tried.
    type: list
    elements: str
    default: []
  probe:
    description: How the settings are tried.
    type: dict
    default: {}
    suboptions:
      ca_cert:
        description: File with the certificates, in PEM form, that are trusted in place of the system's.
        type: path
      connect_to:
        description:
          - By host or C(host:port) of settings, the name or address to connect to in its place, with or without a port,
            for example where the controller is in another network than users. The certificate still has to be for the
            host of the setting.
        type: dict
      timeout:
        description: How long one of them may take, in seconds, from 1 to 3600.
        type: int
        default: 10
  certificate:
    description:
      - File in PEM form with the certificate by which Apple's profiles are signed, and after it those that lead to its
        CA. Without it they are not signed.
    type: path
  key:
    description: File in PEM form with the key of O(certificate), of RSA or an elliptic curve.
    type: path
  key_password:
    description: Password of O(key), if it has one.
    type: str
requirements:
  - cryptography on the controller
seealso:
  - module: mailops.exchange.client_access_info
  - module: mailops.exchange.mail_probe
"""

EXAMPLES = r"""
- name: Look at the server
  mailops.exchange.client_access_info:
    gather: [connectors]
  register: info

- name: Write the hand-out
  mailops.exchange.handout:
    folder: handout
    servers: ["{{ info }}"]
    domains: [contoso.com]
    unverified: [mail.contoso.com]
  register: written

- name: Fail if a setting cannot be connected to
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
  description: All files of the hand-out, relative to the folder, whether they have changed or not.
  returned: with O(servers)
  type: list
  elements: str
  sample: [handout.en.html, external/config-v1.1.xml]
removed:
  description: Files of an earlier run that were removed, because what they hand out is not handed out any more.
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
  description: What an administrator has to look at, such as settings that differ between servers. The pages say it too.
  returned: with O(servers)
  type: list
  elements: str
  sample: ["Receiving by POP3 is off on EX02."]
no_connection:
  description: The settings that cannot be connected to.
  returned: with O(servers)
  type: list
  elements: dict
  contains:
    protocol:
      description: V(pop3), V(imap4) or V(smtp).
      type: str
      sample: imap4
    setting:
      description: Host and port.
      type: str
      sample: mail.contoso.com:993
    reason:
      description: Why, in a sentence.
      type: str
"""
