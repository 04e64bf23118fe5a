from __future__ import annotations

import marshmallow as ma


class Fault(str):
    """A fault's sentence, with its code and hint."""

    __slots__ = ("code", "hint")
    code: str
    hint: str

    def __new__(cls, code: str, message: str, hint: str = "") -> Fault:
        """A str can be given its other parts only here."""
        fault = super().__new__(cls, message)
        fault.code, fault.hint = code, hint
        return fault


def fault(code: str, message: str, hint: str = "") -> ma.ValidationError:
    """A fault to raise from a field or a schema."""
    return ma.ValidationError(Fault(code, message, hint))
