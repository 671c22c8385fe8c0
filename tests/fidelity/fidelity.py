"""pipit against implementations that are not ours, live: ./dev fidelity [PART …]

Every part makes its inputs, lets the built program and the references work on them, and reports the worst difference. The rows of all parts
that have run are kept in build/fidelity/results.json and make the table in docs/fidelity.md. Exit status 1 when a bound is broken.
"""

import argparse
import dataclasses
import importlib
import json
import os
import pathlib
import sys
import time

import report
from program import ROOT, Program

TITLES = {"tokens": "Tokens", "decoding": "Frames", "pictures": "Preprocessing", "images": "Images", "models": "Vectors",
          "checkpoints": "Checkpoints", "retrieval": "Search"}  # fmt: skip
PARTS = [name for name in TITLES if (pathlib.Path(__file__).parent / f"{name}.py").exists()]
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


def write_page(results):
    page = ROOT / "docs" / "fidelity.md"
    text = page.read_text()
    tables = []
    for part in PARTS:
        if part in results:
            tables.append(f"### {TITLES[part]}\n\n{report.table([report.Row(**row) for row in results[part]])}\n")
    before, rest = text.split(BEGIN)
    page.write_text(before + BEGIN + "\n\n" + "\n".join(tables) + "\n" + END + rest.split(END)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS) + "; nothing: all")
    parser.add_argument("--build", default=ROOT / "build" / "release")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "fidelity")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    arguments.work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))
    program = Program(arguments.build)
    kept = arguments.work / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    good = True
    for name in arguments.parts or PARTS:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        rows = []
        for row in importlib.import_module(name).compare(program, arguments.work):
            row.show()
            rows.append(row)
        good = good and all(row.good for row in rows)
        results[name] = [dataclasses.asdict(row) for row in rows]
        kept.write_text(json.dumps(results, indent=1))
        print(f"   {time.monotonic() - start:.0f} s", flush=True)
    missing = [part for part in PARTS if part not in results]
    if missing:
        print(f"docs/fidelity.md stays as it is: {', '.join(missing)} did not run here yet")
    else:
        write_page(results)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
