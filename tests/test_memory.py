from __future__ import annotations

import platform
import subprocess
import sys

SCRIPT = """
import sys, threading
from ingest import memory
if sys.argv[1] == "one":
    memory.one_arena()
barrier = threading.Barrier(8)

def work():
    barrier.wait()
    kept = [bytes(2000 + number % 100) for number in range(2000)]
    barrier.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
reserved = [line.split()[0].split("-") for line in open("/proc/self/maps") if line.split()[1] == "---p"]
print(sum(int(end, 16) - int(start, 16) > 2**25 for start, end in reserved))
"""


def arenas(how: str) -> int:
    """How many arenas beside the first a process has whose threads all took memory."""
    return int(subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True).stdout)


def test_threads_share_one_arena() -> None:
    """Sixteen threads that each took a post of a thousand leads do not keep sixteen times its memory."""
    assert arenas("one") == 0
    assert arenas("as it is") > 0 or platform.libc_ver()[0] != "glibc"  # others have none anyway
