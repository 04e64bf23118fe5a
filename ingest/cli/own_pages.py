from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jinja2

from ingest.errors import Finding, Place
from ingest.mapping.near import near
from ingest.mapping.records import Catalog
from ingest.web.forms.pages import environment


def bad_pages(catalog: Catalog) -> Iterator[Finding]:
    """What is wrong with the templates of users' own pages: visitors see ours in their place."""
    for mapping in catalog.mappings.values():
        places = mapping.intake.places if mapping.intake else {}
        for (key, file), place in places.items():
            fault = _fault(Path(place.file).parent, file, place) if key == "page" else None
            if fault:
                yield fault


def _fault(folder: Path, file: str, place: Place) -> Finding | None:
    try:
        environment(str(folder)).get_template(file)
    except jinja2.TemplateSyntaxError as error:
        message = f"The page can't be read: {(error.message or '').rstrip('.')}."
        return Finding(Place(str(folder / file), error.lineno), "bad_page", message, "visitors see our page until then")
    except jinja2.TemplateNotFound:
        hint = near(file, (one.name for one in folder.glob("*.html"))) or "the path is relative to this file"
        return Finding(place, "bad_page", f"There is no file {file}.", hint)
    except (OSError, UnicodeDecodeError):
        return Finding(place, "bad_page", f"{file} can't be read.", "it must be a text file in UTF-8")
    return None
