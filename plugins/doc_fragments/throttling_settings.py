# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much users may ask of Exchange, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  imap_cutoff_balance:
    description:
      - How much usage time an IMAP4 user can overdraw before being blocked until enough of it is recharged, in
        milliseconds. Microsoft calls 600000 to 3000000 usual, and asks to be consulted before other values are used.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(unlimited). Since Exchange 2013.
    type: str
  imap_max_burst:
    description:
      - How long an IMAP4 user can use more than the recharge rate allows before being delayed, in milliseconds.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(3600000). Since Exchange 2013.
    type: str
  imap_max_concurrency:
    description:
      - The maximum number of concurrent IMAP4 connections of a user to a server.
      - The O(mailops.exchange.imap_settings#module:max_connections_per_user) of a server, V(16) by default, limits the
        same. The lower limit applies.
      - From 0 to 2147483647, or V(unlimited). Exchange's default is V(unlimited). Since Exchange 2010.
    type: str
  imap_percent_time_in_ad:
    description:
      - The percentage of a minute that requests of an IMAP4 user can spend in Active Directory.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  imap_percent_time_in_cas:
    description:
      - The percentage of a minute that requests of an IMAP4 user can spend on the Client Access server.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  imap_percent_time_in_mailbox_rpc:
    description:
      - The percentage of a minute that requests of an IMAP4 user can spend in calls to the mailbox.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  imap_recharge_rate:
    description:
      - How much usage time an IMAP4 user gets back per hour, in milliseconds. The default is ten minutes per hour.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(600000). Since Exchange 2013.
    type: str
  pop_cutoff_balance:
    description:
      - How much usage time a POP3 user can overdraw before being blocked until enough of it is recharged, in
        milliseconds. Microsoft calls 600000 to 3000000 usual, and asks to be consulted before other values are used.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(unlimited). Since Exchange 2013.
    type: str
  pop_max_burst:
    description:
      - How long a POP3 user can use more than the recharge rate allows before being delayed, in milliseconds.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(3600000). Since Exchange 2013.
    type: str
  pop_max_concurrency:
    description:
      - The maximum number of concurrent POP3 connections of a user to a server.
      - The O(mailops.exchange.pop_settings#module:max_connections_per_user) of a server, V(16) by default, limits the
        same. The lower limit applies.
      - From 0 to 2147483647, or V(unlimited). Exchange's default is V(20). Since Exchange 2010.
    type: str
  pop_percent_time_in_ad:
    description:
      - The percentage of a minute that requests of a POP3 user can spend in Active Directory.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  pop_percent_time_in_cas:
    description:
      - The percentage of a minute that requests of a POP3 user can spend on the Client Access server.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  pop_percent_time_in_mailbox_rpc:
    description:
      - The percentage of a minute that requests of a POP3 user can spend in calls to the mailbox.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  pop_recharge_rate:
    description:
      - How much usage time a POP3 user gets back per hour, in milliseconds. The default is ten minutes per hour.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(600000). Since Exchange 2013.
    type: str
"""
