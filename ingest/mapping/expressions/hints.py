"""What a text that is no expression was probably meant to be: the habits of other languages."""

from __future__ import annotations

import re

from ingest.mapping.filters.toolbox import filters

FILTERS = sorted(filters("IN"))
_NO_WORD = r"(?!(?:or|and|if|else|in|is|not)\b)"
_HINTS = (
    (re.compile(r"[“”„‘’]"), "use straight quotes: ' or \""),
    (re.compile(r"&&"), "write `and` for &&"),
    (re.compile(r"(?<!&)&(?!&)"), "write ~ to join texts, and `and` where both must hold"),
    (re.compile(r"->"), "write lead.name"),
    (re.compile(r"@"), "a name begins with a letter"),
    (re.compile(r"\b(lead|payload)\.([0-9]\w*)"), r"write \1['\2']: names after a dot begin with a letter"),
    (re.compile(r"\|\|"), "write `or` for ||"),
    (re.compile(r"===|!=="), "write == or !="),
    (re.compile(r"=!|<>"), "write !="),
    (re.compile(r"=>"), "write >="),
    (re.compile(r"=<"), "write <="),
    (re.compile(r"\|\s*(\w+)\s*:"), r"a filter takes its values in parentheses: \1('x')"),
    (re.compile(r"(?<![=!<>])=(?![=])(?=[^()]*$)"), "write == to compare"),
    (re.compile(r"!(?!=)"), "write `not` for !"),
    (re.compile(r"\b((?:lead|payload)\.\w+)\?(?!.*:)"), r"leave the ? out: \1"),
    (
        re.compile(r"\b((?:lead|payload)\.\w+)\s*\("),
        r"what a name has beside letters and digits is _, as in lead.first_name",
    ),
    (re.compile(r"\?"), "write `a if b else c` for ? and :"),
    (re.compile(r"\{\{"), "write {{ and }} once, around the whole expression"),
    (re.compile(r"^\s*\{[\w\s.|]+\}?\s*$"), "write two braces at each side, not three"),
    (re.compile(r"\b(AND|OR|NOT|IF|ELSE|IN|IS)\b"), "write and, or, not, if, else, in and is in small letters"),
    (re.compile(r"\bis\s+(?:not\s+)?(?:['\"\d]|equal)"), "write == to compare, or !="),
    (re.compile(r"\b(?:contains|includes|like)\b"), "write 'Pune' in lead.city to look for a text in another"),
    (re.compile(r"\b(?:equals?|eq)\b"), "write == to compare"),
    (re.compile(r"\belse\s*if\b|\belif\b"), "write a if b else c if d else e"),
    (re.compile(r"^\s*if\b|\bthen\b|\bif\b(?!.*\belse\b)"), "write `a if b else c`"),
    (re.compile(r"\belse\s*$"), "write what is taken else, or leave `else` out"),
    (re.compile(r"\|\s*(\w+)\s*[\[{]"), r"a filter takes its values in parentheses: \1('x')"),
    (re.compile(rf"([\w.)\]]) +({'|'.join(FILTERS)})\b(?! *=)"), r"write | before a filter: … | \2"),
    (re.compile(r"\|\s*\w+\s+['\"\w]"), "a filter takes its values in parentheses: default('there')"),
    (re.compile(r"\|\s*(?:$|\|)"), "a filter's name is missing after |"),
    (re.compile(r"\$\{?\w"), "a field is lead.name, without $"),
    (re.compile(rf"\b((?:lead|payload)\.\w+) {_NO_WORD}(\w+)"), r"a name has no blanks: \1_\2"),
    (
        re.compile(r"(?:==|!=|[<>]=?|[-+*/~]|\b(?:and|or|not|in))\s*$"),
        "something is missing after the last sign or word",
    ),
    (re.compile(r"^\s*(?:==|!=|[<>*/]|and\b|or\b)"), "something is missing before the first sign or word"),
)


_PLAIN = (
    (
        re.compile(r".*(?:got|unexpected) 'end of (?:template|print statement)'.*|unexpected end.*|"),
        "it ends too early",
    ),
    (re.compile(r"unexpected char (.+) at \d+"), r"\1 is not expected"),
    (re.compile(r"unexpected '(.+)', expected '(.+)'"), r"`\1` stands where `\2` is expected"),
    (re.compile(r"expected token 'name', got '(.+)'"), r"`\1` stands where a name is expected"),
    (re.compile(r"expected token '(.+)', got '(.+)'"), r"`\2` stands where `\1` is expected"),
    (re.compile(r"unexpected '(.+)'"), r"`\1` is not expected where it stands"),
    (re.compile(r".*escape.*", re.DOTALL), "a backslash begins what is no letter"),
)


def plain_words(message: str) -> str:
    """What Jinja complains of, without its own words."""
    message = message.rstrip(".")
    found = next(((one, words) for pattern, words in _PLAIN if (one := pattern.fullmatch(message))), None)
    return found[0].expand(found[1]) if found else message


def commas(text: str) -> str:
    """What mends a condition with a comma in it."""
    number = re.search(r"\d+(?:,\d{2,3})+", text)
    return (
        f"write {number[0].replace(',', '')}" if number else "write a list in brackets: lead.city in ['Pune', 'Delhi']"
    )


def syntax_hint(text: str, start: int | None = None) -> str:
    """What mends a text that is no expression, where that can be guessed; `start` is where its `{{` stands, if any."""
    if start is not None:
        text, closed, _ = text[start + 2 :].partition("}}")
        if not closed:
            return "close it with }}"
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)
    if bare.replace("''", "").count("'") % 2 or bare.replace("''", "").count('"') % 2:
        return "a quote is not closed"
    for opened, closed in ("()", "[]"):
        if bare.count(opened) != bare.count(closed):
            return f"each {opened} needs its {closed}"
    for pattern, hint in _HINTS:
        found = pattern.search(bare)
        if found:
            return found.expand(hint)
    return "each { needs its }" if bare.count("{") != bare.count("}") else ""
