"""Every filter of ours. How each is called, and what it is given, is the business of `toolbox`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ingest.mapping.filters.consent import yes
from ingest.mapping.filters.dates import date
from ingest.mapping.filters.names import first_name, last_name, title
from ingest.mapping.filters.numbers import money, number
from ingest.mapping.filters.regex import match, regex_replace, regex_search
from ingest.mapping.filters.texts import clip, digits, email, hash_, joined, slug, words

OF_TEXT: dict[str, Callable[..., Any]] = {
    "clip": clip,
    "date": date,
    "digits": digits,
    "email": email,
    "first_name": first_name,
    "hash": hash_,
    "last_name": last_name,
    "match": match,
    "money": money,
    "number": number,
    "regex_replace": regex_replace,
    "regex_search": regex_search,
    "slug": slug,
    "title": title,
}
"""Filters that are given text: a list comes to them written out."""

OF_LISTS: dict[str, Callable[..., Any]] = {"joined": joined, "words": words, "yes": yes}
"""Filters that are given what stands before them."""
