"""How processes get their memory from the system."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # of glibc's malloc.h


def one_arena() -> None:
    """Let all threads take their memory from one place.

    By default glibc gives each thread an arena of its own, which keeps what its largest request ever took. To be called
    before threads are started. https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html
    """
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    except (OSError, AttributeError):  # another libc: it has no arenas
        return
