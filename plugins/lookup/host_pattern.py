# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pattern of a play's hosts, or an error if it matches none."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_pattern
short_description: Make a play fail if its pattern matches no hosts
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Returns the given pattern, to be used as C(hosts) of a play. If the pattern, or a part of it, matches no host in the
    inventory, or if C(--limit) leaves no host, the run ends with an error. Ansible itself would skip the play and
    report success.
  - The playbooks of this collection use C(exchange_hosts) as O(_terms). Ansible needs C(hosts) before it reads the
    variables of any host. Therefore, C(exchange_hosts) must be given on the command line, or in the C(vars) of an
    C(import_playbook). In C(group_vars), C(host_vars), or the inventory, it has no effect.
  - A misspelled variable that looks like C(exchange_hosts) or C(exchange_serial), such as C(exchange_host), would let
    the play run on all hosts of the group C(exchange). It ends the run instead, or is a warning with
    C(exchange_misspelled_variables=warn).
options:
  _terms:
    description: One or more patterns, as for C(hosts).
    type: list
    elements: str
    required: true
seealso:
  - name: Patterns
    description: Explains patterns of hosts.
    link: https://docs.ansible.com/ansible/latest/inventory_guide/intro_patterns.html
"""

EXAMPLES = r"""
- name: Fail instead of being skipped if the inventory has no such hosts
  hosts: "{{ query('mailops.exchange.host_pattern', 'exchange:&paris') }}"
  gather_facts: false
  tasks:
    - name: Read the state of the server
      mailops.exchange.client_access_info:
"""

RETURN = r"""
_raw:
  description: The patterns, unchanged.
  type: list
  elements: str
"""

from typing import Any

from ansible import context
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import misspelled

# Nothing is run then, and often there is no inventory.
LISTINGS = ("syntax", "listtasks", "listtags")


class LookupModule(LookupBase):  # type: ignore[misc] # ansible-core publishes no types
    """Checks a pattern against the inventory."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[str]:
        patterns = [str(term) for term in self._flatten(terms)]
        if any(context.CLIARGS.get(listing) for listing in LISTINGS):
            return patterns
        _insist_on_names(variables)
        # As ansible.builtin.inventory_hostnames does: there is no way to the inventory itself from here.
        inventory = InventoryManager(self._loader, parse=False)
        for group, hosts in variables["groups"].items():
            inventory.add_group(group)
            for host in hosts:
                inventory.add_host(host, group=group)
        whole = ",".join(patterns)
        positive = [part for part in split_host_pattern(patterns) if part[0] not in "&!"]
        for part in (*positive, patterns):
            if not _matches(inventory, part):
                told = repr(whole) if part in (whole, patterns) else f"{part!r}, which is a part of {whole!r}"
                raise AnsibleLookupError(
                    f"No host in the inventory matches {told}; use -e exchange_hosts=... on the command line, with a "
                    "pattern that matches a host (in group_vars or host_vars it has no effect)."
                )
        if limit := variables.get("ansible_limit"):
            inventory.subset(limit)
            if not _matches(inventory, patterns):
                raise AnsibleLookupError(
                    f"--limit {limit!r} leaves none of the hosts that match {whole!r}; use another limit, or another "
                    "pattern with -e exchange_hosts=... on the command line."
                )
        return patterns


def _insist_on_names(variables: dict[str, Any]) -> None:
    """Look at what the command line gives; there are no variables of hosts yet."""
    switch = f"exchange_{misspelled.SWITCH}"
    found = list(misspelled.of_playbook("exchange").misspelled(variables))
    if variables.get(switch) != "warn":
        if found:
            raise AnsibleLookupError(misspelled.told(found, switch))
        return
    for sentence in found:
        Display().warning(sentence)


def _matches(inventory: InventoryManager, pattern: str | list[str]) -> bool:
    try:
        # Nothing at all would be everything to it.
        return bool(split_host_pattern(pattern) and inventory.get_hosts(pattern))
    except AnsibleError:
        # A subscript beyond the end of its group.
        return False
