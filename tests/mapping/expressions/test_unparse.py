from __future__ import annotations

import pytest
from jinja2 import nodes
from jinja2.parser import Parser

from ingest.mapping.expressions.language import Language
from ingest.mapping.expressions.unparse import short, written

LANGUAGE = Language("IN")


def _parsed(text: str) -> nodes.Expr:
    parser = Parser(LANGUAGE, text, state="variable")
    expression = parser.parse_tuple()
    assert parser.stream.eos
    return expression


@pytest.mark.parametrize(
    "text",
    """a.b or c['x y'] or d[0]
    (a or b) and not c
    a and (b and c)
    not not a
    not (a is present and b)
    a is not present
    (a is present) | string
    a is eq(b) or c is matching('^A')
    'x' if a is present else 'y'
    (a or b is present) if c
    (a if b else c) if d
    a if b else c if d else e
    ('p' if a) ~ 'z'
    (a ~ b) * 2
    a ~ b + c ~ d
    2 ** (3 ** 4)
    1 - (2 - 3) - 4
    7 // 2 % 3
    -(a | abs)
    (-a) | abs
    +a
    a in ['x', 'y'] and b not in c
    1 < a <= 3 != b
    (a == b) == c
    a.startswith('A', 1)
    a | lookup({'Pune': 'West', 'D': b}, 'E') | upper
    a | f(x=1, *b, **c)
    a[1:2] ~ a[:3:2] ~ a[:]
    (a,) + () + (a, b)
    ["it's", 'é', '\\n']
    none == true or false
    1.5""".splitlines(),
)
def test_an_expression_is_written_as_one_would_type_it(text: str) -> None:
    """What is told of an expression is the expression, with brackets where they are needed and nowhere else."""
    assert written(_parsed(text)) == text.strip()
    assert _parsed(written(_parsed(text))) == _parsed(text)


@pytest.mark.parametrize(
    ("typed", "told"),
    [("((a)) or(b)", "a or b"), ('"x"', "'x'"), ("a is eq b", "a is eq(b)"), ("a if b else none", "a if b")],
)
def test_other_spellings_are_told_in_the_usual_one(typed: str, told: str) -> None:
    """Brackets that do nothing, and other quotes, are left out."""
    assert written(_parsed(typed)) == told


def test_long_texts_are_cut() -> None:
    """A long expression does not fill the screen."""
    assert short("a" * 100, 10) == "a" * 9 + "…"
    assert short("a" * 10, 10) == "a" * 10
