#!/usr/bin/env python3
"""Shows that the fuzzer finds what it is for: each planted bug of test/fuzz/planted.table.

    fuzz_proof.py [--build DIR] [-k EXPRESSION]

For each: builds a kernel with the bug, fuzzes it until the bug is found, and shrinks what found it.
One line says after how many calls and seconds; below it stands the shrunk run. A bug that is not
found in five minutes by a run that shows it alone is a defect of the fuzzer: the exit status is 1 then.
"""
import argparse
import os
import re
import sys
import time

import changes
import fuzzing
import plant

PATIENCE = 300  # seconds, for all modes
SILENCE = 20    # seconds without a word from a machine that hangs


def modes_of(change):
    """Where the bug can show. What else its knobs say, the fuzzer draws for each run."""
    match = re.search(r"isolation=(\w+)", change.get("knobs"))
    return [match[1]] if match else fuzzing.MODES


def find(machine, seed, seconds):
    """(Reader, reason) of the first failure from that seed on and within that time; reason is empty if
    there is none."""
    reader = fuzzing.Reader()
    for line in machine.run(f"--announce --stop --seed {seed}", seconds=seconds):
        reader.line(line)
    if reader.failures:
        return reader, reader.failures[0][1]
    if machine.status == fuzzing.TIMED_OUT and time.monotonic() - reader.heard < SILENCE:
        return reader, ""
    return reader, reader.panic or machine.end()


def prove(build, nursery, change):
    """True if the bug is found."""
    flavour = change.get("by").rpartition("/")[0]
    kernel = nursery.plant(change, flavour)
    if not kernel:
        return False
    calls, start = 0, time.monotonic()
    for number, mode in enumerate(modes_of(change), 1):
        machine, seed = fuzzing.Machine(build, mode, kernel, "proof"), 1
        deadline = start + PATIENCE * number / len(modes_of(change))
        while seed and (left := deadline - time.monotonic()) > 0:
            reader, reason = find(machine, seed, left)
            calls += reader.total("calls")
            if not reason:
                break
            say("found", change, mode, calls, start)
            if show_shrunk(build, mode, kernel, reader, reason):
                return True
            seed = reader.at and reader.at + 1  # what earlier runs have left took part in it
    say("MISSED", change, "", calls, start)
    return False


def say(verdict, change, mode, calls, start):
    """The line of a bug."""
    print(f"{verdict:7} {change.name:18} {mode:6} {calls:>9,} calls {time.monotonic() - start:>6.1f} s  "
          f"{change.what}", flush=True)


def show_shrunk(build, mode, kernel, reader, reason):
    """The fewest calls that still show the bug; true if there are any."""
    seed = reader.failures[0][0] if reader.failures else reader.at
    print(f"        {reason}", flush=True)
    if seed is None:
        print("        before the first run")
        return False
    sound = fuzzing.Runs(build, mode)  # says what a run is, whatever the bug breaks
    run, shrunk = fuzzing.shrink(fuzzing.Runs(build, mode, kernel),
                                 reader.runs.get(seed) or sound.words_of(seed), lambda text: None,
                                 in_any_way=True)
    if not run:
        print(f"        seed {seed} alone does not show it")
        return False
    steps = [line for line in sound.show(run, "--test") if line.startswith("step ")]
    print("".join(f"        {line}\n" for line in steps) + f"        -> {shrunk.split('): ')[-1]}\n"
          f"        make fuzz-replay SEED={seed} MODE={mode} KERNEL={os.path.relpath(kernel)}", flush=True)
    return True


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
