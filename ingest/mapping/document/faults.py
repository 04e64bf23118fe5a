"""What is wrong with a text that is no YAML, in words for people who never read YAML's specification."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from ingest.mapping.document import texts as yaml_texts
from ingest.mapping.document.complaint import LONGEST, NO_BREAK, UNCLOSED, Complaint, Diagnosis, lines_of


def diagnose(error: yaml.MarkedYAMLError, text: str, shown: str) -> Diagnosis:
    """What a parser's complaint comes from: the first explanation that fits."""
    complaint = Complaint(error, lines_of(text), shown)
    for explain in _EXPLANATIONS:
        diagnosis = explain(complaint)
        if diagnosis:
            return diagnosis
    return complaint.found("yaml_syntax", f"The file is no YAML: {complaint.problem or 'not understood'}.")


def _tab(complaint: Complaint) -> Diagnosis | None:
    for number in (complaint.line, complaint.line + 1):
        line = complaint.lines[number] if number < len(complaint.lines) else ""
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            at = (number, indent.index("\t"))
            hint = "indent with blanks, two for each step"
            return complaint.found(
                "yaml_tab", "A tab stands here, which YAML does not take.", hint, at, _without_tabs(line)
            )
    return None


def _no_break(complaint: Complaint) -> Diagnosis | None:
    """One above the line that the parser points at; builder.py finds those that leave it readable."""
    for number in range(complaint.line, max(complaint.line - 3, -1), -1):
        line = complaint.lines[number]
        indent = line[: len(line) - len(line.lstrip())]
        if "\xa0" in indent:
            mended = indent.replace("\xa0", " ") + line.lstrip()
            return complaint.found("yaml_indentation", NO_BREAK, "indent with blanks", (number, 0), mended)
    return None


def _conflict(complaint: Complaint) -> Diagnosis | None:
    for number, line in enumerate(complaint.lines[: complaint.line + 2]):
        if line.startswith("<<<<<<< "):
            hint = "keep one of the two, and take out the lines with <<<<<<<, ======= and >>>>>>>"
            return complaint.found("yaml_syntax", "Git left two versions of these lines here.", hint, (number, 0))
    return None


def _without_tabs(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return indent.replace("\t", "  ") + line.lstrip()


def _unclosed(complaint: Complaint) -> Diagnosis | None:
    begun = complaint.error.context_mark
    if begun is None or not ("expected ',' or" in complaint.problem or "unexpected end of stream" in complaint.problem):
        return None
    mark = complaint.lines[begun.line][begun.column : begun.column + 1]
    found = complaint.text[complaint.column : complaint.column + 1]
    same_line = complaint.line == begun.line
    if mark not in UNCLOSED or (same_line and found == ":"):
        return None
    if same_line and mark in "[{" and re.search(r"\{\{[^}]*\"$", complaint.text[: complaint.column]):
        message = 'The text ends at its second ", and more follows.'
        return complaint.found("yaml_quotes", message, yaml_texts.INNER_QUOTES)
    if same_line and mark in "[{":
        message = f"A comma is missing before {found or 'the end of the line'}, inside of {mark} and {UNCLOSED[mark]}."
        hint = f"write {mark}a, b{UNCLOSED[mark]}, and quotes around what has , or :"
        return complaint.found("yaml_syntax", message, hint)
    message = f"The {mark} that begins here is never closed."
    return complaint.found("yaml_unclosed", message, f"close it with {UNCLOSED[mark]}", (begun.line, begun.column))


def _no_key(complaint: Complaint) -> Diagnosis | None:
    begun = complaint.error.context_mark
    if (
        "could not find expected ':'" not in complaint.problem
        or begun is None
        or len(complaint.lines[begun.line]) > LONGEST
    ):
        return None
    line = complaint.lines[begun.line]
    text = line.strip()
    name, colon, rest = text.partition(":")
    at, head = (begun.line, begun.column), line[: len(line) - len(line.lstrip())]
    if text.startswith("```"):
        return complaint.found("yaml_syntax", "This line is Markdown's.", "take the line out", at, "")
    if colon and rest:
        return complaint.found(
            "yaml_syntax", f"No blank follows the colon after `{name}`.", f"{name}: {rest}", at, f"{head}{name}: {rest}"
        )
    key, value = [*re.split(r"\s*=(?!=)\s*|\s+", text.removesuffix(":"), maxsplit=1), ""][:2]
    better = f"{key}: {value.strip()}".rstrip()
    return complaint.found("yaml_syntax", f"A colon must follow the key `{key}`.", better, at, head + better)


def _no_colon(complaint: Complaint) -> Diagnosis | None:
    if "mapping values are not allowed" not in complaint.problem:
        return None
    above = next((number for number in range(complaint.line - 1, -1, -1) if complaint.lines[number].strip()), None)
    text = "" if above is None else complaint.lines[above].partition(" #")[0]
    if above is None or ":" in text or not text.strip() or text.lstrip().startswith(("#", "-")):
        return None
    hint = f"{text.strip()}:"
    at = (above, len(text) - len(text.lstrip()))
    return complaint.found("yaml_syntax", "A key needs a colon.", hint, at, f"{text.rstrip()}:")


def _empty_item(complaint: Complaint) -> Diagnosis | None:
    if "did not find expected node content" not in complaint.problem or complaint.text[complaint.column :][:1] != ",":
        return None
    mended = complaint.text[: complaint.column] + complaint.text[complaint.column + 1 :]
    return complaint.found("yaml_syntax", "A comma too many.", "take it out", mended=mended)


def _indentation(complaint: Complaint) -> Diagnosis | None:
    messages = {
        "mapping values are not allowed": "This line stands deeper than the one above, which has its value already.",
        "did not find expected key": "This line's indentation fits none of the lines above.",
        "did not find expected '-' indicator": "A key stands where the list above goes on.",
    }
    message = next((message for words, message in messages.items() if words in complaint.problem), None)
    if message is None:
        return None
    extra = complaint.text[complaint.column : complaint.column + 1]
    if extra and extra in "]}":
        return complaint.found("yaml_syntax", f"A `{extra}` too many.", "take it out")
    hint = "keys that belong together begin in the same column"
    return complaint.found(
        "yaml_indentation", message, hint, (complaint.line, len(complaint.text) - len(complaint.text.lstrip()))
    )


_EXPLANATIONS: tuple[Callable[[Complaint], Diagnosis | None], ...] = (
    _conflict,
    _tab,
    _no_break,
    yaml_texts.braces,
    yaml_texts.open_quote,
    yaml_texts.escape,
    yaml_texts.closed_early,
    _unclosed,
    yaml_texts.colon,
    _no_key,
    _no_colon,
    yaml_texts.first_character,
    yaml_texts.after_bracket,
    _empty_item,
    _indentation,
)
