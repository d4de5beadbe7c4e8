"""What a rulebook may give, and that the plugin's documentation, its schema and its options say the same."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from application_mailbox import ARGS, PASSWORD, account

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox import options
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.options import Refused

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "extensions" / "eda" / "plugins" / "event_source"
HOME = Path("/home")


@pytest.fixture(scope="module")
def plugin() -> dict[str, Any]:
    """As ansible-rulebook has it."""
    return runpy.run_path(str(SOURCES / "mailbox.py"))


def test_the_document_s_values_are_the_defaults() -> None:
    given = options.read(ARGS, HOME)
    (one,) = given.accounts
    assert (given.interval, one.max_failures, one.max_unrelated, one.unrelated_pause) == (1800, 25, 10, 300)
    assert (one.protocol, one.port, one.encryption, one.plus_addressing, one.after) == (
        "pop3",
        995,
        "implicit_tls",
        False,
        "keep",
    )
    assert (one.address, one.name, given.state_dir) == ("app@contoso.test", "app@contoso.test", HOME)
    assert PASSWORD not in repr(given)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"hots": "x"}, "hots: this option does not exist"),
    "interval": ({"interval": 4}, "interval: 4 is less than the minimum, 5"),
    "not a number": ({"interval": "often"}, "'often' is not a whole number"),
    "not a truth value": ({"test": "maybe"}, "neither true nor false"),
    "jitter": ({"jitter": 51}, "more than 50 percent"),
    "choice": ({"after": "burn"}, "'burn' is not valid; use keep or delete or move"),
    "no host": ({"host": ""}, "host is required"),
    "no password": ({"password": None}, "password is required"),
    "line in a password": ({"password": "a\nb"}, "it contains a line break"),
    "line in a user": ({"user": "a\r\nDELE 1"}, "a control character"),
    "port and encryption": ({"port": 110}, "110 is for pop3 with encryption: starttls"),
    "port of another protocol": ({"port": 993}, "993 is for imap4"),
    "senders": ({"allowed_senders": []}, "allowed_senders is required"),
    "a sender": ({"allowed_senders": ["anna"]}, "'anna' is neither an address nor a domain"),
    "no way to tell": ({"message_ids": []}, "nothing identifies replies"),
    "plus without an address": (
        {"user": "app", "plus_addressing": True},
        "plus_addressing needs an address in the option address",
    ),
    "tag": ({"subject_tag": "[x"}, "subject_tag: use letters"),
    "move by POP3": ({"after": "move", "move_to": "Done"}, "POP3 has only one folder"),
    "move to nowhere": ({"protocol": "imap4", "after": "move"}, "move and move_to can only be used together"),
    "move to itself": ({"protocol": "imap4", "after": "move", "move_to": "INBOX"}, "is the folder that is read"),
    "folder": ({"protocol": "imap4", "folder": "\u00e4"}, "as the server lists them"),
    "no certificates": ({"ca_cert": "/nowhere.pem"}, "/nowhere.pem contains no readable certificate"),
    "state": ({"state_dir": "here"}, "'here' is not absolute"),
    "no accounts": ({"accounts": []}, "at least one account"),
    "in an account": ({"accounts": [{}, {"user": "b", "after": "x"}]}, "accounts[1]: after: 'x' is not valid"),
    "of the source": ({"accounts": [{"interval": 5}]}, "accounts[0]: interval belongs to the whole source"),
    "one mailbox twice": ({"accounts": [{"name": "a"}, {"name": "b"}]}, "the mailbox"),
}


@pytest.mark.parametrize(("changed", "sentence"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_refused(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        options.read({**ARGS, **changed}, HOME)
    assert sentence in str(refused.value)
    assert PASSWORD not in str(refused.value)


def test_what_a_rulebook_s_variables_make_of_values() -> None:
    given = options.read({**ARGS, "interval": "15", "test": "yes", "ca_cert": "", "eda_feedback_queue": object()}, HOME)
    assert (given.interval, given.test) == (900, True)
    assert account(encryption="starttls", port="110").port == 110


def test_documentation_and_schema_say_the_same(plugin: dict[str, Any]) -> None:
    documented = yaml.safe_load(plugin["DOCUMENTATION"])["options"]
    schema = json.loads((SOURCES / "schemas" / "mailbox.json").read_text(encoding="utf-8"))
    of_account = schema["$defs"]["account"]["properties"]
    assert list(documented) == [option.name for option in options.OPTIONS]
    assert set(schema["properties"]) == set(documented)
    assert set(of_account) == {option.name for option in options.OPTIONS if option.of_account}
    kinds = {"str": ("str", "string"), "int": ("int", "integer"), "bool": ("bool", "boolean")}
    for option in options.OPTIONS:
        said = documented[option.name]
        stated = of_account[option.name] if option.of_account else schema["properties"][option.name]
        kind, json_kind = kinds.get(option.kind, ("list", "array"))
        assert (said["type"], stated["type"]) == (kind, json_kind)
        expected = option.default or None if option.kind == "list" else option.default
        assert said.get("default") == stated.get("default") == expected
        assert tuple(said.get("choices", ())) == tuple(stated.get("enum", ())) == option.choices
        assert stated.get("minimum", 0) == option.least


def test_the_guide_names_every_option_with_its_default() -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_event_source.rst").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^   \* - ``(\w+)``\n     -(.*)$", guide, re.MULTILINE))
    shown = {True: "``true``", False: "``false``"}
    for option in options.OPTIONS:
        default = option.default or None if option.kind == "list" else option.default
        assert rows[option.name].strip() == ("" if default is None else shown.get(default, f"``{default}``")), (
            option.name
        )


def test_the_examples_are_taken(plugin: dict[str, Any]) -> None:
    schema = json.loads((SOURCES / "schemas" / "mailbox.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for example in yaml.safe_load(plugin["EXAMPLES"]):
        jsonschema.validate(example["mailops.exchange.mailbox"], schema)
        assert options.read(example["mailops.exchange.mailbox"], HOME).accounts


def test_the_rulebooks_are_taken() -> None:
    rulebooks = sorted((ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml"))
    assert rulebooks
    for rulebook in rulebooks:
        # Each variable stands for a text, or for a list of one.
        text = re.sub(r"\{\{ \w+ \}\}", "@contoso.com", rulebook.read_text(encoding="utf-8"))
        for rules in yaml.safe_load(text):
            (given,) = [source["mailops.exchange.mailbox"] for source in rules["sources"]]
            assert options.read(given, HOME).accounts
