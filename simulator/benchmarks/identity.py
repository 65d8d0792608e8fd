"""Identity of the kernels with SimPy, on scenarios made at random: what differs, and how large they are.

    python simulator/benchmarks/identity.py [--examples 500] [--seed 1] [--least 2000] [--keep FOLDER]

Each scenario is run by the desk and by every kernel that is here, compiled and plain, and compared in all that a run
leaves: cases, rows of the tally, handlings, backlog, reads, results. Of each that differs the first differences are
printed, and its document is written to the folder. Where hypothesis makes a scenario that cannot be enlarged, it counts
with the size that it has.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "identity"))

from identity_runs import Found, compare


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=int, default=2000)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "aftersale-identity")
    options = parser.parse_args()
    sizes: list[int] = []
    differing: list[int] = []
    began = time.perf_counter()

    def told(found: Found) -> None:
        sizes.append(found.handlings)
        if found.differences:
            differing.append(len(sizes))
            options.keep.mkdir(parents=True, exist_ok=True)
            place = options.keep / f"{options.seed}-{len(sizes)}.json"
            place.write_text(json.dumps(found.document, default=str, indent=1), encoding="utf-8")
            print(f"--- {place}", *found.differences[:5], sep="\n", flush=True)
        if len(sizes) % 25 == 0:
            print(f"{len(sizes)} scenarios, {time.perf_counter() - began:.0f} s, {len(differing)} differ", flush=True)

    compare(options.examples, options.seed, options.least, told)
    large = sum(size >= options.least for size in sizes)
    print(f"{len(sizes)} scenarios, {large} of {options.least} handlings or more, {sum(sizes)} handlings in all")
    print(f"{len(differing)} differ" if differing else "all are the same")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
