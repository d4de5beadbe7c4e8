"""The linter of words reads what users read, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import prose

ROOT = Path(__file__).resolve().parents[2]

PYTHON = '''"""Docstrings are for developers, the cure too."""
DOCUMENTATION = r"""
options:
  state:
    description:
      - Which state it shall have, C(shall) apart.
    type: str
"""
GREETING = "shall"
MESSAGE = f"The services of {GREETING} shall be restarted"
COMMAND = "Get-Thing | Where-Object { $shall -eq $true }"
'''
YAML = """---
# The comment shall be read.
- name: Services shall run
  ansible.builtin.set_fact:
    shall: shall be nothing of it
  vars:
    name: "{{ shall and shall }}"
"""
RST = """Title
=====

What shall be said, and not ``what shall``.

.. code-block:: yaml

   it: shall not count

It counts again, it shall::

   not here, it shall
"""
MARKDOWN = """# Title

It shall be [shown](what_shall.md).

```yaml
it: shall not count
```
"""
TEMPLATE = """{# It shall be nothing of it #}
<style>p { content: "it shall be nothing of it"; }</style>
{% set shall = "it shall be nothing of it" %}
<p id="shall">What shall be <b>shown</b></p>
<img alt="What it shall show"> {{ shall }} {{ table(rows, "The rows it shall have") }}
"""


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("plugins/modules/a.py", PYTHON, [6, 10]),
        ("playbooks/a.yml", YAML, [2, 3]),
        ("docs/a.rst", RST, [4, 10]),
        ("README.md", MARKDOWN, [3]),
        ("plugins/a.html.j2", TEMPLATE, [4, 5, 5]),
    ],
)
def test_words_are_found_where_users_read_them(
    name: str, text: str, lines: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    rules = prose.rules([{"word": r"\bshall\b", "use": "write 'must'"}])
    found = list(prose.by_words(prose.passages(name), rules))
    assert sorted(finding.line for finding in found) == lines
    assert {finding.text for finding in found} == {"'shall': write 'must'"}


def test_grammar_is_checked_on_the_right_line() -> None:
    passages = [prose.Passage("a.md", 3, "All is well."), prose.Passage("b.md", 7, "The server\nis is well.")]
    ((path, line, text),) = prose.by_harper(passages, prose.configuration()["harper_ignores"])
    assert (path, line) == ("b.md", 8)
    assert "RepeatedWords" in text


def test_every_exception_has_a_reason_and_is_needed() -> None:
    for exception in prose.configuration()["exceptions"]:
        assert exception["reason"]
        paths = [path for path in prose.files() if path.startswith(exception["path"])]
        assert any(exception["text"] in (ROOT / path).read_text(encoding="utf-8") for path in paths), exception
