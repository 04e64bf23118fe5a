from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from ingest.channels.base import Inbound
from ingest.errors import Refusal

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_FIELDS = 1000

Fields = dict[str, str | list[str]]
"""A form's fields; a name that is repeated has a list."""


class _Nowhere(io.BytesIO):
    """Where uploaded files go: they are named, not kept."""

    def write(self, data: Buffer, /) -> int:
        """Take the data for written."""
        return memoryview(data).nbytes


def urlencoded(body: bytes, charset: str) -> Fields:
    """The fields of a URL-encoded form; old pages that are not in UTF-8 are read as windows-1252."""
    for encoding, errors in ((charset or "utf-8", "strict"), ("windows-1252", "replace")):
        try:
            text = body.decode(encoding, errors)
            pairs = parse_qsl(text, True, encoding=encoding, errors=errors, max_num_fields=MAX_FIELDS)
        except UnicodeDecodeError:
            continue
        except ValueError:
            break
        return _collect(pairs)
    raise too_many_fields()


def multipart(inbound: Inbound) -> Fields:
    """The fields of a multipart form; a file gives its name. Raises Refusal."""
    boundary = parse_options_header(inbound.headers.get("Content-Type", ""))[1].get("boundary", "-")
    parser = MultiPartParser(stream_factory=lambda *_, **__: _Nowhere(), max_form_parts=MAX_FIELDS)
    try:
        form, files = parser.parse(io.BytesIO(inbound.body), boundary.encode("ascii"), len(inbound.body))
    except RequestEntityTooLarge:
        raise too_many_fields() from None
    except (ValueError, LookupError, AttributeError, TypeError):  # what werkzeug lets through on garbled parts
        raise Refusal(
            400, "invalid_multipart", "The multipart body is broken.", "Let the HTTP library set its boundary."
        ) from None
    named = [(name, file.filename or "") for name, file in files.items(multi=True)]
    return _collect([*form.items(multi=True), *named])


def too_many_fields() -> Refusal:
    """The refusal of a lead that has more fields than we read."""
    return Refusal(413, "too_many_fields", f"A lead has at most {MAX_FIELDS:,} fields.", "Leave out what is not used.")


def _collect(pairs: Iterable[tuple[str | None, str]]) -> Fields:
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        if name:  # by HTML's rules a part without a name is no field
            several.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in several.items()}
