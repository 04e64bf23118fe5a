"""Logs: structlog, in colour for a terminal, else JSON. Phones, names, mails and secrets never stand in them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"\+?\d[\d \-().]{7,}\d")
_ID = re.compile(r"(^|_)(id|version|pid|port|bytes|at|ms|count)$")
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
        if _SECRET.search(name):
            event[name] = "***"
        elif name == "name":
            event[name] = mask_name(str(value))
        elif isinstance(value, str) and name not in {"event", "timestamp", "level"} and not _ID.search(name):
            event[name] = mask_text(value)
    return event


def setup() -> None:
    """Log to standard error; other libraries' warnings too."""
    terminal = sys.stderr.isatty()
    renderer: Any = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(sort_keys=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")


def get() -> Any:
    """The program's logger: `log.get().info("lead_accepted", endpoint=…)`."""
    return structlog.get_logger()
