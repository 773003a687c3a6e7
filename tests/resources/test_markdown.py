"""Text of other people as Markdown: read by a parser, it is that text and nothing more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from resources.markdown import code, fenced, plain, table_lines

NASTY = (
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![x](http://host/pixel.png)",
    "a | b\n| c |",
    "# a heading",
    "---",
    "===",
    "- item",
    "1. item",
    "&lt;b&gt;",
    "`code` and ~~strike~~ **bold** \\| \\",
    "```\nend of a fence\n```",
    "a\r\n\r\nb",
    "\x1b[2J",
)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def shown(markdown: str) -> str:
    """The text that a reader sees, if there is nothing but text."""
    tokens = PARSER.parse(markdown)
    assert [token.type for token in tokens] in (
        [],
        ["paragraph_open", "inline", "paragraph_close"],
    )
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "text_special"}
    return "".join(child.content for child in inline)


def one_line(text: str) -> str:
    words = " ".join(text.split())
    return "".join(c for c in words if not (c < " " or "\x7f" <= c <= "\x9f")).strip()


@pytest.mark.parametrize("text", NASTY)
def test_text_is_shown_as_it_is(text: str) -> None:
    assert shown(plain(text)) == one_line(text)


@given(st.text("<>&[]()!|`~*_#+-=.\\ \n1a:/{}", max_size=30))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    assert shown(plain(text)) == one_line(text)


@pytest.mark.parametrize("text", NASTY)
def test_a_cell_stays_one_cell(text: str) -> None:
    lines = table_lines([("head", "other"), ("---", "---"), (text, code(text))])
    rows = "\n".join([lines[0], "| --- | --- |", lines[2]])
    tokens = PARSER.parse(rows)
    assert [token.type for token in tokens].count("td_open") == 2
    assert "html_block" not in {token.type for token in tokens}


@pytest.mark.parametrize("text", NASTY)
def test_nothing_leaves_its_fence(text: str) -> None:
    tokens = PARSER.parse(fenced(text))
    assert [token.type for token in tokens] == ["fence"]
