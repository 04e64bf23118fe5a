from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import marshmallow as ma

MAX_TEXT = MAX_NAME = 65_536  # characters: as long as an expression's result may be; AiSensy names no limit
MAX_URL = 2_048
MAX_ITEMS = 1_000

_E164 = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_WEB_ADDRESS = re.compile(r"https?://([^\s/?#:@\[\]]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([/?#]\S*)?\Z", re.IGNORECASE)


def _not_blank(text: str) -> None:
    if not text.strip():
        raise ma.ValidationError("Must not be blank.")


def _sendable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ma.ValidationError("Not a valid string: half of a character.") from None


class _Text(ma.fields.String):
    """Text of a limited length. What is plainly right is seen at one look; for all else marshmallow finds the words."""

    def __init__(self, limit: int, *rules: Any, required: bool = False) -> None:
        super().__init__(required=required, validate=[ma.validate.Length(max=limit), _sendable, *rules])
        self._limit = limit
        self._rules = rules

    def is_fine(self, value: Any) -> bool:
        """Whether a value is plainly right: ASCII, short enough, and as the rules want it."""
        if type(value) is not str or len(value) > self._limit or not value.isascii():
            return False
        try:
            for rule in self._rules:
                rule(value)
        except ma.ValidationError:
            return False
        return True

    def deserialize(self, value: Any, attr: Any = None, data: Any = None, **kwargs: Any) -> Any:
        """The value as it is. Raises ValidationError."""
        return value if self.is_fine(value) else super().deserialize(value, attr, data, **kwargs)


class _Texts(ma.fields.List[str]):
    """A list of texts."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if type(value) is list and all(map(self.inner.is_fine, value)):  # type: ignore[attr-defined] # _Text
            return value
        return super()._deserialize(value, attr, data, **kwargs)


class _Attributes(ma.fields.Dict):
    """Texts by their names."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        fine = type(value) is dict and all(map(self.key_field.is_fine, value))  # type: ignore[union-attr] # _Text
        if fine and all(map(self.value_field.is_fine, value.values())):  # type: ignore[union-attr] # _Text
            return value
        return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]


def _text(limit: int, *rules: Any, required: bool = False) -> _Text:
    return _Text(limit, *rules, required=required)


_items = ma.validate.Length(max=MAX_ITEMS)


class MediaSchema(ma.Schema):
    """What is sent with the template: both or none."""

    class Meta:  # noqa: D106 - marshmallow's
        unknown = ma.RAISE

    url = _text(MAX_URL, ma.validate.Regexp(_WEB_ADDRESS, error="Not a web address (http or https)."), required=True)
    filename = _text(MAX_NAME, _not_blank, required=True)


class RequestSchema(ma.Schema):
    """The body of `POST https://backend.aisensy.com/campaign/t1/api`: every field of AiSensy's reference.

    AiSensy takes a number without a country for an Indian one, so that a wrong one reaches a stranger; here it must be
    whole.
    """

    class Meta:  # noqa: D106 - marshmallow's
        unknown = ma.RAISE

    apiKey = _text(MAX_TEXT, _not_blank, required=True)  # noqa: N815 - AiSensy's names
    campaignName = _text(MAX_NAME, _not_blank, required=True)  # noqa: N815
    destination = _text(
        MAX_NAME, ma.validate.Regexp(_E164, error="Not a number with its country, like +919876543210."), required=True
    )
    userName = _text(MAX_NAME, _not_blank, required=True)  # noqa: N815
    source = _text(MAX_NAME)
    media = ma.fields.Nested(MediaSchema)
    templateParams = _Texts(_text(MAX_TEXT), validate=_items)  # noqa: N815
    tags = _Texts(_text(MAX_NAME), validate=_items)
    attributes = _Attributes(keys=_text(MAX_NAME, _not_blank), values=_text(MAX_TEXT), validate=_items)


_WITHOUT_KEY = RequestSchema(exclude=("apiKey",))


def check(request: dict[str, Any]) -> list[str]:
    """What AiSensy would not take in a request (without apiKey): `destination: Not a number …`, [] if it is fine.

    The sentences hold no values of the request.
    """
    return list(sentences(_WITHOUT_KEY.validate(request)))


def sentences(messages: Any, path: str = "") -> Iterator[str]:
    """Marshmallow's messages, one sentence each, with the field's path: `templateParams[0]: Not a valid string.`"""
    if isinstance(messages, dict):
        for key, below in messages.items():
            yield from sentences(below, _below(path, key))
    elif isinstance(messages, list):
        for message in messages:
            yield from sentences(message, path)
    else:
        yield f"{path}: {messages}" if path else str(messages)


def _below(path: str, key: Any) -> str:
    if key == "_schema" or (path.startswith("attributes.") and key in {"key", "value"}):
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)
