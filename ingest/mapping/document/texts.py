"""Texts that YAML takes for something else, since they are not in quotes, or not well."""

from __future__ import annotations

import re

from ingest.mapping.document.complaint import BRACES, QUOTE, UNCLOSED, Complaint, Diagnosis, entry_in, quoted

INNER_QUOTES = "write ' inside of \": \"{{ lead.city | default('there') }}\""
_BARE_BRACES = re.compile(r"(?:(?<=: )|(?<=- )|(?<=\[)|(?<=, )|(?<=\[ )|(?<=,))\{\{.*?\}\}+")


def braces(complaint: Complaint) -> Diagnosis | None:
    """`{{` without quotes."""
    for number in (
        complaint.line,
        complaint.error.context_mark.line if complaint.error.context_mark else complaint.line,
    ):
        line = complaint.lines[min(number, len(complaint.lines) - 1)]
        entry = entry_in(line)
        bare = _BARE_BRACES.search(line)
        if entry and entry["value"].startswith("{{"):
            at, mended = (number, entry.start("value")), entry["head"] + quoted(entry["value"])
        elif bare and not _in_quotes(line, bare.start()):
            at, mended = (number, bare.start()), _BARE_BRACES.sub(lambda found: quoted(found[0]), line)
        else:
            continue
        return complaint.found(
            "yaml_unquoted", "A text that begins with `{{` needs quotes around it.", BRACES, at, mended
        )
    return None


def closed_early(complaint: Complaint) -> Diagnosis | None:
    """A quote inside of a text in the same quotes, or text after them."""
    entry = entry_in(complaint.text)
    mark = entry["value"][0] if entry else ""
    if not entry or mark not in {"'", '"'} or complaint.column <= entry.start("value"):
        return None
    rest = entry["value"]
    after = rest[1:].partition(mark)[2]
    message = f"The text ends at its second {mark}, and more follows."
    if after.strip() == ",":
        return complaint.found(
            "yaml_syntax", "A comma ends this line.", "take the comma out", mended=entry["head"] + rest[:-1]
        )
    inner = rest[1:-1] if rest.endswith(mark) else rest.replace(mark, "")
    if after[:1].isspace() and "{{" in rest:
        inner, hint = rest.replace(mark, ""), "put the quotes around the whole text"
    elif after[:1].isspace():
        inner, hint = rest, f"put other quotes around the whole text: {quoted(rest)}"
    elif mark == '"':
        hint = INNER_QUOTES
    else:
        hint = "write '' for an apostrophe, or \" around the whole text"
    return complaint.found("yaml_quotes", message, hint, mended=entry["head"] + quoted(inner))


def open_quote(complaint: Complaint) -> Diagnosis | None:
    """A quote that is not closed in its line, so that it swallows keys up to the next quote anywhere below."""
    for number, line in enumerate(complaint.lines[: complaint.line + 1]):
        entry = entry_in(line)
        mark = entry["value"][0] if entry else ""
        if not entry or mark not in {'"', "'"} or mark in entry["value"][1:]:
            continue
        below = next((one for one in complaint.lines[number + 1 :] if one.strip()), "")
        if re.match(r"\s*(?:- )*\w+:(?:\s|$)", below):
            at = (number, entry.start("value"))
            message = f"The {mark} that begins here is never closed in its line."
            return complaint.found("yaml_unclosed", message, f"close it with {mark}", at, line.rstrip() + mark)
    return None


def colon(complaint: Complaint) -> Diagnosis | None:
    """`: ` inside of a text."""
    entry = entry_in(complaint.text)
    inside = complaint.text[complaint.column : complaint.column + 2].rstrip() == ":"
    if not entry or not inside or entry.start("value") >= complaint.column:
        return None
    message = "A colon and a blank make a key of what stands before them."
    plain = entry["value"][0] not in "[{"
    mended = entry["head"] + quoted(entry["value"]) if plain else None
    return complaint.found(
        "yaml_colon", message, QUOTE if plain else f"a comma before the key; or {QUOTE}", mended=mended
    )


def first_character(complaint: Complaint) -> Diagnosis | None:
    """A text that begins with a character of YAML's."""
    if complaint.text.lstrip().startswith("```"):
        return complaint.found("yaml_syntax", "This line is Markdown's.", "take the line out", mended="")
    if "cannot start any token" not in complaint.problem and "alphabetic or numeric" not in complaint.problem:
        return None
    entry = entry_in(complaint.text)
    mended = entry["head"] + quoted(entry["value"]) if entry else None
    at = (complaint.line, entry.start("value") if entry else complaint.column)
    mark = complaint.text[at[1] : at[1] + 1]
    return complaint.found("yaml_syntax", f"A text can't begin with {mark} without quotes.", QUOTE, at, mended)


def after_bracket(complaint: Complaint) -> Diagnosis | None:
    """A text that begins with a bracket."""
    entry = next(
        (found for line in (complaint.line, complaint.line - 1) if (found := entry_in(complaint.lines[line]))), None
    )
    if not entry or not re.fullmatch(r"\[[^\[\]]*\]\s*\w.*|\{[^{}]*\}\s*\w.*", entry["value"]):
        return None
    number = complaint.lines.index(entry.string)
    begin, end = entry["value"][0], UNCLOSED[entry["value"][0]]
    message = f"More follows the {end} of what begins with {begin} here."
    return complaint.found(
        "yaml_syntax", message, QUOTE, (number, entry.start("value")), entry["head"] + quoted(entry["value"])
    )


def escape(complaint: Complaint) -> Diagnosis | None:
    """A backslash in double quotes."""
    if "unknown escape" not in complaint.problem:
        return None
    hint = "use single quotes, in which it stands for itself: '\\d+'"
    return complaint.found("yaml_quotes", "A backslash has a meaning of its own in double quotes.", hint)


def _in_quotes(line: str, column: int) -> bool:
    return line[:column].count('"') % 2 == 1 or line[:column].count("'") % 2 == 1
