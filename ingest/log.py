"""Logs: structlog, in colour for a terminal, else JSON. Phones, names, mails and secrets never stand in them."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog

_MAIL = re.compile(r"""[^\s@<>"(),;:\[\]\\]{1,64}@[\w-]+\.[\w.-]+""")
_PHONE = re.compile(r"\+?\d[\d \u00a0\-().]{7,}\d")
_NAMES = frozenset({"name", "full_name", "first_name", "last_name", "userName"})
_OURS = frozenset({"event", "timestamp", "level"})
_ID = re.compile(r"(^|_)(id|version|pid|port|bytes|at|ms|count|subject)$")
_SECRET = re.compile(r"(key|token|secret|password|authorization|signature)", re.IGNORECASE)


def mask_phone(phone: str) -> str:
    """`+919876543210` → `+9198••••••10`."""
    return f"{phone[:5]}{'•' * max(len(phone) - 7, 3)}{phone[-2:]}" if len(phone) > 7 else "•••"


def mask_name(name: str) -> str:
    """`Asha Rao` → `A•••`."""
    return f"{name[:1]}•••"


def mask_text(text: str) -> str:
    """A text with its phones and mail addresses masked."""
    text = _MAIL.sub(lambda found: f"{found[0][0]}•••@•••", text)
    return _PHONE.sub(lambda found: mask_phone(found[0]), text)


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in list(event.items()):
        if name not in _OURS:
            event[name] = _masked(name, value)
    return event


@lru_cache(maxsize=256)
def _kind(name: str) -> str:
    """What a field's name tells of its value: `secret`, `id`, or nothing."""
    if _SECRET.search(name):
        return "secret"
    return "id" if _ID.search(name) else ""


def _masked(name: str, value: Any) -> Any:
    match value:
        case _ if _kind(name) == "secret":
            value = "***"
        case _ if _kind(name) == "id":
            pass
        case dict():
            value = {key: _masked(str(key), inner) for key, inner in value.items()}
        case list() | tuple():
            value = [_masked(name, inner) for inner in value]
        case str() if name in _NAMES:
            value = mask_name(value)
        case str():
            value = mask_text(value)
        case int() if _PHONE.fullmatch(str(value)):
            value = mask_phone(str(value))
    return value


_ENCODER = json.JSONEncoder(sort_keys=True, default=repr)


def _json(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    return _ENCODER.encode(event)


def setup() -> None:
    """Log to standard error; other libraries' warnings too."""
    terminal = sys.stderr.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if terminal else _json
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


def get() -> Any:
    """The program's logger: `log.get().info("lead_accepted", endpoint=…)`."""
    return structlog.get_logger()
