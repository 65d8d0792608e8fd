"""Trial: reads Parquet files whole, in a process of its own that may end at any of them.

`python -m aftersale.journal.trial BYTES` takes a JSON list of paths from its input and may use so many bytes of memory.
It writes a JSON line when it is ready, and then one for each file: the reason why it cannot be read, or null. A
damaged file can make it end without another line.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress

READY = "ready"
"""The first line."""


def main() -> None:
    """Read the files that the input names, and write what becomes of each."""
    os.environ |= {"POLARS_MAX_THREADS": "1", "RUST_BACKTRACE": "0"}  # each thread reserves memory, which would count
    import polars  # noqa: F401

    _write(READY)
    _bound(int(sys.argv[1]))
    for path in json.loads(sys.stdin.read()):
        _write(_reason(path))


def _bound(size: int) -> None:
    """Let a claim of more memory fail at once, and no memory be dumped then, where the system can do that."""
    try:
        import resource
    except ImportError:
        return
    for limit, value in ((resource.RLIMIT_AS, size), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(limit)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):  # a system that has the limit and refuses to set it
            resource.setrlimit(limit, (allowed, hard))


def _reason(path: str) -> str | None:
    import polars as pl

    try:
        pl.read_parquet(path, glob=False)
    # A file that is no table can make the reader fail in any way, even by a panic of its compiled code.
    except (Exception, pl.exceptions.PanicException) as error:
        lines = str(error).strip().splitlines()
        return lines[0] if lines else type(error).__name__
    return None


def _write(line: str | None) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
