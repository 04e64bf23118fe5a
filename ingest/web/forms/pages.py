"""The pages of forms: the form, the thanks, and the form once more with what is wrong. All can be a user's own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from flask import Response, current_app, make_response, url_for
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ingest import log, values
from ingest.errors import Refusal
from ingest.intake.endpoints import Endpoint
from ingest.mapping.records import Captcha, FormBlock
from ingest.web.forms import drawing
from ingest.web.forms.fields import NO_BLOCK, InvalidFields
from ingest.web.origins import origin_of
from ingest.web.site import site

TEXTS: Mapping[str, str] = {
    "title": "Get in touch",
    "button": "Send",
    "privacy": "Privacy notice",
    "thanks_title": "Thank you",
    "thanks": "We have your message and will be in touch soon.",
    "error_title": "Please look at this again",
}
"""What our pages say where `form.texts` says nothing."""

_AS_IT_IS = "/!$&'()*+,;=:@[]|~"  # in a path; all else browsers write as %20
_WIDGETS = {
    "turnstile": ("cf-turnstile", "https://challenges.cloudflare.com/turnstile/v0/api.js"),
    "hcaptcha": ("h-captcha", "https://js.hcaptcha.com/1/api.js"),
    "recaptcha": ("g-recaptcha", "https://www.google.com/recaptcha/api.js"),
}
_WIDGETS_FROM = {
    "turnstile": "https://challenges.cloudflare.com",
    "hcaptcha": "https://hcaptcha.com https://*.hcaptcha.com",
    "recaptcha": "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/ https://recaptcha.google.com",
}


def form(endpoint: Endpoint, payload: Mapping[str, Any]) -> Response:
    """The form that a mapping declares, with what is known already."""
    return _page("form", endpoint, _drawn(endpoint, {**drawing.initial(_block(endpoint)), **payload}))


def thanks(endpoint: Endpoint, content: Any) -> Response:
    """What a visitor sees after a post; a template of the user's may use what the lead is made of."""
    return _page("thanks", endpoint, {"lead": values.flatten(content)})


def refused(endpoint: Endpoint, payload: Any, refusal: Refusal) -> Response:
    """The form once more: with what was typed, and what is wrong beside each field."""
    faults = refusal.fields if isinstance(refusal, InvalidFields) else {}
    drawn = _drawn(endpoint, payload, faults)
    told = {"message": refusal.message, "hint": refusal.hint, "code": refusal.code}
    return _page("error", endpoint, {**drawn, **told, "faulty": [one for one in drawn["inputs"] if one.fault]})


def _block(endpoint: Endpoint) -> FormBlock:
    return endpoint.intake.form or NO_BLOCK


def _drawn(endpoint: Endpoint, payload: Any, faults: Mapping[str, str] | None = None) -> dict[str, Any]:
    here, block = site(), _block(endpoint)
    return {
        "action": f"{_root(endpoint)}{path(endpoint)}",
        "inputs": drawing.inputs(block, here.settings.default_country, payload, faults),
        "hidden": drawing.stamped(drawing.carried(block, payload), here.inbox.hash_key()),
        "countries": drawing.countries(block.language),
        "captcha": widget(block.captcha),
    }


def up(endpoint: Endpoint) -> str:
    """`../`: from a page or a script of the endpoint's to where the program stands, wherever a proxy puts that."""
    return "../" * (endpoint.name.count("/") + 1)


def path(endpoint: Endpoint) -> str:
    """`in/website`: where its form is posted, written as browsers write it."""
    return f"in/{quote(endpoint.name, safe=_AS_IT_IS)}"


def _root(endpoint: Endpoint) -> str:
    """What paths on our pages begin with: `/`, unless the world sees the program in a folder of a site."""
    in_folder = urlsplit(site().settings.public_url or "").path.strip("/")
    return up(endpoint) if in_folder else "/"


def widget(captcha: Captcha | None) -> dict[str, str] | None:
    """What draws a captcha: the class of its element, the vendor's script, and the public key; None without one."""
    if captcha is None or captcha.site_key is None:
        return None
    css, script = _WIDGETS[captcha.vendor]
    return {"css": css, "script": script, "site_key": captcha.site_key}


def _page(kind: str, endpoint: Endpoint, context: dict[str, Any]) -> Response:
    block, nonce = _block(endpoint), secrets.token_urlsafe(16)
    known = {
        "texts": {**TEXTS, **block.texts},
        "theme": theme(block.theme),
        "logo": block.theme.get("logo"),
        "language": block.language,
        "nonce": nonce,
        "root": _root(endpoint),
        "sandbox": site().settings.sandbox,
        "url_for": url_for,
        **context,
    }
    text = _own(kind, endpoint, block, known)
    ours = text is None
    response = make_response(current_app.jinja_env.get_template(f"web/{kind}.html").render(known) if ours else text)
    response.headers["Content-Security-Policy"] = _policy(block, nonce, ours=ours)
    return response


def _own(kind: str, endpoint: Endpoint, block: FormBlock, context: dict[str, Any]) -> str | None:
    """The page by the user's own template; None where there is none, or it fails: a visitor sees ours then."""
    file = block.pages.get(kind)
    named_at = endpoint.intake.places.get(("page", file)) if file else None
    if file is None or named_at is None:
        return None
    try:
        return environment(str(Path(named_at.file).parent)).get_template(file).render(context)
    except Exception as error:  # noqa: BLE001 - a template may raise anything
        line = getattr(error, "lineno", None)
        log.get().error("page_failed", endpoint=endpoint.name, file=file, error=type(error).__name__, line=line)
        return None


@lru_cache(maxsize=64)
def environment(folder: str) -> jinja2.Environment:
    """Where a user's templates are found: beside the file that names them; and ours, to extend."""
    loader = jinja2.ChoiceLoader([jinja2.FileSystemLoader(folder), jinja2.PackageLoader("ingest.web")])
    return _Templates(loader=loader, autoescape=True, auto_reload=True, finalize=_written)


class _Templates(ImmutableSandboxedEnvironment):
    """Templates in which `lead.items` is a field like any other, should a form have one, and no method of Python's."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What `obj.attribute` is."""
        return obj[attribute] if isinstance(obj, dict) and attribute in obj else super().getattr(obj, attribute)


def _written(value: Any) -> Any:
    """Several answers as they are written out everywhere: `solar, battery`."""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def theme(told: Mapping[str, str]) -> str:
    """The style of a theme: its accent, lighter in the dark, and whether pages are light or dark."""
    rules = {"light": "color-scheme: light;", "dark": "color-scheme: dark;"}.get(told.get("scheme", ""), "")
    if "accent" in told:
        accent, on_accent = accents(told)
        rules += f"--accent: light-dark({accent}, color-mix(in srgb, {accent} 55%, white));"
        rules += f"--on-accent: light-dark({on_accent}, #111111);"
    return f":root {{ {rules} }}" if rules else ""


def accents(told: Mapping[str, str]) -> tuple[str, str]:
    """The colour of buttons on light pages, and that of what stands on them."""
    accent = told.get("accent", "#0b6b4f")
    red, green, blue = (int(accent[at : at + 2], 16) for at in (1, 3, 5))
    return accent, "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 140 else "#111111"


def _policy(block: FormBlock, nonce: str, *, ours: bool) -> str:
    """What the page may load. It may stand in frames of the form's own sites; a user's template has its scripts too."""
    captcha = _WIDGETS_FROM[block.captcha.vendor] if block.captcha and block.captcha.site_key else ""
    sites = [site for site in map(origin_of, block.origins) if site]
    leads_to = {*sites, *filter(None, [origin_of(block.thanks or "")])}
    logo = origin_of(block.theme.get("logo", "")) or ""
    rules = {
        "default-src": "'none'",
        "style-src": f"'self' 'nonce-{nonce}'" + (" 'unsafe-inline'" if captcha and ours else ""),
        "script-src": captcha if ours else f"'nonce-{nonce}' 'strict-dynamic' {captcha}",
        "frame-src": captcha if ours else f"https: {captcha}",
        "connect-src": captcha if ours else "https:",
        "img-src": f"'self' data: {logo}" if ours else "'self' https: data:",
        "font-src": "" if ours else "https: data:",
        "form-action": " ".join(["'self'", *sorted(leads_to)]),
        "base-uri": "'none'",
        "frame-ancestors": " ".join(["'self'", *sites]) if block.origins else "*",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in rules.items() if value.strip())
