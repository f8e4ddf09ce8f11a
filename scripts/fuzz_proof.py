#!/usr/bin/env python3
"""Shows that the fuzzer finds what it is for: each planted bug of test/fuzz/planted.table.

    fuzz_proof.py [--build DIR] [-k EXPRESSION]

For each: builds a kernel with the bug, fuzzes it until the bug is found, and shrinks what found it.
One line says after how many calls and seconds; below it stands the shrunk run. A bug that is not
found in five minutes is a defect of the fuzzer: the exit status is 1 then.
"""
import argparse
import os
import re
import sys
import time

import changes
import fuzzing
import plant

PATIENCE = 300  # seconds


def modes_of(change):
    """Where the bug can show."""
    match = re.search(r"isolation=(\w+)", change.get("knobs"))
    return [match[1]] if match else fuzzing.MODES


def find(machine, seconds):
    """(Reader, reason) of the first failure within that time; reason is empty if there is none."""
    reader = fuzzing.Reader()
    for line in machine.run("--announce --stop --seed 1", seconds=seconds):
        reader.line(line)
    if reader.failures:
        return reader, reader.failures[0][1]
    if machine.status == 124 and reader.total("calls") and time.monotonic() < machine.deadline:
        return reader, "hangs"
    return reader, (reader.panic or machine.end()) if machine.status != 124 else ""


def prove(build, nursery, change):
    """True if the bug is found."""
    flavour = change.get("by").rpartition("/")[0]
    kernel = nursery.plant(change, flavour)
    if not kernel:
        return False
    for mode in modes_of(change):
        machine = fuzzing.Machine(build, mode, kernel, "proof")
        start = time.monotonic()
        machine.deadline = start + PATIENCE - 1
        reader, reason = find(machine, PATIENCE / len(modes_of(change)))
        seconds = time.monotonic() - start
        if not reason:
            continue
        print(f"found   {change.name:18} {mode:6} {reader.total('calls'):>9,} calls {seconds:>6.1f} s  "
              f"{change.what}\n        {reason}", flush=True)
        show_shrunk(fuzzing.Runs(build, mode, kernel), reader, reason)
        return True
    print(f"MISSED  {change.name:18} {'':6} {reader.total('calls'):>9,} calls {PATIENCE:>6} s  {change.what}",
          flush=True)
    return False


def show_shrunk(runs, reader, reason):
    """The fewest calls that still show the bug."""
    seed = reader.failures[0][0] if reader.failures else reader.at
    if seed is None:
        print(f"        before the first run: {reason}")
        return
    run, shrunk = fuzzing.shrink(runs, reader.runs.get(seed) or runs.words_of(seed), lambda text: None)
    if not run:
        print(f"        seed {seed} alone does not show it: {reason}")
        return
    steps = [line for line in runs.show(run, "--test") if line.startswith("step ")]
    print("".join(f"        {line}\n" for line in steps) + f"        -> {shrunk.split('): ')[-1]}", flush=True)


def main():
    """Proves one after another."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("-k", default="", help="only bugs whose name matches this expression")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    planted = [change for change in changes.read_changes(plant.TABLE, ("knobs", "by"))
               if re.search(args.k, change.name)]
    nursery = plant.Nursery(build)
    found = sum(prove(build, nursery, change) for change in planted)
    print(f"{found} of {len(planted)} planted bugs were found")
    sys.exit(found != len(planted))


if __name__ == "__main__":
    main()
