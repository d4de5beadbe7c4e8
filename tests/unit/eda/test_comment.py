"""What a person wrote, out of what mail programs make of it. The reply parsers that there are were judged by these."""

from __future__ import annotations

import time

import pytest

from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.comment import comment
from ansible_collections.mailops.exchange.extensions.eda.plugin_utils.mailbox.markup import as_text

OUTLOOK = (
    "From: App <app@contoso.com>\nSent: Monday, 10:00\nTo: Anna <anna@contoso.com>\nSubject: Task 17\n\nOld text\n"
)
CASES = {
    "quote marks": ("Please approve.\n\nThanks\n\n> old text\n> more\n", "Please approve.\n\nThanks"),
    "Gmail": ("Done.\n\nOn Mon, 3 Nov 2025 at 10:00, App <app@contoso.com> wrote:\n> Task 17\n", "Done."),
    "Gmail, two lines": ("Done.\n\nOn Mon, 3 Nov 2025, App <\napp@contoso.com> wrote:\n\n> Task 17\n", "Done."),
    "Outlook": (f"Go ahead.\n\n{OUTLOOK}", "Go ahead."),
    "Outlook with a rule": (f"Go ahead.\n\n________________________________\n{OUTLOOK}", "Go ahead."),
    "Outlook, original message": (f"Go ahead.\n\n-----Original Message-----\n{OUTLOOK}", "Go ahead."),
    "Outlook in German": (
        "Passt.\n\nVon: App <app@contoso.com>\nGesendet: Montag\nAn: Anna\nBetreff: Aufgabe\n\nAlt\n",
        "Passt.",
    ),
    "Outlook in French": (
        "Oui.\n\nDe : App <app@contoso.com>\nEnvoy\u00e9 : lundi\n\u00c0 : Anna\nObjet : x\n\nA\n",
        "Oui.",
    ),
    "Thunderbird in German": ("Ja.\n\nAm 03.11.25 um 10:00 schrieb App:\n> Alt\n", "Ja."),
    "Apple Mail in French": ("Oui.\n\nLe 3 nov. 2025 \u00e0 10:00, App a \u00e9crit :\n\n> Vieux\n", "Oui."),
    "signature": ("Approved.\n-- \nAnna\nContoso\n", "Approved."),
    "signature and quotation": ("Approved.\n\n-- \nAnna\n\nOn Monday, App wrote:\n> Old\n", "Approved."),
    "signature below the quotation": ("Approved.\n\n> Old\n\n-- \nAnna\n", "Approved."),
    # What the document says of signatures elsewhere: they may show in comments.
    "signature without a delimiter": ("Approved.\n\nBest regards,\nAnna\n", "Approved.\n\nBest regards,\nAnna"),
    "dashes without a blank": ("List:\n--\nnot a signature\n", "List:\n--\nnot a signature"),
    "words that look like a header": (
        "From: the start I said no.\nSubject: fine.\n",
        "From: the start I said no.\nSubject: fine.",
    ),
    "words that look like an attribution": (
        "On Monday I wrote:\nnothing at all.\n",
        "On Monday I wrote:\nnothing at all.",
    ),
    "a comparison": ("if a > b then\n>= is fine\n", "if a > b then\n>= is fine"),
    "nothing but a signature": ("-- \nAnna\n", ""),
    "nothing but a quotation": ("> Old\n> text\n", ""),
    "nothing": ("\n \n", ""),
    "below the quotation": ("On Monday, App wrote:\n> Old text\n\nBelow is my answer.\n", "Below is my answer."),
    "between quotations": ("Hi\n> Question 1?\nAnswer 1\n> Question 2?\nAnswer 2\n", "Hi"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=list(CASES))
def test_the_comment(text: str, expected: str) -> None:
    assert comment(text)[0] == expected


def test_an_answer_below_the_quotation_is_said_to_be_one() -> None:
    assert comment("> Old\n\nNew\n") == (
        "New",
        "There is no text above the quoted text, so this is the text below and inside it.",
    )
    assert comment("-- \nAnna\n") == ("", "It has no text of its own.")
    assert comment("") == ("", None)


MARKUP = {
    "paragraphs": ("<p>Approved &amp; <b>done</b>.</p><p>Second<br>line</p>", "Approved & done.\n\nSecond\nline"),
    "no Markdown": ("<p>1. a_b * c # {{ 7*7 }}</p>", "1. a_b * c # {{ 7*7 }}"),
    "Gmail": (
        '<div dir="ltr">Ok</div><div class="gmail_quote"><div>On Monday wrote:</div><blockquote>old</blockquote></div>',
        "Ok",
    ),
    "Outlook on the web": (
        '<div>Ok</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: x</div>old',
        "Ok",
    ),
    "Outlook": (
        '<p>Ok</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> App &lt;a@b.c&gt;<br>'
        "<b>Sent:</b> Monday<br><b>To:</b> Anna<br><b>Subject:</b> x</p></div><p>old</p>",
        "Ok",
    ),
    "Thunderbird": ('<p>Ok</p><div class="moz-cite-prefix">Am Montag schrieb:</div><blockquote>alt</blockquote>', "Ok"),
    "signature": ("<div>Ok</div><div>-- <br>Anna</div>", "Ok"),
    "what is not shown": (
        "<head><title>T</title></head><style>x{}</style><script>alert(1)</script><p>Hi<!-- c --></p>",
        "Hi",
    ),
    "text in between": ("<p>One</p><blockquote>old</blockquote>two", "One\n\ntwo"),
    "no HTML": ("plain <3 text", "plain <3 text"),
    "declared encoding": ('<?xml version="1.0" encoding="latin-1"?><p>\u00e4</p>', "\u00e4"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("html", "expected"), MARKUP.values(), ids=list(MARKUP))
def test_the_comment_in_html(html: str, expected: str) -> None:
    assert comment(as_text(html), from_html=True)[0] == expected


SIZE = 64 << 10
BOMBS = [
    "<",
    "<blockquote>",
    "<div>",
    "<b>",
    "<!--",
    "&",
    "&#x",
    "<a x='",
    "<ul><li>",
    "<table><tr><td>",
    "<?",
    "<![CDATA[",
]
BOMBS += [
    "</",
    "<script>",
    "<pre>\n",
    "&#99999999999;",
    "<p> ",
    "> ",
    "\n",
    "On ",
    "On a:\n",
    "From: a\n",
    "-",
    "_",
    " ",
    "-- \n",
]


def test_no_text_takes_long() -> None:
    """html2text and both reply parsers need minutes for some of them."""
    begun = time.process_time()
    for bomb in BOMBS:
        text = bomb * (SIZE // len(bomb))
        comment(text)
        comment(as_text(text), from_html=True)
    assert time.process_time() - begun < 60
