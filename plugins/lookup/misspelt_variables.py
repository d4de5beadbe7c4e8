# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables that look like one of a playbook's and are none."""

from __future__ import annotations

DOCUMENTATION = r"""
name: misspelt_variables
short_description: Find misspelled variables of a playbook
version_added: 1.0.0
author:
  - mailops contributors (@mailops)
description:
  - Finds misspelled variables such as C(drift_fial), which would have no effect, for the playbooks of this collection.
    It is not intended for use elsewhere.
  - Checks the variables that begin with the name of the playbook and an underscore, and those that begin with
    C(ansible_exchange_). Names that are not similar to a variable of this collection are not returned.
  - If C(<playbook>_misspelt_variables) is V(warn), each misspelled variable is a warning, and nothing is returned.
options:
  _terms:
    description: The name of the playbook.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Make sure that no variable is misspelled
  ansible.builtin.assert:
    that: query("mailops.exchange.misspelt_variables", "drift") | length == 0
    fail_msg: "{{ query('mailops.exchange.misspelt_variables', 'drift') | join(' ') }}"
"""

RETURN = r"""
_raw:
  description: Sentences that name the variables and what was probably meant. The last one says what to do.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import connection_loader
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.mailops.exchange.plugins.module_utils._judgement import misspelt

CONNECTION = "mailops.exchange.exchange"


class LookupModule(LookupBase):  # type: ignore[misc] # ansible-core publishes no types
    """Looks at the variables of a host."""

    def run(self, terms: Any, variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        loaded = connection_loader.get(CONNECTION, class_only=True)._load_name
        connection = misspelt.of_connection(C.config.get_plugin_vars("connection", loaded))
        found = []
        for playbook in map(str, terms):
            switch = f"{playbook}_{misspelt.SWITCH}"
            given = self._templar.template((variables or {}).get(switch, misspelt.CHOICES[0]))
            if given not in misspelt.CHOICES:
                raise AnsibleLookupError(f"{switch}: {given!r} is not known; give {' or '.join(misspelt.CHOICES)}.")
            spaces = (misspelt.of_playbook(playbook), connection)
            sentences = [sentence for space in spaces for sentence in space.misspelt(variables or ())]
            if given == "warn":
                for sentence in sentences:
                    Display().warning(sentence)
            elif sentences:
                found += [misspelt.told(sentences, switch)]
        return found
