#!/usr/bin/env python3
"""What isolation costs: boots Postern once in an icount run, measures every benchmark through every
door in both isolation modes, interleaved, and prints one table.

    study.py [--build DIR]

build/study/ keeps the raw serial log (KTAP and Go benchmark lines, which benchstat reads as they are)
and results.jsonl, one figure a line: {"benchmark", "isolation", "door", "unit", "value"}.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import threading
import time

import ktap

DOORS = ("int80", "sysenter", "syscall", "callgate")
MODES = ("split", "shared")
TITLES = {
    "Null": "null call (getppid)",
    "Enosys": "unknown number",
    "ReadZero1": "read 1 B /dev/zero",
    "ReadZero64K": "read 64 KiB /dev/zero",
    "WriteNull1": "write 1 B /dev/null",
}
LINE = re.compile(r"^Benchmark(\w+)((?:/\w+=\w+)*) \d+ (.*)$")


def figures(lines):
    """One dictionary for each value of each Go benchmark line."""
    for line in lines:
        if not (match := LINE.match(line.strip())):
            continue
        keys = dict(part.split("=") for part in match[2].split("/")[1:])
        fields = match[3].split()
        for value, unit in zip(fields[::2], fields[1::2]):
            yield {"benchmark": match[1], "isolation": keys.get("isolation", ""),
                   "door": keys.get("door", ""), "unit": unit, "value": int(value)}


def boot(build, log_path):
    """Runs the benchmarks; returns the log's lines. Shows how far it is on a terminal."""
    command = ["scripts/qemu", "--kernel", f"{build}/postern.elf", "--initrd",
               f"{build}/initrd.cpio", "--icount", "--timeout", "300",
               "--append=loglevel=notice -- /bin/bench --all"]
    start, done = time.monotonic(), threading.Event()
    with open(log_path, "wb") as log:
        with subprocess.Popen(command, stdout=log, stdin=subprocess.DEVNULL) as machine:
            def show():
                while not done.wait(0.5):
                    with open(log_path, encoding="utf-8", errors="replace") as so_far:
                        results = so_far.read().count("\nok ")
                    print(f"\rstudy: {results} results, {time.monotonic() - start:.0f} s ",
                          end="", file=sys.stderr, flush=True)
            if sys.stderr.isatty():
                threading.Thread(target=show, daemon=True).start()
            status = machine.wait()
            done.set()
    if sys.stderr.isatty():
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    with open(log_path, encoding="utf-8", errors="replace") as log:
        lines = log.read().splitlines()
    totals = ktap.read(lines)
    if status or totals.failed:
        for failure in totals.failures:
            print(f"study: not ok: {failure}", file=sys.stderr)
        sys.exit(f"study: the run failed (status {status}); its log is {log_path}")
    return lines


class Table:
    """The figures by benchmark, door, mode and unit."""

    def __init__(self, rows):
        self.values = {(r["benchmark"], r["door"], r["isolation"], r["unit"]): r["value"]
                       for r in rows}

    def get(self, benchmark, door, mode, unit):
        """A value or None."""
        return self.values.get((benchmark, door, mode, unit))

    def costs(self):
        """The lines of the table of costs."""
        yield (f"{'instructions of one call':<24} {'door':<9} {'split':>7} {'shared':>7} "
               f"{'differ':>7}   {'CR3 writes':>10}")
        for benchmark, title in TITLES.items():
            for door in DOORS:
                split, shared = (self.get(benchmark, door, m, "instr/op") for m in MODES)
                if split is None or shared is None:
                    yield f"{title:<24} {door:<9} {'this CPU lacks the door':>23}"
                else:
                    writes = [self.get(benchmark, door, m, "cr3/op") for m in MODES]
                    yield (f"{title:<24} {door:<9} {split:>7,} {shared:>7,} {split - shared:>+7,}   "
                           f"{writes[0]:>4} and {writes[1]:>1}")
                title = ""
            yield ""

    def exposure(self):
        """The lines of the table of exposure."""
        yield f"{'exposed to user mode':<24} {'pages':>9} {'bytes':>13}"
        for mode in MODES:
            pages, size = (self.get("Exposure", "", mode, u) for u in ("pages/op", "bytes/op"))
            yield f"{mode:<24} {pages:>9,} {size:>13,}"


def main():
    """Runs the study and prints its tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    build = parser.parse_args().build
    folder = os.path.join(build, "study")
    os.makedirs(folder, exist_ok=True)
    rows = list(figures(boot(build, os.path.join(folder, "serial.log"))))
    with open(os.path.join(folder, "results.jsonl"), "w", encoding="utf-8") as results:
        for row in rows:
            results.write(json.dumps(row) + "\n")
    table = Table(rows)
    print("What isolation costs. Exact instruction counts from the user stub's call to its return;\n"
          "QEMU counts instructions, so what a CR3 write costs in time is not in them: their number "
          "is.\n")
    for line in table.costs():
        print(line)
    for line in table.exposure():
        print(line)
    print(f"\nRaw log and figures: {folder}/serial.log, {folder}/results.jsonl")


if __name__ == "__main__":
    main()
