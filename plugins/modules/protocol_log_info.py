#!/usr/bin/python
# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
module: protocol_log_info
short_description: Tell who uses POP3 and IMAP4, from the protocol logs of an Exchange server
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Counts log-ons, failed ones as well, by user and day, and tells how users logged on and whether that was over TLS.
    Nothing is changed.
  - The server counts, and only its counts travel. For each log and day its PowerShell runs one pipeline of cmdlets,
    or one for each 128 MB of files, and for the users that were asked for one or two more, which tell the addresses. No
    script text is sent.
  - Without O(top), O(users) and O(all_users) the result has counts only. Names of users are personal data, and so are
    their addresses, so they have to be asked for.
  - A log that is off has RV(pop3.turn_on), which says what turns it on and what it costs.
  - Both services of a protocol write a log. That of the front end has the addresses of clients. In that of the back
    end the client is a front end, which may be on another server.
extends_documentation_fragment:
  - mailops.exchange.attributes
  - mailops.exchange.attributes.reads_only
  - mailops.exchange.server
options:
  protocols:
    description:
      - The protocols whose logs are read.
    type: list
    elements: str
    choices: [pop3, imap4]
    default: [pop3, imap4]
  since:
    description:
      - The first day, such as V(2026-11-20), or a number of days up to today. Days are those of UTC, as in the logs.
      - Each day is read as a whole. A day in the future is refused.
    type: str
    default: "7"
  top:
    description:
      - How many of the users with the most log-ons and attempts are named, with their addresses, from 0 to 1000.
    type: int
    default: 0
  users:
    description:
      - Users that are named, with their addresses. V(anna) is each name in the log that may be meant, such as
        C(CONTOSO\anna) and C(anna@contoso.com). V(anna@contoso.com) is not C(anna@fabrikam.com), nor is
        V(CONTOSO\\anna) C(FABRIKAM\anna).
      - A user of whom the logs tell nothing is in the result with zeros.
    type: list
    elements: str
  all_users:
    description:
      - Whether all users are named, without addresses.
    type: bool
    default: false
notes:
  - The logs are those of the host the task runs for. If O(server) names another one, the task fails.
  - The host needs Windows PowerShell 3 or newer, and a user who may read the files.
  - A day of 500 MB takes minutes. While the server counts it puts nothing out, so C(ansible_exchange_command_timeout)
    must be longer than a day of one log takes.
seealso:
  - module: mailops.exchange.pop_settings
  - module: mailops.exchange.imap_settings
  - module: mailops.exchange.cas_mailbox
  - ref: ansible_collections.mailops.exchange.docsite.guide_who_uses_pop
    description: The guide, with what the logs do not tell.
  - name: Protocol logging for POP3 and IMAP4
    description: How it is turned on, and what the fields are.
    link: https://learn.microsoft.com/exchange/clients/pop3-and-imap4/configure-protocol-logging
"""

EXAMPLES = r"""
- name: Count log-ons of the last seven days
  mailops.exchange.protocol_log_info:
  register: usage

- name: Say how many users POP3 has
  ansible.builtin.debug:
    msg: "{{ item.day }}: {{ item.users }} users, {{ item.log_ons }} log-ons, {{ item.failures }} failures"
  loop: "{{ usage.pop3.days | selectattr('log', 'equalto', 'front_end') }}"
  loop_control:
    label: "{{ item.day }}"

- name: Turn the log on where it is off
  mailops.exchange.pop_settings:
    protocol_log_enabled: true
  when: usage.pop3.turn_on is not none

- name: From where do the ten busiest users of POP3 come
  mailops.exchange.protocol_log_info:
    protocols: [pop3]
    top: 10

- name: Does anybody still use this account
  mailops.exchange.protocol_log_info:
    users: [scanner@contoso.com]
    since: "2026-11-01"

- name: Name everybody who uses POP3
  mailops.exchange.protocol_log_info:
    protocols: [pop3]
    since: "30"
    all_users: true
  register: everybody

- name: Everybody who used POP3 keeps it, all others lose it
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
  description: What the logs of POP3 tell; null if it is not among the O(protocols).
  returned: success
  type: dict
  contains: &protocol
    logged:
      description: Whether the services are set to write the log; null if that cannot be read.
      type: bool
      sample: true
    turn_on:
      description: If not, in sentences, what turns it on and what it costs; otherwise null. What it wrote earlier is
        read all the same.
      type: str
      sample: null
    location:
      description: The folder of the logs; null if it cannot be read.
      type: str
      sample: C:\Program Files\Microsoft\Exchange Server\V15\Logging\Pop3
    login_type:
      description: The setting C(LoginType) as it is now. With V(SecureLogin) all log-ons are over TLS.
      type: str
      sample: SecureLogin
    files:
      description: How many log files there are, of any age.
      type: int
      sample: 336
    bytes:
      description: How large all of them are together, in bytes.
      type: int
      sample: 3670016000
    until:
      description: The time of the newest line; null if there is none.
      type: str
      sample: "2026-11-27T02:20:00.514000+00:00"
    days:
      description: By day and log what was counted. A day without log-ons is left out.
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
          description: How many log-ons there were.
          type: int
          sample: 1440
        failures: &failures
          description: How many log-ons were refused.
          type: int
          sample: 12
        unclear: &unclear
          description: How many lines about log-ons do not tell how these ended.
          type: int
          sample: 0
        users:
          description: How many users these were.
          type: int
          sample: 37
        without_name:
          description: How many of the log-ons and failures have no user in the log. Of IMAP4 these are failed LOGIN
            commands.
          type: int
          sample: 3
        kinds: &kinds
          description:
            - How many log-ons came by which command or SASL mechanism, the most frequent first. Commands are in lower
              case, mechanisms in upper case.
          type: dict
          sample: {pass: 1400, PLAIN: 40}
        tls: &tls_counts
          description:
            - How many log-ons came over TLS, by V(yes), V(no) and V(unknown); null for the back end, to which front
              ends connect.
            - V(yes) are those at a port of C(ssl_bindings), V(no) those at another port on a day without a single
              STARTTLS at it, if the logs tell of STARTTLS at all.
          type: dict
          sample: {"yes": 1200, "no": 0, "unknown": 240}
        starttls:
          description: How often clients asked for TLS on a line without it.
          type: int
          sample: 230
        monitoring:
          description: How many log-ons, and attempts, were Exchange's own, to monitor itself. They are in none of the
            other numbers.
          type: int
          sample: 288
    users:
      description:
        - The users that O(top), O(users) and O(all_users) ask for, those with the most log-ons first; null if none of
          them is given.
        - The numbers are those of the front end, or of the back end for a user that is in its log alone.
      type: list
      elements: dict
      contains:
        user:
          description: The user, as the log writes it. Names that differ in case only are one.
          type: str
          sample: anna@contoso.com
        log_ons: *log_ons
        failures: *failures
        unclear: *unclear
        kinds: *kinds
        last_seen:
          description: The last day with a log-on; null if there is none.
          type: str
          sample: "2026-11-26"
        without_tls:
          description:
            - V(yes) if the user logged on without TLS, V(no) if all log-ons were over TLS, V(unknown) if some may have
              been without. It is null if no front end tells of a log-on.
            - More of it can be told of users whose addresses are asked for.
          type: str
          sample: "no"
        days:
          description: By day and log what was counted of this user.
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
          description: By day and log the addresses; null for a user that only O(all_users) asks for.
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
              description: Whether it is that of a front end, as in the log of a back end, and not that of a client.
              type: bool
              sample: false
            log_ons: *log_ons
            failures: *failures
            unclear: *unclear
            tls:
              description:
                - V(yes) for a port of C(ssl_bindings), V(no) for another one if no STARTTLS came from this address on
                  this day, otherwise V(unknown). It is null for the back end.
              type: str
              sample: "yes"
    unreadable:
      description: The settings that cannot be read, and the form in which each came; the logs whose fields are not the
        known ones, with what they say of them, which are not read; and C(log files), with what the server says of files
        that it could not read.
      type: dict
      sample: {}
imap4:
  description: What the logs of IMAP4 tell, with the same keys; null if it is not among the O(protocols).
  returned: success
  type: dict
  contains: *protocol
cmdlets:
  description: Always empty, nothing is written.
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
