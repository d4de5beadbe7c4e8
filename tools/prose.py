"""Checks the words of everything that a user reads: the project's own list, tools/words.yml, and Harper's rules.

Read are the documentation, the texts of plugins and roles, names of tasks, changelog fragments, and the sentences in
the code of plugins and in templates. Files that are given as arguments are read instead of all.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]
WORDS = ROOT / "tools" / "words.yml"
READ = (
    "*.md",
    ".github/**/*.yml",
    "changelogs/fragments/*.yml",
    "demo/**/*.yml",
    "docs/**/*.rst",
    "extensions/eda/**/*.py",
    "extensions/eda/**/*.yml",
    "playbooks/**/*.j2",
    "playbooks/**/*.yml",
    "plugins/**/*.j2",
    "plugins/**/*.py",
    "roles/**/*.j2",
    "roles/**/*.md",
    "roles/**/*.yml",
    "tools/texts/*.yml",
)
# Documentation that Ansible reads from a plugin's code.
DOCUMENTS = frozenset({"DOCUMENTATION", "EXAMPLES", "RETURN"})
# Keys of YAML whose values, or the lists below them, are for people.
PROSE = frozenset(
    {
        "alternative",
        "description",
        "details",
        "fail_msg",
        "fix",
        "label",
        "meaning",
        "msg",
        "name",
        "notes",
        "quiet_msg",
        "reason",
        "requirements",
        "short_description",
        "support",
        "title",
        "why",
    }
)
FRAGMENT = re.compile(r"^changelogs/fragments/")
# What is code inside prose, by the way it is marked: Ansible's, RST's, Markdown's, and Jinja's expressions.
CODE = re.compile(
    r"""
      \{\{.*?\}\} | \{%.*?%\} | \{\#.*?\#\}
    | \b[BCEIMOPRUV]+V?\((?:[^()]|\([^()]*\))*\)
    | ``.*?`` | :[a-z:-]+:`.*?` | `[^`]*`_? | (?<=\])\([^)]*\) | https?://\S+ | <!--.*?-->
    """,
    re.VERBOSE | re.DOTALL,
)
# What is not text in a template: styles, scripts, statements and comments of Jinja, and what no reader is shown.
MACHINERY = re.compile(r"<(style|script|svg)\b.*?</\1>|<meta\b[^>]*>|\{%.*?%\}|\{\#.*?\#\}", re.DOTALL)


class Passage(NamedTuple):
    """Some text of a file, and the line on which it begins."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Rule:
    """A word or phrase that is not used, as a regular expression, and what to write instead."""

    word: re.Pattern[str]
    use: str


class Exemption(NamedTuple):
    """What is right although a rule says otherwise: the beginning of paths, the text, and why."""

    path: str
    text: str
    reason: str


class Finding(NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def blanked(text: str) -> str:
    """The text with a neutral word for what is code, on the same lines."""
    return CODE.sub(lambda found: "value" + "\n" * found[0].count("\n"), text)


def of_yaml(path: str, text: str, first: int = 0) -> Iterator[Passage]:
    """The values that are for people, and comments."""
    everything = bool(FRAGMENT.match(path))

    def walk(node: yaml.Node, told: bool) -> Iterator[Passage]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield from walk(value, everything or (key.value in PROSE and not isinstance(value, yaml.MappingNode)))
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from walk(value, told)
        elif told and isinstance(node, yaml.ScalarNode) and " " in node.value.strip():
            # As it is written, so that each word is on its line; without the marks of a block or of quotes.
            written = text[node.start_mark.index : node.end_mark.index]
            yield Passage(
                path, node.start_mark.line + first + 1, blanked(re.sub(r"^[|>][+-]?|^['\"]|['\"]$", "", written))
            )

    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        if document is not None:
            yield from walk(document, everything)
    for number, line in enumerate(text.splitlines(), first + 1):
        if comment := re.match(r"\s*#\s+(\w.*)", line):
            yield Passage(path, number, blanked(comment[1]))


def of_python(path: str, text: str) -> Iterator[Passage]:
    """The documentation of a plugin, and strings that are sentences."""
    tree = ast.parse(text)
    passed: set[ast.expr] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as written):
                passed.add(written)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(written)) as value):
                fragment = "doc_fragments" in path
                if name in DOCUMENTS or fragment:
                    passed.add(value)
                    yield from of_yaml(path, written, value.lineno - 1)
            case ast.JoinedStr(values=parts):
                passed.update(parts)
                words = "".join(
                    part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "value"
                    for part in parts
                )
                yield from sentence(path, node.lineno, words)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed:
            yield from sentence(path, node.lineno, node.value)


def sentence(path: str, line: int, text: str) -> Iterator[Passage]:
    """The string if it is one for people, which has three words and no look of PowerShell, HTML or a pattern."""
    if len(re.findall(r"(?<![\w$-])[A-Za-z][a-z']+(?![\w-])", text)) >= 3 and not re.search(r"[$\\]\w|</|\(\?", text):
        yield Passage(path, line, blanked(text))


def of_markup(path: str, text: str) -> Iterator[Passage]:
    """The paragraphs of Markdown or RST, without samples of code."""
    lines = text.splitlines()
    kept: list[str] = []
    fence = False
    depth: int | None = None
    waits = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if path.endswith(".md") and line.lstrip().startswith("```"):
            fence = not fence
            kept.append("")
            continue
        if waits and line.strip():
            depth, waits = (indent if indent else None), False
        if depth is not None and line.strip() and indent < depth:
            depth = None
        prose = not fence and depth is None
        kept.append(line if prose else "")
        if path.endswith(".rst") and prose:
            directive = re.match(r"\s*\.\. (code-block|parsed-literal|raw|image|figure|_)", line)
            if directive or line.rstrip().endswith("::"):
                waits = True
                kept[-1] = "" if directive or re.match(r"\s*\.\. ", line) else line
    start = 0
    for number, line in enumerate([*kept, ""]):
        if line.strip():
            continue
        if paragraph := kept[start:number]:
            yield Passage(path, start + 1, blanked("\n".join(paragraph)))
        start = number + 1


def of_template(path: str, text: str) -> Iterator[Passage]:
    """The text between tags, and the sentences that are values of attributes or arguments of macros."""
    shown = MACHINERY.sub(lambda found: "\n" * found[0].count("\n"), text)
    for number, line in enumerate(shown.splitlines(), 1):
        for piece in re.split(r"<[^>]*>", re.sub(r"\{\{.*?\}\}", "value", line)):
            if " " in piece.strip():
                yield Passage(path, number, blanked(piece.strip()))
        for quoted in re.findall(r'"([^"]*)"', line):
            yield from sentence(path, number, quoted)


def passages(path: str) -> list[Passage]:
    text = (ROOT / path).read_text(encoding="utf-8")
    read = {".py": of_python, ".md": of_markup, ".rst": of_markup, ".j2": of_template}.get(Path(path).suffix, of_yaml)
    return list(read(path, text))


def exempted(passage: Passage, exemptions: Iterable[Exemption]) -> Passage:
    """The passage without what is right in it."""
    text = passage.text
    for exemption in exemptions:
        if passage.path.startswith(exemption.path):
            text = text.replace(exemption.text, "value")
    return passage._replace(text=text)


def by_words(found: Iterable[Passage], forbidden: list[Rule]) -> Iterator[Finding]:
    """What our own list forbids."""
    for path, line, text in found:
        for rule in forbidden:
            for word in rule.word.finditer(text):
                said = " ".join(word[0].split())
                yield Finding(path, line + text.count("\n", 0, word.start()), f"'{said}': {rule.use}")


def by_harper(found: list[Passage], ignored: Iterable[str]) -> Iterator[Finding]:
    """What Harper finds in the passages, which it is given file by file, to read several at a time."""
    texts: dict[str, str] = {}
    lines: dict[str, list[int]] = {}
    # Documentation that several plugins share is checked once.
    for path, line, text in {passage.text: passage for passage in reversed(found)}.values():
        # Columns are no sentence.
        plain = re.sub(r"(?m)^ +", "", re.sub(r"[*_|#+=~^]+", " ", text))
        cleaned = re.sub(r" {2,}", ". ", plain)
        texts[path] = texts.get(path, "") + cleaned + "\n\n"
        lines.setdefault(path, []).extend(line + number for number in range(cleaned.count("\n") + 2))
    names = {f"{number}.txt": path for number, path in enumerate(texts)}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in names.items():
            Path(folder, name).write_text(texts[path], encoding="utf-8")
        harper = Path(sysconfig.get_path("scripts"), "harper")
        command = [str(harper), "lint", "--format", "json", "--dialect", "us", "--quiet", "--ignore", ",".join(ignored)]
        # No words of whoever runs it.
        command += ["--user-dict-path", str(Path(folder, "own")), "--file-dict-path", folder, *names]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if names and not ran.stdout.strip():
        raise SystemExit(f"harper returned nothing; status {ran.returncode}: {ran.stderr.strip()}")
    for file in json.loads(ran.stdout or "[]"):
        path = names[file["file"]]
        for lint in file["lints"]:
            text = f"'{lint['matched_text']}': {lint['message']} ({lint['rule']})"
            yield Finding(path, lines[path][lint["line"] - 1], text)


def configuration() -> Any:
    return yaml.safe_load(WORDS.read_text(encoding="utf-8"))


def rules(written: Iterable[dict[str, str]]) -> list[Rule]:
    return [Rule(re.compile(rule["word"], re.IGNORECASE), rule["use"]) for rule in written]


def files() -> list[str]:
    """All that is read if no file is named."""
    return sorted({path.relative_to(ROOT).as_posix() for pattern in READ for path in ROOT.glob(pattern)})


def main(names: list[str]) -> int:
    own = configuration()
    exemptions = [Exemption(**exemption) for exemption in own["exceptions"]]
    paths = sorted({Path(name).resolve().relative_to(ROOT).as_posix() for name in names}) or files()
    read = [exempted(passage, exemptions) for path in paths for passage in passages(path)]
    found = sorted({*by_words(read, rules(own["words"])), *by_harper(read, own["harper_ignores"])})
    for finding in found:
        print(finding)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
