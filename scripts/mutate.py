#!/usr/bin/env python3
"""Breaks the kernel on purpose, one line at a time, and shows that the tests notice.

    mutate.py [--build DIR] [-k EXPRESSION]

Each change of test/guest/mutations.table is made in a copy of the tree, built and booted into the
guest tests of the row of hazards.table that must notice. A change that its row survives is a defect
of the tests: the exit status is 1 then. First the copy is run unchanged, which every row must pass.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import hazards
import ktap

ROOT = hazards.ROOT
BOOT_SECONDS = 45
NO_MACHINE = 126
ENDS = {124: "the machine hangs", 125: "the machine resets itself"}  # of scripts/qemu


@dataclass
class Mutation:
    """A change of one line."""
    row: str
    path: str
    what: str
    by: str = ""
    near: str = ""
    old: str = ""
    new: str = ""


def squeeze(text):
    """Blanks count as one."""
    return " ".join(text.split())


def read_mutations(path):
    """The table."""
    mutations = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            if match := re.match(r" {4}(by|near|-|\+) +(.*)", line):
                name = {"-": "old", "+": "new"}.get(match[1], match[1])
                setattr(mutations[-1], name, squeeze(match[2]))
            elif match := re.match(r"(\w+) (\S+) (.*)", line):
                mutations.append(Mutation(match[1], match[2], match[3]))
            else:
                sys.exit(f"{path}:{number}: {line.strip()}")
    return mutations


def mutate(text, mutation):
    """The text with the change, or None if the line is not there, or not once."""
    lines = text.splitlines()
    start = 0
    if mutation.near:
        start = next((i for i, line in enumerate(lines) if mutation.near in squeeze(line)), len(lines))
    found = [i for i, line in enumerate(lines) if i >= start and squeeze(line) == mutation.old]
    if not found or (len(found) > 1 and not mutation.near):
        return None
    lines[found[0]] = mutation.new
    return "\n".join(lines) + "\n"


class Copy:
    """A copy of the tree with a build of its own."""

    def __init__(self, build):
        self.tree = os.path.join(build, "mutate", "tree")
        self.log = os.path.join(build, "mutate", "boot.log")
        shutil.rmtree(self.tree, ignore_errors=True)
        names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                               cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
        for name in names:
            target = os.path.join(self.tree, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), target)
        shutil.copytree(build, os.path.join(self.tree, "build"), symlinks=True,
                        ignore=shutil.ignore_patterns("mutate", "test", "hazards", "study"))

    def make(self):
        """True if it builds; its output is then nothing."""
        done = subprocess.run(["make", "-s", "build/postern.elf"], cwd=self.tree, check=False,
                              capture_output=True, text=True, env=hazards.ENVIRONMENT)
        if done.returncode:
            print(done.stderr)
        return done.returncode == 0

    def run(self, append, *settings):
        """(exit status, output) of a boot."""
        with open(self.log, "w", encoding="utf-8") as log:
            status = subprocess.run(
                ["scripts/qemu", "--kernel", f"{self.tree}/build/postern.elf", "--initrd",
                 f"{self.tree}/build/initrd.cpio", "--timeout", str(BOOT_SECONDS),
                 f"--append=loglevel=warning {append}", *settings],
                stdout=log, stderr=log, cwd=ROOT, check=False).returncode
        if status == NO_MACHINE:
            sys.exit(f"QEMU does not start: see {self.log}")
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return status, log.read()

    def sweep(self):
        """What an interrupt or NMI at every instruction brings to light, on both kinds of machine."""
        for settings in ([], ["--cpu", "core2duo-v1", "--qemu", "qemu-system-i386"]):
            status, output = self.run("sweep=on -- /test/sweep", "--icount", *settings)
            totals = ktap.read(output.splitlines())
            if totals.failed or status:
                return (totals.failures or [ENDS.get(status, f"status {status}")])[0]
        return ""

    def boot(self, row):
        """Why the row fails in this kernel; nothing if it holds."""
        guest = sorted({test for test, _ in row.tests})
        status, output = self.run("-- /test/run " + " ".join(guest))
        if panic := re.search(r"PANIC: .*", output):
            return panic[0]
        results = hazards.read_guest_log(self.log)
        for mode in hazards.MODES:
            for door in row.doors or (None,):
                for test, expression in row.tests:
                    mark = hazards.mark_of(results, mode, door, [(test, expression)])
                    if mark == hazards.FAILED:
                        return f"{mode}: {self.first_failure(results, mode, test)}"
                    if mark == hazards.NONE:
                        return ENDS.get(status, f"{mode}: {test} has no result")
        return ""

    @staticmethod
    def first_failure(results, mode, test):
        """The first check that failed."""
        return next(f"{test}: {check or 'it died'}" for (m, _, t), checks in results.items()
                    if (m, t) == (mode, test) for mark, check in checks if mark == hazards.FAILED)


def main():
    """Makes each change and prints what noticed it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("-k", default="", help="only changes whose row, file and text match")
    args = parser.parse_args()
    tables = os.path.join(ROOT, "test", "guest")
    rows = {row.name: row for row in hazards.read_table(os.path.join(tables, "hazards.table"))}
    mutations = [m for m in read_mutations(os.path.join(tables, "mutations.table"))
                 if re.search(args.k, f"{m.row} {m.path} {m.what}")]
    copy = Copy(os.path.abspath(args.build))
    survived = []

    every = hazards.Hazard("", "", {"test": sorted({t for m in mutations
                                                     for t in rows[m.row].fields.get("test", [])})})
    if not copy.make() or (reason := copy.boot(every)):
        sys.exit(f"unchanged, the kernel fails: {reason}")
    for mutation in mutations:
        path = os.path.join(copy.tree, mutation.path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        changed = mutate(text, mutation)
        if changed is None:
            reason, noticed = "the line is not there, or not once", False
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(changed)
            reason = ""
            if copy.make():
                reason = copy.sweep() if mutation.by == "sweep" else copy.boot(rows[mutation.row])
            noticed = bool(reason)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        if not noticed:
            survived.append(mutation.what)
        print(f"{mutation.row:4} {'noticed ' if noticed else 'SURVIVED'} {mutation.path}: "
              f"{mutation.what}\n{'':14}{reason}", flush=True)
    print(f"{len(mutations) - len(survived)} of {len(mutations)} changes were noticed")
    sys.exit(bool(survived))


if __name__ == "__main__":
    main()
