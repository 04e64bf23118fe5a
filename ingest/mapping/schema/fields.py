"""The kinds of values that a mapping's keys take, as marshmallow fields."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import marshmallow as ma

from ingest.mapping.schema.faults import Fault, fault


class Strict(ma.Schema):
    """Unknown keys are faults, as marshmallow has it by default."""

    def across(self) -> dict[str, Any]:
        """What `validates_schema` asks across keys, in the words of JSON Schema."""
        return {}


def about(description: str, *examples: Any, **more: Any) -> dict[str, Any]:
    """A field's metadata: what it is, examples of its value, and what else editors should know, as JSON Schema."""
    return {"description": description, **({"examples": list(examples)} if examples else {}), **more}


def ruled_out(sentence: str) -> dict[str, Any]:
    """A key that may not be there, in the words of JSON Schema; editors show the sentence."""
    return {"type": "null", "errorMessage": sentence, "doNotSuggest": True}


def one_of(*choices: str) -> ma.validate.OneOf:
    """One of these words."""
    return ma.validate.OneOf(choices, error=f"Must be one of {', '.join(choices)}.")


class Text(ma.fields.String):
    """Text, never a number or a truth value in its place."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool | int | float | Decimal):
            raise fault("wrong_type", "Must be text.", f'put it in quotes: "{value}"'.replace("True", "true"))
        if not isinstance(value, str):
            raise fault("wrong_type", f"Must be text, and is {_kind(value)}.")
        return super()._deserialize(value, attr, data, **kwargs)


class Template(Text):
    """Text with expressions in `{{ }}`, or without any. Whether they are right is asked when they are compiled."""


class Condition(ma.fields.Field[Any]):
    """A bare expression; `true` and `false` are expressions too."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if not isinstance(value, str | bool) or value == "":
            raise fault("wrong_type", "Must be an expression.", "like lead.city == 'Pune'")
        return value


class Read(Text):
    """Text that `read` understands; the value stays the text."""

    def __init__(self, read: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.read = read

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            text = super()._deserialize(value, attr, data, **kwargs)
        except ma.ValidationError:
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                _number_for(self.read, value)
            raise
        self.read(text)
        return text


class Flag(ma.fields.Field[bool]):
    """`true` or `false`, and no number in their place."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if not isinstance(value, bool):
            raise fault("wrong_type", "Must be true or false.", "write true, without quotes")
        return value


class Number(ma.fields.Float):
    """A number, and no text that looks like one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            raise fault("wrong_type", "Must be a number.", "leave the quotes out")
        return super()._deserialize(value, attr, data, **kwargs)


class Either(ma.fields.Field[Any]):
    """One of several kinds, told apart by how it is written: a list, a set of keys, or anything else, `plain`."""

    def __init__(
        self,
        plain: ma.fields.Field[Any],
        *,
        listed: ma.fields.List[Any] | None = None,
        keyed: ma.fields.Dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plain, self.listed, self.keyed = plain, listed, keyed

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        kinds: dict[type, ma.fields.Field[Any] | None] = {list: self.listed, dict: self.keyed}
        return (kinds.get(type(value)) or self.plain).deserialize(value)


def _number_for(read: Callable[[str], Any], value: Any) -> None:
    """Raises what mends a number where its unit is missing too: `max_age: 24`."""
    try:
        read(str(value))
    except ma.ValidationError as error:
        (wrong,) = error.messages
        hint = wrong.hint if isinstance(wrong, Fault) else ""
        if isinstance(wrong, Fault) and wrong.code == "secret_in_file":
            raise
        raise fault("wrong_type", "Must be text, and is a number.", hint) from None


def _kind(value: Any) -> str:
    return {dict: "a set of keys", list: "a list", type(None): "nothing"}.get(type(value), "something else")
