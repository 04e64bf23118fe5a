"""Load: wrk where it is installed, else threads of urllib3; either posts prepared requests, each once."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import urllib3

CONNECTIONS = 32
SECRET = "bench-app-secret"
TOKEN = "bench-token"
LUA = """
local posts = {{}}
for line in io.lines("{file}") do
  local tab = line:find("\\t", 1, true)
  posts[#posts + 1] = {{line:sub(1, tab - 1), line:sub(tab + 1)}}
end
local at = 0
local headers = {headers}
function request()
  at = at + 1
  if at > #posts then at = 1 end
  if {signed} then headers["X-Hub-Signature-256"] = posts[at][1] end
  return wrk.format("POST", "{path}", headers, posts[at][2])
end
function done(summary, latency, requests)
  local wrong = summary.errors
  io.write(string.format("DONE %d %d %d %f %f\\n", summary.requests, summary.duration,
    wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Posts:
    """What is posted to one endpoint: its headers, and a file with a signature and a body a line."""

    name: str
    path: str
    headers: dict[str, str]
    file: Path
    signed: bool = False


@dataclass(frozen=True)
class Result:
    """What came of a round: requests a second, and times in milliseconds."""

    rate: float
    p50: float
    p99: float
    errors: int


def tool() -> str:
    """What makes the load."""
    if shutil.which("wrk"):
        found = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
        return (found.stdout + found.stderr).splitlines()[0].split(" Copyright")[0]
    return f"urllib3 {version('urllib3')}, {CONNECTIONS} threads"


def prepared(folder: Path, count: int) -> list[Posts]:
    """A signed Facebook post, a Zapier post and a form's, so many of each; no two are the same."""
    kinds: tuple[tuple[str, str, Callable[[int], str], dict[str, str]], ...] = (
        ("facebook", "/in/facebook", facebook, {"Content-Type": "application/json"}),
        ("zapier", "/in/zapier", zapier, {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}),
        ("form", "/in/website", form, {"Content-Type": "application/x-www-form-urlencoded"}),
    )
    found = []
    for name, path, make, headers in kinds:
        file = folder / f"{name}.posts"
        file.write_text("".join(f"{sign(body)}\t{body}\n" for body in map(make, range(count))))
        found.append(Posts(name, path, headers, file, signed=name == "facebook"))
    return found


def facebook(number: int, changes: int = 1) -> str:
    """Meta's notice of leads."""
    values = [
        {"leadgen_id": f"{10**15 + number * changes + one}", "page_id": "153125381133", "form_id": "447333180259108"}
        for one in range(changes)
    ]
    entry = {"id": "153125381133", "time": 1588890044, "changes": [{"field": "leadgen", "value": v} for v in values]}
    return json.dumps({"object": "page", "entry": [entry]})


def zapier(number: int) -> str:
    """A lead as JSON."""
    lead = {"name": f"Asha Rao {number}", "phone": f"+9198{number:08}", "email": "asha@example.com", "city": "Pune"}
    return json.dumps(lead)


def form(number: int) -> str:
    """A lead as a form posts it."""
    return urlencode({"name": f"Asha Rao {number}", "phone": f"+9198{number:08}", "interest": "Sofas", "city": "Pune"})


def sign(body: str) -> str:
    """Meta's signature."""
    return f"sha256={hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()}"


def run(address: str, posts: Posts, seconds: float, start: int = 0) -> Result:
    """Post for so long, from the given line on."""
    lines = posts.file.read_text().splitlines()
    file = posts.file.with_suffix(".now")
    file.write_text("\n".join(lines[start:] + lines[:start]) + "\n")
    if shutil.which("wrk"):
        return _wrk(address, posts, file, seconds)
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", address, posts.path, str(file), str(seconds), json.dumps(posts.headers)],
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(**json.loads(done.stdout))


def _wrk(address: str, posts: Posts, file: Path, seconds: float) -> Result:
    script = file.with_suffix(".lua")
    headers = "{" + ", ".join(f'["{name}"] = "{value}"' for name, value in posts.headers.items()) + "}"
    script.write_text(LUA.format(file=file, headers=headers, path=posts.path, signed=str(posts.signed).lower()))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "10s", "-s", str(script), address]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"DONE (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", told)
    assert found, told
    count, microseconds, errors = map(int, found.groups()[:3])
    return Result(count / microseconds * 1e6, float(found[4]) / 1e3, float(found[5]) / 1e3, errors)


def _threads(address: str, path: str, file: str, seconds: float, headers: dict[str, str]) -> Result:
    pool = urllib3.HTTPConnectionPool(address.removeprefix("http://"), maxsize=CONNECTIONS)
    lines: Iterator[str] = iter(Path(file).read_text().splitlines())
    lock, times, errors = threading.Lock(), list[float](), list[int]()
    end = time.monotonic() + seconds

    def work() -> None:
        while time.monotonic() < end:
            with lock:
                signature, _, body = next(lines).partition("\t")
            start = time.perf_counter()
            answer = pool.request("POST", path, body=body, headers={**headers, "X-Hub-Signature-256": signature})
            times.append((time.perf_counter() - start) * 1e3)
            if answer.status != 200:
                errors.append(answer.status)

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(times, n=100)
    return Result(len(times) / seconds, cuts[49], cuts[98], len(errors))


if __name__ == "__main__":
    _, where, place, posts_file, duration, given = sys.argv
    print(json.dumps(_threads(where, place, posts_file, float(duration), json.loads(given)).__dict__))
