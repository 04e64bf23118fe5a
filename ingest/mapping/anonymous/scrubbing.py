"""Texts without people: whole ones of each kind, and what stands of people in any text."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote, unquote

from ingest.mapping.anonymous.fakes import Fakes
from ingest.mapping.anonymous.kinds import Kind
from ingest.mapping.anonymous.redial import Redial
from ingest.mapping.anonymous.shapes import LETTERS, ascii_digits, folded, runs, words
from ingest.mapping.anonymous.usage import Usage
from ingest.mapping.filters.phones import numbers

_MAIL = re.compile(r"""[^\s@<>"(),;:\[\]\\=&?/]{1,64}@[^\s@<>"(),;:\[\]\\=&?/]+""")
_PHONE = re.compile(r"[+(]{0,2}\d(?:[ \u00a0()./\u2010-\u2015-]{0,3}\d){6,}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}\S*)?")
_LINK = re.compile(r"((?:https?:)?//|www\.)([^\s/?#]*)([^\s?#]*)(\?[^\s#]*)?(#\S*)?", re.IGNORECASE)
_PARTS = re.compile("|".join(f"(?:{each.pattern})" for each in (_LINK, _MAIL, _PHONE)), re.IGNORECASE)
_OWN_TAGS = frozenset({"utm_source", "utm_medium", "utm_campaign"})
_OF_LINKS = frozenset("www com in org net html htm php wa me".split())
_OF_PHONES = frozenset("mobile phone tel whatsapp ext extension home office work number num call and ind india".split())


class Scrubber:
    """Replaces what is people's in texts. `known` are phones that are looked for in ids as well."""

    def __init__(self, fakes: Fakes, usage: Usage, regions: tuple[str, ...], phones: tuple[str, ...]) -> None:
        self._fakes = fakes
        self._usage = usage
        self._regions = regions
        self._redial = Redial(regions, fakes.stream)
        self._ends = tuple({number[-9:] for text in phones for number in self._numbers(text)})
        self._whole: dict[Kind, Callable[[str], str]] = {
            Kind.PHONE: self._phone_field,
            Kind.MAIL: self._mail_field,
            Kind.NAME: lambda text: self._by_parts(text, fakes.name),
            Kind.SECRET: fakes.token,
            Kind.ID: fakes.token,
            Kind.DATE: lambda text: fakes.date(text) if ascii_digits(text) else self._words(text),
            Kind.IP: fakes.ip,
            Kind.ADDRESS: lambda text: self._by_parts(text, lambda part: self._words(part, shortest=1)),
        }

    def whole(self, kind: Kind, text: str) -> str:
        """Another text for one that is all of a kind."""
        if kind in self._whole:
            return self._whole[kind](text)
        return self._by_parts(text, self._words)

    def number(self, kind: Kind, text: str) -> str:
        """Another number for one that came as a number."""
        if kind in {Kind.PHONE, Kind.DATE}:
            return self._whole[kind](text)
        return self._fakes.digits(text)

    def scrubbed(self, text: str, *, is_id: bool = False) -> str:
        """The text without mails, known names and phones; of an id without known phones."""
        text = _MAIL.sub(lambda found: self._mail(found[0]), text)
        if not _ISO.fullmatch(text.strip()):
            text = _PHONE.sub(lambda found: self._phone(found[0], known=is_id), text)
        return self._fakes.without_names(text)

    def key(self, text: str) -> str:
        """A key, in which somebody may have written a mail or a phone."""
        text = _MAIL.sub(lambda found: self._mail(found[0]), text)
        return _PHONE.sub(lambda found: self._phone(found[0]), text)

    def _words(self, text: str, shortest: int = 3) -> str:
        return self._fakes.text(text, self._usage.words, shortest)

    def _by_parts(self, text: str, other: Callable[[str], str]) -> str:
        """Links, mails and phones for such; the other parts as `other` gives them."""
        made, at = [], 0
        for found in _PARTS.finditer(text):
            made += [other(text[at : found.start()]), self._part(found[0])]
            at = found.end()
        return "".join([*made, other(text[at:])])

    def _part(self, text: str) -> str:
        link = _LINK.fullmatch(text)
        if link:
            return self._link(link)
        return self._mail(text) if "@" in text else self._redial.text(text)

    def _mail(self, text: str) -> str:
        """Another address; at the same domain, where the mapping asks for it."""
        fake, domain = self._fakes.mail(text), text.rpartition("@")[2]
        ours = {folded(domain), f"@{folded(domain)}"} & self._usage.constants
        return f"{fake.rpartition('@')[0]}@{domain}" if ours else fake

    def _phone(self, text: str, *, known: bool = False) -> str:
        plain = ascii_digits(text)
        if any(end in plain for end in self._ends) or (not known and self._numbers(text)):
            return self._redial.text(text)
        return text

    def _numbers(self, text: str) -> set[str]:
        return {number for region in self._regions for number in numbers(text, region)}

    def _phone_field(self, text: str) -> str:
        text = self._redial.text(_MAIL.sub(lambda found: self._mail(found[0]), text))
        kept = self._usage.words | _OF_PHONES
        return "".join(self._fakes.text(run, kept) if kind == LETTERS else run for kind, run in runs(text))

    def _mail_field(self, text: str) -> str:
        if "@" not in text:
            return self._fakes.handle(text)
        return self._by_parts(text, self._fakes.handle) if _MAIL.search(text) else self._mail(text)

    def _link(self, found: re.Match[str]) -> str:
        start, host, path, query, rest = (part or "" for part in found.groups())
        pairs = [pair.partition("=") for pair in query[1:].split("&")] if query else []
        shown = "&".join(f"{name}{mark}{self._query(name, value)}" for name, mark, value in pairs)
        return start + self._host(host) + self._quoted(path) + query[:1] + shown + self._quoted(rest)

    def _host(self, host: str) -> str:
        name = host.removeprefix("www.").partition(":")[0]
        ours = folded(host) in self._usage.constants or set(words(name)) <= self._usage.words | _OF_LINKS
        return host if ours else host.replace(name, "example.com")

    def _query(self, name: str, value: str) -> str:
        plain = unquote(value)
        if folded(plain) in self._usage.constants:
            return value
        fake = self.scrubbed(plain) if name in _OWN_TAGS else self._fakes.token(plain)
        return value if fake == plain else quote(fake, safe="-_.~+")

    def _quoted(self, part: str) -> str:
        plain = unquote(part)
        fake = self._fakes.text(self.key(plain), self._usage.words | _OF_LINKS)
        return part if fake == plain else quote(fake, safe="/#@!$&'()*+,;=:-_.~?")
