# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much users may ask of Exchange, written by `make generate` from tools/texts and the tables of settings."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  imap_cutoff_balance:
    description:
      - How much time an IMAP4 user may overdraw before being blocked until enough of it is recharged, in milliseconds.
        Microsoft names 600000 to 3000000 as usual, and wants to be asked before more.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(unlimited). Since Exchange 2013.
    type: str
  imap_max_burst:
    description:
      - For how long an IMAP4 user may use more than the recharge rate allows before being slowed down, in milliseconds.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(3600000). Since Exchange 2013.
    type: str
  imap_max_concurrency:
    description:
      - How many IMAP4 connections a user may have on a server at a time.
      - The O(mailops.exchange.imap_settings#module:max_connections_per_user) of a server is another limit on the same,
        V(16) by default, and the lower one counts.
      - From 0 to 2147483647, or V(unlimited). Exchange's default is V(unlimited). Since Exchange 2010.
    type: str
  imap_percent_time_in_ad:
    description:
      - The share of a minute in percent that requests of an IMAP4 user may spend in Active Directory.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  imap_percent_time_in_cas:
    description:
      - The share of a minute in percent that requests of an IMAP4 user may spend on the Client Access server.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  imap_percent_time_in_mailbox_rpc:
    description:
      - The share of a minute in percent that requests of an IMAP4 user may spend in calls to the mailbox.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  imap_recharge_rate:
    description:
      - How much time for use an IMAP4 user gets back in an hour, in milliseconds. The default is ten minutes of an
        hour.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(600000). Since Exchange 2013.
    type: str
  pop_cutoff_balance:
    description:
      - How much time a POP3 user may overdraw before being blocked until enough of it is recharged, in milliseconds.
        Microsoft names 600000 to 3000000 as usual, and wants to be asked before more.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(unlimited). Since Exchange 2013.
    type: str
  pop_max_burst:
    description:
      - For how long a POP3 user may use more than the recharge rate allows before being slowed down, in milliseconds.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(3600000). Since Exchange 2013.
    type: str
  pop_max_concurrency:
    description:
      - How many POP3 connections a user may have on a server at a time.
      - The O(mailops.exchange.pop_settings#module:max_connections_per_user) of a server is another limit on the same,
        V(16) by default, and the lower one counts.
      - From 0 to 2147483647, or V(unlimited). Exchange's default is V(20). Since Exchange 2010.
    type: str
  pop_percent_time_in_ad:
    description:
      - The share of a minute in percent that requests of a POP3 user may spend in Active Directory.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  pop_percent_time_in_cas:
    description:
      - The share of a minute in percent that requests of a POP3 user may spend on the Client Access server.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  pop_percent_time_in_mailbox_rpc:
    description:
      - The share of a minute in percent that requests of a POP3 user may spend in calls to the mailbox.
      - From 0 to 4294967295, or V(unlimited). Since Exchange 2010 and before Exchange 2013.
    type: str
  pop_recharge_rate:
    description:
      - How much time for use a POP3 user gets back in an hour, in milliseconds. The default is ten minutes of an hour.
      - From 0 to 4294967295, or V(unlimited). Exchange's default is V(600000). Since Exchange 2013.
    type: str
"""
