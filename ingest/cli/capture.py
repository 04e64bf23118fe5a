from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ingest import files, settings
from ingest.cli.posting import own_tests
from ingest.cli.store import find_lead, opened, sandbox_option
from ingest.cli.subject import Subject, subject_of
from ingest.errors import Hold, Skip
from ingest.inbox import reads
from ingest.mapping.anonymous.anonymise import anonymise
from ingest.mapping.anonymous.usage import usage
from ingest.mapping.document import reading
from ingest.mapping.document.nodes import Node
from ingest.mapping.document.reading import MAX_BYTES
from ingest.mapping.document.splicing import with_test
from ingest.mapping.document.writing import as_read, block
from ingest.mapping.render import Rendered
from ingest.mapping.schema.translation import TestSchema
from ingest.mapping.schema.validation import validate

BOM = b"\xef\xbb\xbf"
SHOWN_OF_ID = 8
BY_HAND = "Write the test by hand: `ingest explain` shows what came."


@click.command()
@click.argument("lead")
@click.option("--name", help="What the test is called; else by the lead's day and id.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the test, and change no file.")
@sandbox_option
def capture(lead: str, name: str | None, to_stdout: bool, sandbox: bool) -> None:
    """Make a test of a stored lead, with its people's data replaced, in the mapping of its endpoint.

    The test expects what the mapping makes of the lead now. LEAD is its id, the beginning of it, or the vendor's id.

    \b
    Example:
      ingest capture 1m85fb9nk9xw --name "Two numbers in one field"
    """
    own = settings.load()
    with opened(sandbox=sandbox) as inbox:
        with inbox.reading() as connection:
            story = reads.lead_story(connection, find_lead(connection, lead))
        key = inbox.hash_key()
    subject = subject_of(story, own)
    test = _captured(subject, name, key, own.default_country)
    if to_stdout:
        text = block(test, 0)
        _make_sure(subject, reading.sound(text, "").value[0])
        click.echo(text, nl=False)
        return
    there = next((node for node in subject.translation.tests if _is_of(node, test)), None)
    if there is not None:
        click.echo(f"{there.place}: this lead is there already, as {there.get('name') or 'a test'!r}")
        return
    _write(subject, test)


def _captured(subject: Subject, name: str | None, key: bytes, country: str) -> dict[str, Any]:
    """The test of a lead, anonymised. Raises ClickException."""
    used = usage(subject.translation, subject.mapping.intake)
    found = anonymise(subject.payload, used, subject.outcome, key, country)
    if found is None:
        message = (
            "The mapping decides by this person's name, phone or mail, so that a lead with others fares otherwise."
        )
        raise click.ClickException(f"{message} {BY_HAND}")
    if found.kept:
        click.echo(f"Kept as it came, for the mapping decides by it: {', '.join(found.kept)}", err=True)
    test = {"name": _free(name, subject), "payload": found.payload}
    if used.times:
        test["now"] = subject.meta.received_at.isoformat()
    return test | _expected(*subject.translated(found.payload))


def _expected(found: list[Rendered], problem: Hold | None) -> dict[str, Any]:
    route = next((one.route for one in found if one.route), None)
    if problem is not None:
        expected: dict[str, Any] = {f"expect_{'skip' if isinstance(problem, Skip) else 'hold'}": str(problem.reason)}
    else:
        bodies = [one.request for one in found]
        expected = {"expect_exactly": bodies[0] if len(bodies) == 1 else bodies}
    return expected | ({"expect_route": route} if route else {})


def _free(name: str | None, subject: Subject) -> str:
    """The test's name, with a number where another has it."""
    asked = name or f"Captured {subject.meta.received_at:%Y-%m-%d} {subject.meta.id[:SHOWN_OF_ID]}"
    taken = {node.get("name") for node in subject.translation.tests}
    names = (asked, *(f"{asked} ({number})" for number in range(2, len(taken) + 3)))
    return next(each for each in names if each not in taken)


def _is_of(node: Node, test: dict[str, Any]) -> bool:
    return repr(node.get("payload")) == repr(as_read(test["payload"]))


def _make_sure(subject: Subject, node: Node) -> None:
    """Raise ClickException unless a test passes as it is read from its file."""
    faults = [str(finding) for finding in validate(TestSchema(), node).findings]
    if not faults:
        translation = replace(subject.translation, tests=(node,))
        results = own_tests(replace(subject.mapping, translation=translation), subject.country)
        faults = [fault.message for result in results for fault in result.faults]
    if faults:
        raise click.ClickException(f"No test can say what becomes of this lead: {'; '.join(faults)}. {BY_HAND}")


def _write(subject: Subject, test: dict[str, Any]) -> None:
    """Put a test into the mapping's file, or print it where that can't be done. Raises ClickException."""
    path = Path(subject.mapping.file)
    before = path.read_bytes()
    text = before.decode("utf-8-sig")
    if subject.translation.tests and "tests" not in reading.sound(text, str(path)).value:
        base = subject.translation.tests[0].place.file
        raise _printed(test, f"{path} has its tests from {base}, and a test of its own would replace them")
    made = with_test(text, test)
    if made is None:
        raise _printed(test, f"The tests of {path} are written in a way that can't be added to")
    after = (BOM if before.startswith(BOM) else b"") + made[0].encode()
    if len(after) > MAX_BYTES:
        raise _printed(test, f"{path} would have more than {MAX_BYTES:,} bytes")
    _make_sure(subject, made[1])
    try:
        files.replace(path, after, before)
    except OSError as error:
        raise _printed(test, f"{path} can't be written: {error.strerror}") from None
    place = made[1].place
    click.echo(f"{path}:{place.line}:{place.column}: added the test {test['name']!r}")


def _printed(test: dict[str, Any], why: str) -> click.ClickException:
    """Print the test; gives the error that says why it is not written."""
    click.echo(block(test, 0), nl=False)
    return click.ClickException(f"{why}. Nothing is written: put the test above where you want it.")


COMMANDS = {"capture": capture}
