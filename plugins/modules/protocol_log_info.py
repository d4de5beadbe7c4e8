#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: protocol_log_info
short_description: Report who uses POP3 and IMAP4, from the protocol logs of an Exchange server
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Counts successful and failed sign-ins in the protocol logs by user and day, with the authentication method and
    whether TLS was used. Nothing is changed.
  - The server does the counting, and only the counts are transferred. For each log and day, its PowerShell runs one
    pipeline of cmdlets, or one for each 128 MB of files, and one or two more for the addresses of the requested users.
    No script text is sent.
  - Without O(top), O(users), and O(all_users), the result contains counts only. Names and addresses of users are
    personal data, so they must be requested.
  - If a log is off, RV(pop3.turn_on) says how to turn it on and what it costs.
  - Both services of a protocol write a log. The log of the front end has the addresses of clients. In the log of the
    back end, the client is a front end, which can be on another server.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
options:
  protocols:
    description:
      - The protocols whose logs to read.
    type: list
    elements: str
    choices: [pop3, imap4]
    default: [pop3, imap4]
  since:
    description:
      - The first day, such as V(2026-11-20), or a number of days up to today. Days are in UTC, as in the logs.
      - Days are read completely. A day in the future is refused.
    type: str
    default: "7"
  top:
    description:
      - How many of the users with the most sign-ins and attempts to list, with their addresses, from 0 to 1000.
    type: int
    default: 0
  users:
    description:
      - Users to list, with their addresses. V(anna) matches every name in the log that may be the same user, such as
        C(CONTOSO\anna) and C(anna@contoso.com). V(anna@contoso.com) does not match C(anna@fabrikam.com), and
        V(CONTOSO\\anna) does not match C(FABRIKAM\anna).
      - A user who is not in the logs is in the result with zeros.
    type: list
    elements: str
  all_users:
    description:
      - Whether to list all users, without addresses.
    type: bool
    default: false
notes:
  - The logs are those of the host of the task. If O(server) names another server, the task fails.
  - The host needs Windows PowerShell 3 or later, and the account needs the right to read the files.
  - A day of 500 MB takes minutes. The server returns nothing while it counts, so C(ansible_exchange_command_timeout)
    must be longer than it takes for one day of one log.
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.cas_mailbox
  - ref: ansible_collections.mailops.exchange.docsite.guide_who_uses_pop
    description: The guide, which also explains what the logs do not show.
  - name: Protocol logging for POP3 and IMAP4
    description: Explains how to turn it on, and the fields.
    link: https://learn.microsoft.com/exchange/clients/pop3-and-imap4/configure-protocol-logging
"""

EXAMPLES = r"""
- name: Count the sign-ins of the last seven days
  mailops.exchange.protocol_log_info:
  register: usage

- name: Show how many users POP3 has
  ansible.builtin.debug:
    msg: "{{ item.day }}: {{ item.users }} users, {{ item.log_ons }} sign-ins, {{ item.failures }} failures"
  loop: "{{ usage.pop3.days | selectattr('log', 'equalto', 'front_end') }}"
  loop_control:
    label: "{{ item.day }}"

- name: Enable the log if it is disabled
  mailops.exchange.pop_settings:
    protocol_log_enabled: true
  when: usage.pop3.turn_on is not none

- name: List the ten most active POP3 users, with their addresses
  mailops.exchange.protocol_log_info:
    protocols: [pop3]
    top: 10

- name: Check whether an account is still used
  mailops.exchange.protocol_log_info:
    users: [scanner@contoso.com]
    since: "2026-11-01"

- name: List everybody who uses POP3
  mailops.exchange.protocol_log_info:
    protocols: [pop3]
    since: "30"
    all_users: true
  register: everybody

- name: Disable POP3 for everybody who has not used it
  mailops.exchange.cas_mailbox:
    identities: "{{ everybody.pop3.users | rejectattr('last_seen', 'none') | map(attribute='user') }}"
    pop_enabled: true
    exclusive: true
    max_changes: 500
  when: everybody.pop3.turn_on is none and everybody.pop3.unreadable | length == 0
"""

RETURN = r"""
server:
  description: Name of the Exchange server.
  returned: success
  type: str
  sample: EX01
since:
  description: The first day that was read.
  returned: success
  type: str
  sample: "2026-11-20"
pop3:
  description: The contents of the POP3 logs. It is null if V(pop3) is not in O(protocols).
  returned: success
  type: dict
  contains: &protocol
    logged:
      description: Whether the log is turned on. It is null if this cannot be read.
      type: bool
      sample: true
    turn_on:
      description: If the log is off, how to turn it on and what it costs, in sentences; otherwise null. Earlier logs
        are still read.
      type: str
      sample: null
    location:
      description: The folder of the logs. It is null if it cannot be read.
      type: str
      sample: C:\Program Files\Microsoft\Exchange Server\V15\Logging\Pop3
    login_type:
      description: The current value of C(LoginType). With V(SecureLogin), all clients authenticate over TLS.
      type: str
      sample: SecureLogin
    files:
      description: The number of log files of any age.
      type: int
      sample: 336
    bytes:
      description: The total size of the log files in bytes.
      type: int
      sample: 3670016000
    until:
      description: The time of the newest line. It is null if there is none.
      type: str
      sample: "2026-11-27T02:20:00.514000+00:00"
    days:
      description: The counts by day and log. Days without sign-ins are left out.
      type: list
      elements: dict
      contains:
        day: &day
          description: The day, in UTC.
          type: str
          sample: "2026-11-26"
        log: &log
          description: V(front_end) or V(back_end).
          type: str
          sample: front_end
        log_ons: &log_ons
          description: The number of successful sign-ins.
          type: int
          sample: 1440
        failures: &failures
          description: The number of refused sign-ins.
          type: int
          sample: 12
        unclear: &unclear
          description: The number of lines about sign-ins that do not show the result.
          type: int
          sample: 0
        users:
          description: The number of different users.
          type: int
          sample: 37
        without_name:
          description: The number of sign-ins and failures without a user in the log. With IMAP4, these are failed LOGIN
            commands.
          type: int
          sample: 3
        kinds: &kinds
          description:
            - The number of sign-ins by command or SASL mechanism, the most frequent first. Commands are in lower case,
              and mechanisms in upper case.
          type: dict
          sample: {pass: 1400, PLAIN: 40}
        tls: &tls_counts
          description:
            - The number of sign-ins over TLS, by V(yes), V(no), and V(unknown). It is null for the back end, to which
              front ends connect.
            - V(yes) counts those on a port in C(ssl_bindings). V(no) counts those on another port on a day without any
              STARTTLS on it, if the logs show STARTTLS at all.
          type: dict
          sample: {"yes": 1200, "no": 0, "unknown": 240}
        starttls:
          description: How often clients requested TLS on a connection without it.
          type: int
          sample: 230
        monitoring:
          description: The number of sign-ins and attempts with which Exchange monitors itself. They are not included in
            the other numbers.
          type: int
          sample: 288
    users:
      description:
        - The users requested by O(top), O(users), and O(all_users), those with the most sign-ins first. It is null if
          none of these is given.
        - The numbers are those of the front end, or those of the back end for a user that is only in its log.
      type: list
      elements: dict
      contains:
        user:
          description: The user, as written in the log. Names that differ only in case are one user.
          type: str
          sample: anna@contoso.com
        log_ons: *log_ons
        failures: *failures
        unclear: *unclear
        kinds: *kinds
        last_seen:
          description: The last day with a successful sign-in. It is null if there is none.
          type: str
          sample: "2026-11-26"
        without_tls:
          description:
            - V(yes) if the user signed in without TLS, V(no) if all sign-ins were over TLS, and V(unknown) if some may
              have been without TLS. It is null if no front end logged a sign-in.
            - This is known more often for users whose addresses are requested.
          type: str
          sample: "no"
        days:
          description: The counts of this user by day and log.
          type: list
          elements: dict
          contains:
            day: *day
            log: *log
            log_ons: *log_ons
            failures: *failures
            unclear: *unclear
            kinds: *kinds
            tls: *tls_counts
        addresses:
          description: The addresses by day and log. It is null for users that only O(all_users) requests.
          type: list
          elements: dict
          contains:
            day: *day
            log: *log
            address:
              description: The address that connected.
              type: str
              sample: 10.1.1.70
            of_proxy:
              description: Whether it is the address of a front end, as in the log of a back end, and not that of a
                client.
              type: bool
              sample: false
            log_ons: *log_ons
            failures: *failures
            unclear: *unclear
            tls:
              description:
                - V(yes) for a port in C(ssl_bindings), V(no) for another port if no STARTTLS came from this address on
                  this day, and otherwise V(unknown). It is null for the back end.
              type: str
              sample: "yes"
    unreadable:
      description: The settings that cannot be read, and the form in which each was received; the logs that are not read
        because their fields are not known, with these fields; and C(log files), with the server's message about files
        that it could not read.
      type: dict
      sample: {}
imap4:
  description: The contents of the IMAP4 logs, with the same keys. It is null if V(imap4) is not in O(protocols).
  returned: success
  type: dict
  contains: *protocol
cmdlets:
  description: Always empty, because nothing is changed.
  returned: always
  type: list
  elements: dict
"""

from ansible_collections.mailops.exchange.plugins.module_utils._objects.protocol_log_info import ProtocolLogInfo
from ansible_collections.mailops.exchange.plugins.module_utils._work.life import run


def main() -> None:
    run(ProtocolLogInfo)


if __name__ == "__main__":
    main()
