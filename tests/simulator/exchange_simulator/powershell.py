"""The PowerShell of a process whose standard input feeds it: just the language that such clients send, parsed.

What the grammar calls an error is a parser error as PowerShell reports it. What is right, but not among the few
constructs known here, is refused and ends the process: a guess could make a client look right that is not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import tree_sitter_powershell
from psrpcore.types import (
    ErrorCategory,
    ErrorCategoryInfo,
    ErrorRecord,
    NETException,
    PSCustomObject,
    PSNoteProperty,
    PSObject,
    WarningRecord,
    serialize,
)
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from . import errors
from .engine import Command, Runspace
from .errors import Failure
from .prepared import Prepared, built
from .psrp import Perform

_LANGUAGE = Language(tree_sitter_powershell.language())
_LITERALS = Query(_LANGUAGE, "(string_literal (verbatim_string_characters) @literal)")
_COMMENTS = Query(_LANGUAGE, "(comment) @comment")
_COMMANDS = Query(_LANGUAGE, "(command_name) @command")
_QUOTES = "'\u2018\u2019\u201a\u201b"
# PowerShell takes any two of its single quotes in a row for the second of them.
_LITERAL = re.compile(f"[{_QUOTES}](?:[^{_QUOTES}]+|[{_QUOTES}]{{2}})*[{_QUOTES}]")
_DOUBLED = re.compile(f"[{_QUOTES}]([{_QUOTES}])")
# Each operator of PowerShell wraps what it could apply to; without that operator the node has one child only.
_PRECEDENCE = ("logical", "bitwise", "comparison", "additive", "multiplicative", "format", "range")
_WRAPPERS = {f"{name}{kind}_expression" for name in _PRECEDENCE for kind in ("", "_argument")}
_WRAPPERS |= {"argument_expression", "array_literal_expression", "unary_expression"}
_RUNTIME = ("System.Management.Automation.RuntimeException", "System.SystemException")
_INVOCATION = ("System.Management.Automation.MethodInvocationException", *_RUNTIME)
_CONSTANTS = {"true": True, "false": False, "null": None}
_SERIALIZER = "management.automation.psserializer"
# The types that a value can be asked for.
_TYPES: dict[str, Callable[[Any], bool]] = {
    "management.automation.errorrecord": lambda value: isinstance(value, ErrorRecord),
    "management.automation.warningrecord": lambda value: isinstance(value, WarningRecord),
    "collections.ienumerable": lambda value: isinstance(value, (str, list, dict)),
    "string": lambda value: isinstance(value, str),
}
_HOST_EXCEPTION = "System.Management.Automation.Host.HostException"
_NO_CHARACTER = re.compile("[\ufffe\uffff]")
CLIXML = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'

Write = Callable[[str], None]


class NotSimulated(Exception):
    """Right or not, this is nothing that the simulated PowerShell knows."""


class Terminating(Exception):
    """A terminating error on its way to a catch block."""

    def __init__(self, record: ErrorRecord, before: Sequence[Any] = ()) -> None:
        super().__init__(str(record))
        self.record = record
        self.before = [*before]
        """What was put out before it."""


@dataclass(frozen=True)
class Type:
    """A type of .NET, by its name in lower case and without System."""

    name: str


@dataclass(frozen=True)
class ScriptBlock:
    """Parsed text: positions in the tree are those of the text's bytes."""

    source: bytes
    root: Node
    tree: Tree

    @classmethod
    def parse(cls, text: str) -> ScriptBlock:
        """Failure if the text is no PowerShell. Comments would be found wherever the grammar has room for them."""
        source = text.encode()
        # PowerShell takes NUL in a literal for a character as any other, the parser takes it for the end.
        tree = Parser(_LANGUAGE).parse(source.replace(b"\0", b"\1"))
        block = cls(source, tree.root_node, tree)
        # The parser knows fewer quotes than PowerShell, for which a literal may end earlier.
        if block.root.has_error or not all(_LITERAL.fullmatch(block.text(one)) for one in block.found(_LITERALS)):
            raise Failure("ParseException", "The text has a syntax error.", ErrorCategory.ParserError, errors.PARSE)
        if any(block.found(_COMMENTS)):
            raise NotSimulated("comment")
        return block

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    def found(self, query: Query) -> Iterable[Node]:
        return (node for nodes in QueryCursor(query).captures(self.root).values() for node in nodes)

    def command_names(self) -> Iterator[str]:
        """The names of all commands in it, in lower case."""
        return (self.text(node).casefold() for node in self.found(_COMMANDS))


@dataclass(frozen=True)
class Function:
    """A function of a script, or a filter, which runs for each object that is piped into it."""

    block: ScriptBlock
    parameters: list[str]
    body: Node
    filters: bool


class Process:
    """One powershell.exe that runs the script of its command line for each line of standard input."""

    def __init__(
        self, script: str, perform: Perform, runspace: Runspace, release: int, *, out: Write, err: Write
    ) -> None:
        """Failure or NotSimulated if the script is nothing to be run; `release` is the PowerShell's."""
        self._perform = perform
        self._variables = runspace.variables
        self._release = release
        self._out = out
        self._err = err
        self._in_try = False
        self.functions: dict[str, Function] = {}
        self._block, begin, self._body = _blocks(ScriptBlock.parse(script))
        for body in begin:
            _Evaluation(self, self._block).statements(body)

    def take(self, line: str) -> None:
        """Run the script's process block with this line as its only input."""
        self._variables["input"] = [line]
        try:
            output = _Evaluation(self, self._block).statements(self._body)
        except RecursionError:
            raise NotSimulated("expressions within so many others") from None
        if output:
            raise NotSimulated("output that nothing takes, which PowerShell would format")

    def run(self, block: ScriptBlock) -> list[Any]:
        """Run a script block in the current scope."""
        statements = [node for node in block.root.named_children if node.type == "statement_list"]
        if len(statements) != block.root.named_child_count:
            raise NotSimulated(block.root.named_children[0].type)
        evaluation = _Evaluation(self, block)
        return [value for node in statements for value in evaluation.statements(node)]

    @property
    def variables(self) -> dict[str, Any]:
        return self._variables

    def attempt(self, run: Callable[[Node], list[Any]], statement: Node) -> list[Any]:
        """Run one statement. Without a try block around it PowerShell shows its error and goes on with the next."""
        try:
            return run(statement)
        except Terminating as error:
            if self._in_try:
                raise
            self._err(_shown(error.record))
            return []

    def guarded(self, run: Callable[[Node], list[Any]], body: Node) -> list[Any]:
        """Run the body of a try block."""
        outer, self._in_try = self._in_try, True
        try:
            return run(body)
        finally:
            self._in_try = outer

    def invoke(self, commands: Sequence[Command], piped: Sequence[Any], merged: Collection[str] = ()) -> list[Any]:
        """Run cmdlets one after the other in one pipeline; streams that are `merged` come among its output.

        The engine does not tell what came first: the output does, here.
        """
        result = self._perform([commands], piped)
        output = [*result.output]
        records = [_of_console(record) for record in result.errors]
        warnings = [WarningRecord(Message=warning) for warning in result.warnings]
        for warning in warnings if "3>&1" not in merged else ():
            self._err(f"WARNING: {warning.Message}")
        for record in records if "2>&1" not in merged else ():
            self._err(_shown(record))
        output += [*records] * ("2>&1" in merged) + [*warnings] * ("3>&1" in merged)
        if result.terminating is not None:
            end = _of_console(result.terminating)
            # In a catch block it is an object like any other, to which type data adds a member.
            if isinstance(end, errors.WireRecord):
                end.has_type_data = True
            raise Terminating(end, output)
        return output

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What is assigned inside is gone afterwards."""
        outer = {**self._variables}
        try:
            yield
        finally:
            self._variables.clear()
            self._variables.update(outer)

    def type_of(self, name: str) -> Type:
        """A type by its name."""
        found = Type(name.casefold().removeprefix("system."))
        if found.name == _SERIALIZER and self._release < 3:
            raise _unknown_type(f"[{name}]")
        if found.name not in (_SERIALIZER, *_TYPES):
            raise NotSimulated(name)
        return found

    def call(self, method: str, arguments: list[Any]) -> list[Any]:
        """Call a static method, or one of a static property; what it returns is a list, empty for void."""
        match (method.casefold().replace("[system.", "["), arguments):
            case "[scriptblock]::create", [str() as text]:
                try:
                    return [ScriptBlock.parse(text)]
                except Failure as failure:
                    raise _exception("Create", "ParseException", failure.message) from None
            case "[convert]::frombase64string", [str() as text]:
                try:
                    return [base64.b64decode("".join(text.split()), validate=True)]
                except (binascii.Error, ValueError):
                    message = "The input is not a valid Base-64 string."
                    raise _exception("FromBase64String", "FormatException", message) from None
            case "[convert]::tobase64string", [bytes() as data]:
                return [base64.b64encode(data).decode()]
            case "[text.encoding]::utf8.getstring", [bytes() as data]:
                return [data.decode(errors="replace")]
            case "[text.encoding]::utf8.getbytes", [str() as text]:
                return [text.encode()]
            case "[console]::out.writeline", [str() as text]:
                self._out(text)
                return []
            case "[regex]::unescape", [str() as text] if re.fullmatch(r"\\u[0-9A-Fa-f]{4}", text):
                return [chr(int(text[2:], 16))]
            case "[management.automation.psserializer]::serialize", [value]:
                if self._release < 3:
                    raise _unknown_type(method)
                return [serialized(value)]
        raise NotSimulated(method)


class _Evaluation:
    """The walk over one script block's tree."""

    def __init__(self, process: Process, block: ScriptBlock) -> None:
        self._process = process
        self._block = block

    def statements(self, body: Node) -> list[Any]:
        output: list[Any] = []
        for node in body.named_children:
            try:
                output += self._process.attempt(self._statement, node)
            except Terminating as error:
                error.before[:0] = output
                raise
        return output

    def _statement(self, node: Node) -> list[Any]:
        match node.type, [child.type for child in node.named_children]:
            case "empty_statement", []:
                return []
            case "pipeline", ["pipeline_chain"]:
                return self._chain(node.named_children[0])
            case "pipeline", ["assignment_expression"]:
                self._assign(node.named_children[0])
                return []
            case "foreach_statement", ["variable", "pipeline", "statement_block"]:
                variable, items, block = node.named_children
                name = self._variable_name(variable)
                output = []
                for item in self._items(items):
                    self._process.variables[name] = item
                    output += self._block_of(block)
                return output
            case "try_statement", ["statement_block", "catch_clauses"]:
                return self._try(*node.named_children)
            case "try_statement", ["statement_block", "catch_clauses", "finally_clause"]:
                body, clauses, last = node.named_children
                try:
                    output = self._try(body, clauses)
                except Terminating as error:
                    error.before += self._block_of(last.named_children[0])
                    raise
                return output + self._block_of(last.named_children[0])
            case "if_statement", ["pipeline", "statement_block", *others] if others in ([], ["else_clause"]):
                condition, then, *otherwise = node.named_children
                met = self._value(_only_expression(condition))
                if not isinstance(met, bool):
                    raise NotSimulated(condition.type)
                if met:
                    return self._block_of(then)
                return [value for one in otherwise for value in self._block_of(one.named_children[0])]
            case "function_statement", [*_]:
                self._define(node)
                return []
        raise NotSimulated(node.type)

    def _define(self, node: Node) -> None:
        name, *others = node.named_children
        *declared, block = others
        parameters = [self._variable_name(one) for part in declared for one in _declared(part)]
        if [child.type for child in block.named_children] != ["script_block_body"]:
            raise NotSimulated(node.type)
        kind = self._block.text(node.children[0]).casefold()
        if kind not in ("function", "filter") or (kind == "filter" and parameters):
            raise NotSimulated(kind)
        function = Function(self._block, parameters, block.named_children[0], kind == "filter")
        self._process.functions[self._block.text(name).casefold()] = function

    def _try(self, body: Node, clauses: Node) -> list[Any]:
        if [child.type for clause in clauses.named_children for child in clause.named_children] != ["statement_block"]:
            raise NotSimulated(clauses.type)
        try:
            return self._process.guarded(self._block_of, body)
        except Terminating as error:
            return error.before + self._with_item(error.record, clauses.named_children[0].named_children[0])

    def _block_of(self, block: Node) -> list[Any]:
        return [value for node in block.named_children for value in self.statements(node)]

    def _with_item(self, item: Any, block: Node) -> list[Any]:
        """Run a block with $_ set."""
        outer = self._process.variables.get("_")
        self._process.variables["_"] = item
        try:
            return self._block_of(block)
        finally:
            self._process.variables["_"] = outer

    def _assign(self, node: Node) -> None:
        target, operator, value = node.named_children
        if self._block.text(operator) != "=" or target.type != "left_assignment_expression":
            raise NotSimulated(node.type)
        inside = _inside(target.named_children[0])
        if inside.type == "member_access":
            owner, member = self._value(inside.named_children[0]), self._block.text(inside.named_children[1])
            if not isinstance(owner, PSNoteProperty) or member.casefold() != "value":
                raise NotSimulated(node.type)
            owner.set_value(self._value(_only_expression(value)), owner)  # type: ignore[arg-type]
            return
        several = inside.named_children if inside.type == "array_literal_expression" else [inside]
        names = [self._variable_name(_inside(one)) for one in several]
        (chain,) = value.named_children
        if chain.type == "pipeline_chain" and chain.child_count == 1 and chain.children[0].type != "command":
            values = self._value(chain.children[0])
        else:
            values = self._statement(value)
            # No object is null, a single one is itself, several are an array.
            values = values[0] if len(values) == 1 else values or None
        *firsts, last = names
        if firsts:
            # The last one takes all that is left.
            parts = _enumerated(values)
            self._process.variables.update(zip(firsts, [*parts, *[None] * len(firsts)], strict=False))
            rest = parts[len(firsts) :]
            values = rest[0] if len(rest) == 1 else rest or None
        self._process.variables[last] = values

    def _items(self, pipeline: Node) -> list[Any]:
        """What a foreach statement goes through."""
        (chain,) = pipeline.named_children
        if chain.type != "pipeline_chain" or chain.child_count != 1 or chain.children[0].type == "command":
            raise NotSimulated(pipeline.type)
        return _enumerated(self._value(chain.children[0]))

    def _chain(self, node: Node, around: Collection[str] = ()) -> list[Any]:
        """A pipeline; commands that follow each other go to the engine together.

        The streams that are merged into the output ``around`` it are those of all its cmdlets.
        """
        first, *others = node.children
        if first.type == "command" and self._block.text(first.children[0]) == "&" and not others:
            return self._called(first)
        stages = [one for one in others if one.type != "|"]
        ended: Terminating | None = None
        piped: list[Any] | None = None
        if first.type != "command":
            piped = _enumerated(self._value(first))
        elif first.children[0].type == "command_invokation_operator":
            piped, ended = _until_error(self._dot, first)
        else:
            stages.insert(0, first)
        commands: list[Command] = []
        merged: list[str] = []
        for stage in stages:
            if stage.type != "command":
                raise NotSimulated(stage.type)
            name = self._block.text(stage.children[0]).casefold()
            run = self._stage(name, stage)
            if run is None:
                if merged:
                    raise NotSimulated("records of errors and warnings in the input of a cmdlet")
                command, merged = self._command(stage)
                commands.append(command)
                continue
            if commands:
                piped, ended = _until_error(self._invoke, commands, piped, merged)
                commands, merged = [], []
            piped = run(piped)
        output = self._invoke(commands, piped, [*merged, *around])
        if ended is not None:
            ended.before = output
            raise ended
        return output

    def _stage(self, name: str, command: Node) -> Callable[[list[Any] | None], list[Any]] | None:
        """What a stage of a pipeline does that is no cmdlet of the engine's."""
        if function := self._process.functions.get(name):
            return lambda piped: self._call_function(function, command, piped)
        if name == "foreach-object":
            block = self._script_argument(command)
            return lambda piped: [value for item in piped or [] for value in self._with_item(item, block)]
        if name == "select-object":
            if self._block.text(command.children[1]).strip() != "*":
                raise NotSimulated(name)
            return lambda piped: [_copied(built(item)) for item in piped or []]
        return None

    def _call_function(self, function: Function, command: Node, piped: list[Any] | None) -> list[Any]:
        parts = command.children[1].children if command.child_count > 1 else []
        given = [self._value(part) for part in parts if part.type != "command_argument_sep"]
        if len(given) != len(function.parameters) or function.filters != (piped is not None):
            raise NotSimulated(command.type)
        evaluation = _Evaluation(self._process, function.block)
        output: list[Any] = []
        with self._process.scope():
            self._process.variables.update(zip(function.parameters, given, strict=True))
            for item in piped if piped is not None else [None]:
                if function.filters:
                    self._process.variables["_"] = item
                output += evaluation._block_of(function.body)
        return output

    def _invoke(self, commands: list[Command], piped: list[Any] | None, merged: Collection[str] = ()) -> list[Any]:
        # A pipeline that nothing is fed into calls its cmdlets for no object.
        if not commands or piped == []:
            return piped or []
        return self._process.invoke(commands, piped or (), merged)

    def _dot(self, command: Node) -> list[Any]:
        operator, name, *others = command.children
        if self._block.text(operator) != "." or any(self._block.text(one).strip() for one in others):
            raise NotSimulated(command.type)
        (expression,) = name.named_children
        while expression.type == "path_command_name" and expression.child_count == 1:
            expression = expression.children[0]
        block = self._value(expression)
        if not isinstance(block, ScriptBlock):
            raise NotSimulated(name.type)
        return self._process.run(block)

    def _called(self, command: Node) -> list[Any]:
        """`& { … } 2>&1 3>&1`: a script block of one pipeline, with its records among its output."""
        _operator, name, *others = command.children
        (expression,) = name.named_children
        statements = [one for body in _script_body(expression).named_children for one in body.named_children]
        around = []
        for part in (one for other in others for one in other.children):
            if part.type == "redirection" and self._block.text(part) in ("2>&1", "3>&1"):
                around.append(self._block.text(part))
            elif part.type != "command_argument_sep":
                raise NotSimulated(part.type)
        if not around or [one.type for one in statements] != ["pipeline"] or len(statements[0].children) != 1:
            raise NotSimulated(command.type)
        return self._chain(statements[0].children[0], around)

    def _script_argument(self, command: Node) -> Node:
        """The body of the only argument, a script block."""
        found = [node for node in command.named_children[1].children if node.type != "command_argument_sep"]
        if command.named_child_count != 2 or len(found) != 1:
            raise NotSimulated(command.type)
        return _script_body(_inside(found[0]))

    def _command(self, node: Node) -> tuple[Command, list[str]]:
        """A cmdlet and its parameters, each of them `-Name:literal`, or all in a hashtable: `@variable`.

        And the streams that are merged into its output.
        """
        if node.children[0].type != "command_name" or node.child_count > 2:
            raise NotSimulated(node.type)
        parts = node.children[1].children if node.child_count == 2 else []
        parameters: list[tuple[str | None, Any]] = []
        merged: list[str] = []
        waiting: str | None = None
        for part in parts:
            text = self._block.text(part) if part.type != "array_literal_expression" else ""
            if part.type == "command_argument_sep" and (text == ":") == (waiting is not None):
                if text.strip(" :"):
                    raise NotSimulated(part.type)
            elif part.type == "command_parameter" and waiting is None:
                waiting = text.removeprefix("-")
            elif part.type == "array_literal_expression" and waiting is None:
                parameters.extend(self._splatted(_inside(part)).items())
            elif part.type == "array_literal_expression":
                parameters.append((waiting, self._literal(part)))
                waiting = None
            elif part.type == "redirection" and text in ("2>&1", "3>&1"):
                merged.append(text)
            else:
                raise NotSimulated(part.type)
        if waiting is not None:
            raise NotSimulated("a parameter without a value")
        return Command(self._block.text(node.children[0]), tuple(parameters)), merged

    def _splatted(self, node: Node) -> dict[str, Any]:
        name = self._block.text(node).casefold()
        value = self._process.variables.get(name.removeprefix("@"))
        if node.type != "variable" or not re.fullmatch(r"@[a-z_][a-z0-9_]*", name) or not isinstance(value, dict):
            raise NotSimulated(node.type)
        return value

    def _value(self, node: Node) -> Any:
        """An expression."""
        node = _inside(node)
        match node.type, [child.type for child in node.named_children]:
            case "variable", _:
                return self._variable(node)
            case "parenthesized_expression", ["pipeline"]:
                values = self._statement(node.named_children[0])
                return values[0] if len(values) == 1 else values or None
            case "additive_expression" | "additive_argument_expression", [_, _]:
                left, operator, right = node.children
                parts = self._value(left), self._value(right)
                if self._block.text(operator) == "+" and all(isinstance(part, str) for part in parts):
                    return "".join(parts)
            case "comparison_expression", [_, "comparison_operator", _]:
                return self._compared(*node.named_children)
            case "array_literal_expression", [_, _, *_]:
                return [self._value(child) for child in node.named_children]
            case "type_literal", ["type_spec"]:
                return self._process.type_of(self._block.text(node.named_children[0]))
            case "member_access", [_, "member_name"]:
                return self._member(node)
            case "invokation_expression", [_, "member_name", "argument_list"]:
                returned = self._call(*node.named_children)
                # The value of a call to a void method is what an empty pipeline leaves: nothing to enumerate.
                return returned[0] if returned else []
            case _:
                return self._literal(node)
        raise NotSimulated(node.type)

    def _compared(self, left: Node, operator: Node, right: Node) -> Any:
        value, other = self._value(left), self._value(right)
        match self._block.text(operator).casefold(), other:
            case "-is", Type(name) if name in _TYPES:
                return _TYPES[name](value)
            case "-isnot", Type(name) if name in _TYPES:
                return not _TYPES[name](value)
            case "-replace", [str() as pattern, str() as sign] if pattern == r"[\uFFFE\uFFFF]":
                texts = [_NO_CHARACTER.sub(sign, _as_text(one)) for one in _enumerated(value)]
                return texts if isinstance(value, list) else "".join(texts)
        raise NotSimulated(operator.type)

    def _call(self, owner: Node, member: Node, arguments: Node) -> list[Any]:
        given = [self._value(node) for part in arguments.named_children for node in part.named_children]
        if owner.type in ("variable", "member_access", "invokation_expression") and (
            owner.type == "variable" or "[" not in self._block.text(owner)
        ):
            value = self._value(owner)
            if isinstance(value, Type):
                return self._process.call(f"[{value.name}]::{self._block.text(member)}", given)
            return _call_of(value, self._block.text(member), given)
        if owner.type not in ("type_literal", "member_access"):
            raise NotSimulated(owner.type)
        method = self._block.source[owner.start_byte : member.end_byte].decode()
        return self._process.call(method, given)

    def _member(self, node: Node) -> Any:
        value, name = self._value(node.named_children[0]), self._block.text(node.named_children[1]).casefold()
        for kind, members in _MEMBERS.items():
            if isinstance(value, kind) and name in members:
                return members[name](value)
        raise NotSimulated(node.type)

    def _variable(self, node: Node) -> Any:
        name = self._variable_name(node)
        return _CONSTANTS[name] if name in _CONSTANTS else self._process.variables.get(name)

    def _variable_name(self, node: Node) -> str:
        name = self._block.text(node).removeprefix("$").casefold()
        if node.type != "variable" or not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
            raise NotSimulated(node.type)
        return name

    def _literal(self, node: Node) -> Any:
        """A value that is written out."""
        node = _inside(node)
        match node.type, [child.type for child in node.named_children]:
            case "string_literal", ["verbatim_string_characters"]:
                return self._text(node)
            case "integer_literal", ["decimal_integer_literal"] if (digits := self._block.text(node)).isdecimal():
                return int(digits)
            case "expression_with_unary_operator", ["unary_expression"] if node.children[0].type == "-":
                number = self._literal(node.named_children[0])
                if type(number) is int:
                    return -number
            case "variable", _ if self._variable_name(node) in _CONSTANTS:
                return self._variable(node)
            case "array_literal_expression", [*kinds] if len(kinds) > 1:
                return [self._literal(child) for child in node.named_children]
            case "array_expression", []:
                return []
            case "array_expression", ["statement_list"]:
                return _enumerated(self._only_literal(node.named_children[0]))
            case "hash_literal_expression", []:
                return {}
            case "hash_literal_expression", ["hash_literal_body"]:
                return dict(map(self._entry, node.named_children[0].named_children))
        raise NotSimulated(node.type)

    def _entry(self, node: Node) -> tuple[str, Any]:
        if node.type != "hash_entry":
            raise NotSimulated(node.type)
        key, value = node.named_children
        name = self._literal(key.named_children[0])
        if not isinstance(name, str):
            raise NotSimulated(key.type)
        return name, self._only_literal(value)

    def _only_literal(self, node: Node) -> Any:
        """The literal that a list of statements or a pipeline consists of."""
        while node.type in ("statement_list", "pipeline", "pipeline_chain"):
            if node.child_count != 1:
                raise NotSimulated(node.type)
            node = node.children[0]
        return self._literal(node)

    def _text(self, node: Node) -> str:
        return _DOUBLED.sub(r"\1", self._block.text(node)[1:-1])


def serialized(value: Any) -> str:
    """CLIXML as PSSerializer writes it, apart from the indentation inside the object.

    Of two characters it throws, as a real one was seen to.
    """
    if isinstance(value, Prepared):
        element = value.clixml().decode()
    else:
        # No secret is ever among them, hence no cipher.
        element = ElementTree.tostring(serialize(value, None), encoding="unicode")  # type: ignore[arg-type]
    if found := _NO_CHARACTER.search(element):
        message = f"'', hexadecimal value 0x{ord(found[0]):04X}, is an invalid character."
        raise _exception("Serialize", "System.ArgumentException", message)
    return f"{CLIXML}\r\n  {element}\r\n</Objs>"


def _blocks(script: ScriptBlock) -> tuple[ScriptBlock, list[Node], Node]:
    """The bodies of `begin { … }`, which may be left out, and of `process { … }`: to the grammar words of commands."""
    parts: list[Node] = []
    for statement in (one for body in script.root.named_children for one in body.named_children):
        if statement.type == "empty_statement":
            continue
        command = _only_expression(statement)
        if command.type != "command":
            raise NotSimulated("a script that is not one process block")
        parts.append(command.children[0])
        parts += [one for part in command.children[1:] for one in part.children if one.type != "command_argument_sep"]
    named = [script.text(word).casefold() for word in parts[::2]]
    if named not in (["process"], ["begin", "process"]) or len(parts) != 2 * len(named):
        raise NotSimulated("a script that is not one process block")
    *begin, (body,) = (_script_body(_inside(part)).named_children for part in parts[1::2])
    return script, [one for bodies in begin for one in bodies], body


def _script_body(expression: Node) -> Node:
    """The node that has a script block's statements as its children."""
    if expression.type != "script_block_expression" or expression.named_child_count != 1:
        raise NotSimulated(expression.type)
    block = expression.named_children[0]
    if [child.type for child in block.named_children] != ["script_block_body"]:
        raise NotSimulated(block.type)
    return block.named_children[0]


def _inside(node: Node) -> Node:
    while node.type in _WRAPPERS and node.child_count == 1:
        node = node.children[0]
    return node


def _call_of(value: Any, method: str, arguments: list[Any]) -> list[Any]:
    """Call a method of a value; Split with one character is the same in every .NET."""
    match value, method.casefold(), arguments:
        case NETException(), "gettype", []:
            return [value]
        case NETException(), "getbaseexception", []:
            return [value]
        case str(), "split", [str() as separator] if len(separator) == 1:
            return [value.split(separator)]
    raise NotSimulated(method)


def _declared(parameters: Node) -> list[Node]:
    """The variables of a function's parameters, which have neither types nor defaults."""
    found = [one for part in parameters.named_children for one in part.named_children]
    if any([child.type for child in one.children] != ["variable"] for one in found):
        raise NotSimulated(parameters.type)
    return [one.children[0] for one in found]


def _only_expression(pipeline: Node) -> Node:
    """The expression that a pipeline consists of."""
    node = pipeline
    while node.type in ("pipeline", "pipeline_chain"):
        if node.child_count != 1:
            raise NotSimulated(node.type)
        node = node.children[0]
    return node


def _until_error(run: Callable[..., list[Any]], *arguments: Any) -> tuple[list[Any], Terminating | None]:
    """What a part of a pipeline puts out, for the next part to take it, and the error that ends it."""
    try:
        return run(*arguments), None
    except Terminating as error:
        return error.before, error


def _copied(value: Any) -> PSObject:
    """An object with the same members, as Select-Object makes it: the text of what it was is gone."""
    if not isinstance(value, PSObject):
        raise NotSimulated("Select-Object of a value")
    copy = PSCustomObject()
    properties = [*value.PSObject.adapted_properties, *value.PSObject.extended_properties]
    copy.PSObject.extended_properties += [PSNoteProperty(one.name, one.get_value(value)) for one in properties]
    copy.PSObject.type_names = [f"Selected.{value.PSTypeNames[0]}", *copy.PSObject.type_names]
    return copy


def _as_text(value: Any) -> str:
    """A value as PowerShell makes text of it."""
    if value is None:
        return ""
    if isinstance(value, ErrorCategory):
        return value.name
    if isinstance(value, ErrorRecord):
        return str(value.ErrorDetails.Message if value.ErrorDetails else value.Exception.Message)
    if isinstance(value, PSObject) and not isinstance(value, str):
        return str(value.PSObject.to_string or value.PSTypeNames[0])
    return str(value)


def _of_console(record: ErrorRecord) -> ErrorRecord:
    """What a question of a cmdlet comes to that cannot be asked.

    A console says it with another error than remoting, as a process of PowerShell 7.6 was seen to.
    """
    if record.Exception.PSTypeNames[0] != _HOST_EXCEPTION:
        return record
    found = Failure(
        f"InvalidOperation,{record.FullyQualifiedErrorId.partition(',')[2]}",
        "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.",
        ErrorCategory.InvalidOperation,
        ("System.Management.Automation.PSInvalidOperationException", "System.InvalidOperationException"),
    )
    return errors.record(found, record.CategoryInfo.Activity)


def _source(exception: NETException) -> str:
    """The assembly that has thrown it: seen of a real process for what nobody answers, and for binding."""
    if exception.PSTypeNames[0] == "System.Management.Automation.PSInvalidOperationException":
        return "Microsoft.PowerShell.ConsoleHost"
    return "System.Management.Automation"


_MEMBERS: dict[type, dict[str, Callable[[Any], Any]]] = {
    WarningRecord: {"message": lambda one: one.Message},
    ErrorRecord: {
        "fullyqualifiederrorid": lambda one: one.FullyQualifiedErrorId,
        "categoryinfo": lambda one: one.CategoryInfo,
        "exception": lambda one: one.Exception,
    },
    ErrorCategoryInfo: {
        "category": lambda one: one.Category,
        "targetname": lambda one: one.TargetName,
        "activity": lambda one: one.Activity,
    },
    NETException: {
        "message": lambda one: one.Message,
        "parametername": lambda one: getattr(one, "ParameterName", None),
        # Of what GetType returns.
        "fullname": lambda one: one.PSTypeNames[0],
        "source": _source,
    },
    PSCustomObject: {"psobject": lambda one: one.PSObject},
    type(PSObject().PSObject): {"properties": lambda one: one.extended_properties},
    PSNoteProperty: {"name": lambda one: one.name, "value": lambda one: one.get_value(one)},
}


def _enumerated(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _shown(record: ErrorRecord) -> str:
    return f"{record.CategoryInfo.Activity or 'powershell.exe'} : {record}"


def _exception(method: str, kind: str, message: str) -> Terminating:
    text = f'Exception calling "{method}" with "1" argument(s): "{message}"'
    return Terminating(errors.record(Failure(kind, text, ErrorCategory.NotSpecified, _INVOCATION), ""))


def _unknown_type(method: str) -> Terminating:
    name = method.partition("]")[0].removeprefix("[")
    text = f"Unable to find type [{name}]: make sure that the assembly containing this type is loaded."
    failure = Failure("TypeNotFound", text, ErrorCategory.InvalidOperation, _RUNTIME, target=name)
    return Terminating(errors.record(failure, ""))
