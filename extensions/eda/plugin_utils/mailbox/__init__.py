# Copyright: (c) 2026, mailops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mailbox of an application as a source of events: what the event source mailbox.py is the front of.

Imports in here are relative: ansible-rulebook runs the source by its path, and knows no `ansible_collections`.
"""
