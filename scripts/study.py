#!/usr/bin/env python3
"""What isolation costs: boots Postern once in an icount run, measures every benchmark through every
door in both isolation modes, interleaved, and prints the tables.

    study.py [--build DIR]            the tables
    study.py --update --cc COMPILER   rewrites scripts/bench.txt, and says what has changed

build/study/ keeps the raw serial log (KTAP and Go benchmark lines, which benchstat reads as they are)
and results.jsonl, one figure a line: {"benchmark", "isolation", "door", "unit", "value"}.
"""
import argparse
import json
import os
import subprocess
import sys
import threading
import time

import figures
import ktap
import profile_operation
from figures import DOORS, MODES

BASELINES = "scripts/baselines.txt"
# What every door is shown for; the other table has two of them.
EVERY_DOOR = {
    "Null": "null call (getppid)",
    "Enosys": "unknown number",
    "ReadZero1": "read 1 B /dev/zero",
    "ReadZero64K": "read 64 KiB /dev/zero",
    "WriteNull1": "write 1 B /dev/null",
}


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


def costs(table):
    """The lines of the table of all doors."""
    yield (f"{'instructions of one call':<24} {'door':<9} {'split':>7} {'shared':>7} "
           f"{'differ':>7}   {'CR3 writes':>10}")
    for benchmark, title in EVERY_DOOR.items():
        for door in DOORS:
            if (benchmark, door) not in table:
                yield f"{title:<24} {door:<9} {'this CPU lacks the door':>23}"
            else:
                split, shared, writes, none = table[benchmark, door]
                yield (f"{title:<24} {door:<9} {split:>7,} {shared:>7,} {split - shared:>+7,}   "
                       f"{writes:>4} and {none:>1}")
            title = ""
        yield ""


def numbers(cell):
    """The figures of a cell of baselines.txt; none where it has a dash."""
    return [] if cell == "-" else [int(number) for number in cell.split("/")]


def baselines():
    """The rows of baselines.txt: (benchmark, of, title, Linux on, Linux off, xv6, target)."""
    with open(BASELINES, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                cells = [cell.strip() for cell in line.split("|")]
                yield cells[:3] + [numbers(cell) for cell in cells[3:]]


def measured(table, benchmark, part):
    """(split, shared): each a list of the figures by int80 and sysenter, or by no door."""
    cells = [table[benchmark, door] for door in ("int80", "sysenter", "-")
             if (benchmark, door) in table]
    split, shared = ([row[mode] for row in cells] for mode in range(2))
    if part == "diff":
        return [a - b for a, b in zip(split, shared)], []
    per = int(part or 1)
    return [-(-value // per) for value in split], [-(-value // per) for value in shared]


def shown(values):
    """A cell: figures through int $0x80 and through sysenter, once if they are the same."""
    texts = [f"{value:,}" for value in values]
    return " / ".join(texts[:1] if len(set(texts)) == 1 else texts) or "-"


def peers(table):
    """The lines of the table that has what else there is, and the targets."""
    yield (f"{'int $0x80 / sysenter':<36} {'Postern split':>17} {'Postern shared':>17} "
           f"{'Linux pti=on':>17} {'Linux pti=off':>17} {'xv6':>8} {'target':>9}")
    for benchmark, part, title, pti_on, pti_off, xv6, target in baselines():
        split, shared = measured(table, benchmark, part)
        limits = target * len(split) if len(target) == 1 else target
        met = all(value <= limit for value, limit in zip(split, limits))
        mark = "" if not target else "not there" if not split else "ok" if met else "OVER"
        yield (f"{title:<36} {shown(split):>17} {shown(shared):>17} {shown(pti_on):>17} "
               f"{shown(pti_off):>17} {shown(xv6):>8} {shown(target):>9}  {mark}").rstrip()


def exposure(rows):
    """The lines of the table of exposure."""
    value = {(row["isolation"], row["unit"]): row["value"] for row in rows
             if row["benchmark"] == "Exposure"}
    yield f"{'exposed to user mode':<24} {'pages':>9} {'bytes':>13}"
    for mode in MODES:
        yield f"{mode:<24} {value[mode, 'pages/op']:>9,} {value[mode, 'bytes/op']:>13,}"


def floor(build):
    """What no dispatcher could save: the null call's instructions in the user's stub, the vDSO and the
    gate page, as a plugin of QEMU sees them. As rows of the table of figures."""
    rows = {}
    for door in ("int80", "sysenter"):
        split, shared = (profile_operation.Profile(build, "Null", mode, door) for mode in MODES)
        rows["Floor", door] = [split.gate(), shared.gate(), split.cr3_writes, shared.cr3_writes]
    return rows


def update(table, compiler):
    """Rewrites the file of figures and prints what has changed."""
    if os.path.exists(figures.EXPECTED):
        old, _ = figures.read(figures.EXPECTED)
        for lines in figures.compare(table, old):
            print("\n".join(lines))
    figures.write(figures.EXPECTED, table, figures.versions(compiler))


def main():
    """Runs the study and prints its tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--cc", default="i686-linux-gnu-gcc")
    args = parser.parse_args()
    folder = os.path.join(args.build, "study")
    os.makedirs(folder, exist_ok=True)
    rows = list(figures.parse(boot(args.build, os.path.join(folder, "serial.log"))))
    with open(os.path.join(folder, "results.jsonl"), "w", encoding="utf-8") as results:
        for row in rows:
            results.write(json.dumps(row) + "\n")
    table = figures.table_of(rows)
    if args.update:
        update(table, args.cc)
        return
    table |= floor(args.build)
    print("What isolation costs. Exact instruction counts from the user stub's call to its return;\n"
          "QEMU counts instructions, so what a CR3 write costs in time is not in them: their number "
          "is.\n")
    for lines in (costs(table), peers(table), [""], exposure(rows)):
        for line in lines:
            print(line)
    print(f"\nRaw log and figures: {folder}/serial.log, {folder}/results.jsonl")


if __name__ == "__main__":
    main()
