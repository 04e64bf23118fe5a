"""One script tag that brings an endpoint's form to any site, or takes up the form that the site has."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import phonenumbers
from flask import Blueprint, Response, render_template, request

from ingest.intake.endpoints import Endpoint
from ingest.mapping.records import FormBlock
from ingest.web.forms import drawing, pages, stamp
from ingest.web.forms.fields import NO_BLOCK
from ingest.web.forms.hosted import form_endpoint
from ingest.web.site import site

embed = Blueprint("embed", __name__)

_FOLDER = Path(__file__).parents[1] / "static"
# A minifier would be a dependency, and a step to build: comments and spaces are what matters.
_LITERAL = re.compile(r"""('[^'\n]*'|`[^`]*`|(?<=[(,=])/[^/\n]+/[a-z]*)""")
_PUNCTUATION = re.compile(r"\s*([=,:;{}()?+<>&|!]+)\s*")
_UNSAFE = {"</": r"<\/", "<!": r"\u003c!", "\u2028": r"\u2028", "\u2029": r"\u2029"}
"""What could end a script, or a line of it, however it came to the page; and the same in JSON."""
_HEADERS = {
    "Cache-Control": "public, max-age=300",  # a mapping that changes, and the stamp
    "Vary": "Accept-Encoding",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


@embed.get("/embed/<path:name>.js")
def script(name: str) -> Response:
    """The script, with all that it has to know of the endpoint."""
    here, endpoint = site(), form_endpoint(name)
    told = _config(endpoint, here.settings.default_country)
    # The stamp is not part of what makes the script the same: a copy that is kept may only tell an earlier time.
    version = hashlib.sha256(_call(told)).hexdigest()[:32]
    content = _call({**told, "started": stamp.make(here.inbox.hash_key())})
    response = Response(content, content_type="application/javascript; charset=utf-8", headers=_HEADERS)
    if request.accept_encodings["gzip"]:
        response.data = gzip.compress(content)
        response.content_encoding = "gzip"
    response.set_etag(version, weak=True)
    response.make_conditional(request)
    return response


def _config(endpoint: Endpoint, country: str) -> dict[str, Any]:
    block = endpoint.intake.form or NO_BLOCK
    texts = {**pages.TEXTS, **block.texts}
    inputs = drawing.inputs(block, country, drawing.initial(block))
    captcha = pages.widget(block.captcha)
    form = render_template(
        "web/embed.html",
        name=endpoint.name.replace(" ", "-"),  # in ids
        inputs=inputs,
        texts=texts,
        told=block.texts,
        captcha=captcha,
        language=block.language,
    )
    return {
        "name": endpoint.name,
        "action": f"{pages.up(endpoint)}{pages.path(endpoint)}",  # from where the script is
        "form": form,
        "thanks": [texts["thanks_title"], texts["thanks"]],
        "again": texts["error_title"],
        "style": _style(block),
        **({"countries": _countries()} if any(one.kind == "tel" for one in inputs) else {}),
        **({"captcha": captcha["script"]} if captcha else {}),
    }


def _call(config: dict[str, Any]) -> bytes:
    told = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
    for unsafe, safe in _UNSAFE.items():
        told = told.replace(unsafe, safe)
    return f"{_text()}({told});\n".encode()


@lru_cache(maxsize=1)
def _text() -> str:
    """The script without its comments, and without spaces where it needs none."""
    code = re.sub(r"(^|[ \t])//.*", "", _read("embed.js"), flags=re.MULTILINE)
    parts = _LITERAL.split(code)
    return "".join(part if at % 2 else _PUNCTUATION.sub(r"\1", part) for at, part in enumerate(parts)).strip()


@lru_cache(maxsize=1)
def _countries() -> str:
    """Every country, before it what its calling code is more than the last one's, unless 1: `AG0AI…0US6KZ0RU13EG`."""
    told, last = "", 0
    for code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in sorted(regions):
            if region != "001":  # numbers of no country
                told += f"{code - last if code - last != 1 else ''}{region}"
                last = code
    return told


def _style(block: FormBlock) -> str:
    """How a form looks where the site says nothing: `:where` yields to any rule."""
    accent, on_accent = pages.accents(block.theme)
    text = re.sub(r"\s+", " ", _read("embed.css")).replace("accent-colour", accent).replace("on-accent", on_accent)
    return re.sub(r" ?([{};,]|(?<=[:])) ?", r"\1", text).replace(";}", "}")


@lru_cache(maxsize=2)
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
