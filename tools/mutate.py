"""Changes the code, one place at a time, and names the changes that no test notices: `make mutate`.

Mutmut 3 names modules by their path, so it never finds the tests of what is imported as `ansible_collections...`, and
leaves out whatever stands outside of functions, which here are the tables; cosmic-ray runs all tests for each change.

What is measured once is which tests run a line, and how long each takes. A change is then tried in a process forked
from one that has loaded the libraries, on the tests of its line, those first that import the changed file, until one
fails. No file is changed: the loader hands out the other text.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import io
import json
import os
import random
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import coverage
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "mutate"
JUDGED = ROOT / "tests" / "mutants.yml"
# What needs no process beside its own: a change is to be seen in seconds.
SUITE = ("tests/unit", "tests/contract", "tests/fuzz")
PATHS = (".cache/collections", "tests/simulator", "tests/support", "tools")
# A change may make a loop without an end, and one that fills the memory.
MEMORY = 4 << 30

SWAPPED: dict[type[ast.AST], str] = {
    ast.Eq: "!=", ast.NotEq: "==", ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Is: "is not",
    ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in", ast.And: "or", ast.Or: "and", ast.Add: "-", ast.Sub: "+",
    ast.Mult: "//", ast.FloorDiv: "*", ast.Div: "*", ast.Mod: "+", ast.BitOr: "&", ast.BitAnd: "|",
}  # fmt: skip
SIGNS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or", ast.Add: "+", ast.Sub: "-",
    ast.Mult: "*", ast.FloorDiv: "//", ast.Div: "/", ast.Mod: "%", ast.BitOr: "|", ast.BitAnd: "&",
}  # fmt: skip
# Documentation is no code, and `make check` reads it.
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN", "__all__"}


@dataclass(frozen=True)
class Change:
    """Another text in the place of a piece of a file."""

    file: str
    start: int
    end: int
    instead: bytes
    line: int
    inside: tuple[int, ...]
    """The lines of the innermost function that it stands in, if any: what is outside runs on import only."""

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.instead + source[self.end :]

    def shown(self, source: bytes) -> str:
        """The lines before and after, each as one."""
        begin = source.rfind(b"\n", 0, self.start) + 1
        stop = source.find(b"\n", self.end)
        before = source[begin:stop]
        after = source[begin : self.start] + self.instead + source[self.end : stop]
        return " -> ".join(" ".join(text.decode().split()) for text in (before, after))


class Changes(ast.NodeVisitor):
    """All changes of one file."""

    def __init__(self, file: str, source: bytes) -> None:
        self.file, self.source, self.found = file, source, list[Change]()
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.functions: list[tuple[int, ...]] = []
        self.visit(ast.parse(source))

    def of(self, node: ast.AST) -> tuple[int, int]:
        at: Any = node
        return self.starts[at.lineno - 1] + at.col_offset, self.starts[at.end_lineno - 1] + at.end_col_offset

    def put(self, start: int, end: int, instead: str, line: int) -> None:
        inside = self.functions[-1] if self.functions else ()
        change = Change(self.file, start, end, instead.encode(), line, inside)
        with suppress(SyntaxError):
            compile(change.applied(self.source), self.file, "exec", dont_inherit=True)
            self.found.append(change)

    def replace(self, node: ast.AST, instead: str) -> None:
        self.put(*self.of(node), instead, getattr(node, "lineno", 0))

    def text(self, node: ast.AST) -> str:
        start, end = self.of(node)
        return self.source[start:end].decode()

    def sign(self, left: ast.AST, right: ast.AST, operator: ast.AST) -> None:
        """Exchange the operator between two operands."""
        if type(operator) not in SWAPPED:
            return
        start, end = self.of(left)[1], self.of(right)[0]
        between = self.source[start:end].decode()
        changed = re.sub(rf"(?<!\w){re.escape(SIGNS[type(operator)])}(?!\w)", SWAPPED[type(operator)], between, count=1)
        if changed != between:
            self.put(start, end, changed, getattr(right, "lineno", 0))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """What runs of a definition: neither its annotations nor its docstring."""
        for outside in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(outside)
        self.functions.append(tuple(range(node.body[0].lineno, (node.end_lineno or 0) + 1)))
        for statement in node.body:
            self.visit(statement)
        self.functions.pop()

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.body)

    def visit_If(self, node: ast.If) -> None:
        if self.text(node.test) != "TYPE_CHECKING":
            self.test(node.test)
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.test(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.test(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.replace(test, "True")
        self.generic_visit(node)

    def test(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            self.replace(node, f"not {self.text(node)}")

    def visit_Compare(self, node: ast.Compare) -> None:
        left: ast.expr = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            self.sign(left, right, operator)
            left = right
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.sign(left, right, node.op)
        for value in node.values:
            self.replace(value, str(isinstance(node.op, ast.And)))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.sign(node.left, node.right, node.op)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.replace(node, f"({self.text(node.operand)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self.replace(node, str(node.value + 1))
        # Sentences are judged by whoever reads them; words are what programs go by.
        elif isinstance(node.value, str) and re.fullmatch(r"[\w.:/*-]+", node.value):
            self.replace(node, repr(f"{node.value}XX"))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Before Python 3.12 what is inside has no place of its own."""

    def visit_Return(self, node: ast.Return) -> None:
        # Whoever gets False asks for no more than that it is not true.
        if node.value is not None and self.text(node.value) not in ("None", "False"):
            self.replace(node.value, "None")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        if not isinstance(node.value, ast.Yield | ast.YieldFrom):
            self.replace(node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.replace(node, "pass")
        self.generic_visit(node)

    visit_Continue = visit_Break = visit_AugAssign = visit_Raise  # type: ignore[assignment]

    def visit_Assign(self, node: ast.Assign) -> None:
        if not {self.text(target) for target in node.targets} & DOCUMENTATION:
            self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                self.visit(key)
            self.visit(value)

    def visit_Call(self, node: ast.Call) -> None:
        # The names of types do nothing, nor does it that nobody writes to what is frozen.
        if self.text(node.func) in ("cast", "TypeVar", "NewType", "dataclass"):
            return
        for keyword in node.keywords:
            if keyword.arg:
                start, end = self.of(keyword)
                comma = re.compile(rb"\s*,").match(self.source, end)
                self.put(start, comma.end() if comma else end, "", keyword.lineno)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        # Of `list[int]()` and `tuple[str, ...]` nothing runs.
        self.visit(node.value)
        self.visit(node.slice)


class Tests:
    """Which tests run a line, and how long each takes."""

    def __init__(self, suite: Sequence[str], reuse: bool) -> None:
        self.suite = suite
        CACHE.mkdir(parents=True, exist_ok=True)
        self.file = CACHE / "lines"
        files = sorted(path for part in ("plugins", "tests") for path in (ROOT / part).rglob("*.py"))
        state = hashlib.sha256(b"".join([*map(str.encode, suite), *map(Path.read_bytes, files)])).hexdigest()
        seconds = CACHE / "seconds.json"
        if not seconds.exists() or not (reuse or json.loads(seconds.read_text())["of"] == state):
            print("Measuring which tests run which line. This takes some minutes.", flush=True)
            self.file.unlink(missing_ok=True)
            with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
                code, told = in_fork(lambda tell: self._measure(tell, folder), 7200, quiet=False)
            # Some tests may fail; none at all is no measurement.
            if code not in (0, 1):
                sys.exit(f"pytest ended with {code}")
            tests = dict(json.loads(line) for line in told.splitlines())
            seconds.write_text(json.dumps({"of": state, "tests": tests}))
        self.seconds: dict[str, float] = json.loads(seconds.read_text())["tests"]
        self.data = coverage.CoverageData(str(self.file))
        self.data.read()
        self.measured = {str(Path(path).resolve().relative_to(ROOT)): path for path in self.data.measured_files()}
        self.importing: dict[str, set[str]] = {}

    def _measure(self, tell: io.TextIOBase, folder: str) -> int:
        measuring = coverage.Coverage(data_file=str(self.file), include=[str(ROOT / "plugins/*")], config_file=False)

        class Measure:
            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
                measuring.switch_context(item.nodeid)
                result = yield
                measuring.switch_context("")
                return result

            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                # One that fails or is left out here can tell nothing of a change.
                if report.when == "call" and report.passed:
                    tell.write(json.dumps([report.nodeid, report.duration]) + "\n")

        measuring.start()
        code = run_pytest([*self.suite, "--maxfail=0"], Measure(), folder)
        measuring.stop()
        measuring.save()
        return code

    def of(self, change: Change, budget: float) -> list[str]:
        """Those that run the line, first those that import the file itself, then the fastest, for so long at most."""
        if change.file not in self.measured:
            return []
        by_line = self.data.contexts_by_lineno(self.measured[change.file])
        if change.inside:
            found = set(by_line.get(change.line, ()))
            # Some lines of a statement have no number of their own.
            near = [line for line in change.inside if line <= change.line and line in by_line]
            found |= set(by_line[near[-1]]) if near and not found - {""} else set()
        # What only the import runs can matter to each test of the file.
        if not change.inside or found == {""}:
            found = {test for tests in by_line.values() for test in tests} | self._importing(change.file)
        direct = self._importing(change.file)
        spent, taken = 0.0, []
        for test in sorted(found & self.seconds.keys(), key=lambda test: (test not in direct, self.seconds[test])):
            spent += self.seconds[test]
            if taken and spent > budget:
                break
            taken.append(test)
        return taken

    def _importing(self, file: str) -> set[str]:
        """The tests in files that import this one."""
        if file not in self.importing:
            dotted = Path(file).with_suffix("").as_posix().replace("/", ".")
            parts = {path: (ROOT / path).read_text() for path in {test.partition("::")[0] for test in self.seconds}}
            naming = {path for path, text in parts.items() if f"{dotted} import" in text}
            self.importing[file] = {test for test in self.seconds if test.partition("::")[0] in naming}
        return self.importing[file]


def run_pytest(arguments: Sequence[str], plugin: object, folder: str) -> int:
    fixed = ["-q", "-x", "--tb=no", "--no-summary", "-p", "no:xdist"]
    places = ["-o", f"cache_dir={folder}/cache", f"--basetemp={folder}/tests"]
    return int(pytest.main([*fixed, *places, *arguments], [plugin]))


class Chosen:
    """Runs these tests of all that their files have, in this order, and tells the first that fails."""

    def __init__(self, tests: Sequence[str], tell: io.TextIOBase) -> None:
        self.place, self.tell = {test: number for number, test in enumerate(tests)}, tell

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.place), key=lambda item: self.place[item.nodeid]
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.tell.write(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Leave: the search for secrets in files, which comes now, takes longer than most tests."""
        self.tell.flush()
        os._exit(exitstatus)


def tried(file: str, source: bytes, tests: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """How pytest ends over another text of a file, or None if it does not, and which test failed."""
    path = ROOT / file
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))

    def run(tell: io.TextIOBase) -> int:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        honest = SourceFileLoader.get_code

        def get_code(self: SourceFileLoader, fullname: str) -> Any:
            if Path(self.path).resolve() == path:
                return compile(source, self.path, "exec", dont_inherit=True)
            return honest(self, fullname)

        SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
        return run_pytest(files, Chosen(tests, tell), folder)

    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        return in_fork(run, seconds)


def in_fork(run: Any, seconds: float, *, quiet: bool = True) -> tuple[int | None, str]:
    """What a function returns in a process of its own, and what it tells."""
    with tempfile.TemporaryFile("w+") as told:
        child = os.fork()
        if not child:
            code = 99
            try:
                os.setsid()
                if quiet:
                    nowhere = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(nowhere, 1)
                    os.dup2(nowhere, 2)
                code = run(told)
                told.flush()
            finally:
                os._exit(code)
        handle = os.pidfd_open(child)
        ended, _, _ = select.select([handle], [], [], seconds)
        os.close(handle)
        # What it has started goes with it.
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        told.seek(0)
        return (os.waitstatus_to_exitcode(status) if ended else None), told.read()


def changes_of(file: str, sample: int | None, seed: int) -> list[Change]:
    """All of them, or one each of so many lines."""
    found = Changes(file, (ROOT / file).read_bytes()).found
    if sample is None:
        return found
    chance = random.Random(f"{seed} {file}")  # noqa: S311
    lines = sorted({change.line for change in found})
    chosen = sorted(chance.sample(lines, min(sample, len(lines))))
    return [chance.choice([change for change in found if change.line == line]) for line in chosen]


def files_of(arguments: argparse.Namespace) -> list[str]:
    if arguments.files:
        named = [Path(name) for name in arguments.files]
        paths = [one for path in named for one in (sorted((ROOT / path).rglob("*.py")) if path.is_dir() else [path])]
        return [path.resolve().relative_to(ROOT).as_posix() for path in paths]
    command = ["git", "diff", "--name-only", "--diff-filter=d", arguments.since, "--", "plugins/*.py"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    return [file for file in listed if not file.startswith("plugins/doc_fragments/")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="files or folders of plugins; else what has changed")
    parser.add_argument("--since", default="HEAD~1", help="the revision since which files have changed")
    parser.add_argument("--sample", type=int, help="so many lines of each file, one change each; else every change")
    parser.add_argument("--seed", type=int, default=0, help="another one makes another sample")
    parser.add_argument("--budget", type=float, default=40, help="seconds of tests for one change")
    parser.add_argument("--tests", nargs="+", default=SUITE, help="what to try a change on; else %(default)s")
    parser.add_argument("--reuse", action="store_true", help="take the last measurement although files have changed")
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT / path) for path in PATHS]
    os.chdir(ROOT)
    files = files_of(arguments)
    # Loaded once for all forks; nothing of this is what is changed.
    for name in ("hypothesis", "ansible.module_utils.basic", "cryptography.x509", "pypsrp", "psrpcore", "requests"):
        __import__(name)
    __import__("exchange_simulator.organisation")
    tests = Tests(arguments.tests, arguments.reuse)
    judged: dict[str, dict[str, str]] = yaml.safe_load(JUDGED.read_text()) or {} if JUDGED.exists() else {}
    table = []
    for file in files:
        source = (ROOT / file).read_bytes()
        killed = run = left = 0
        controlled = False
        for change in changes_of(file, arguments.sample, arguments.seed):
            shown = change.shown(source)
            if shown in judged.get(file, {}):
                left += 1
                continue
            chosen = tests.of(change, arguments.budget)
            seconds = 60 + 4 * sum(tests.seconds[test] for test in chosen)
            if chosen and not controlled:
                controlled = True
                code, failing = tried(file, source, chosen, seconds)
                if code:
                    sys.exit(f"{file}: without any change pytest ends with {code}: {failing}")
            begun = time.monotonic()
            code, failing = tried(file, change.applied(source), chosen, seconds) if chosen else (0, "")
            run += 1
            killed += code != 0
            by = failing or (f"pytest ended with {code}" if code is not None else "no end")
            outcome = f"killed by {by}" if code else f"SURVIVED {len(chosen)} tests"
            print(f"{file}:{change.line}: {outcome} ({time.monotonic() - begun:.0f} s)\n  {shown}", flush=True)
        table.append((file, killed, run, left))
    print("\n| File | killed/run | rate | judged |\n| --- | --- | --- | --- |")
    total = tuple(sum(row[place] for row in table) for place in (1, 2, 3))
    for file, killed, run, left in [*table, ("all", *total)]:
        print(f"| {file} | {killed}/{run} | {f'{100 * killed / run:.0f} %' if run else '-'} | {left or ''} |")


if __name__ == "__main__":
    main()
