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
import subprocess
import sys

import changes
import hazards
import ktap

ROOT = hazards.ROOT
BOOT_SECONDS = 45
NO_MACHINE = 126
ENDS = {124: "the machine hangs", 125: "the machine resets itself"}  # of scripts/qemu


class Copy:
    """A copy of the tree, and the boots of its kernel."""

    def __init__(self, build):
        self.tree = changes.Tree(build, os.path.join(build, "mutate", "tree"))
        self.initrd = os.path.join(build, "initrd.cpio")
        self.log = os.path.join(build, "mutate", "boot.log")

    def run(self, append, *settings):
        """(exit status, output) of a boot."""
        with open(self.log, "w", encoding="utf-8") as log:
            status = subprocess.run(
                ["scripts/qemu", "--kernel", f"{self.tree.path}/build/postern.elf", "--initrd",
                 self.initrd, "--timeout", str(BOOT_SECONDS),
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
    mutations = [m for m in changes.read_changes(os.path.join(tables, "mutations.table"), ("by",))
                 if re.search(args.k, f"{m.name} {m.path} {m.what}")]
    copy = Copy(os.path.abspath(args.build))
    survived = []

    every = hazards.Hazard("", "", {"test": sorted({t for m in mutations
                                                     for t in rows[m.name].fields.get("test", [])})})
    if not copy.tree.make() or (reason := copy.boot(every)):
        sys.exit(f"unchanged, the kernel fails: {reason}")
    for mutation in mutations:
        with copy.tree.with_change(mutation) as made:
            reason = "" if made else "the line is not there, or not once"
            if made and copy.tree.make():
                reason = copy.sweep() if mutation.get("by") == "sweep" else copy.boot(rows[mutation.name])
        noticed = made and bool(reason)
        if not noticed:
            survived.append(mutation.what)
        print(f"{mutation.name:4} {'noticed ' if noticed else 'SURVIVED'} {mutation.path}: "
              f"{mutation.what}\n{'':14}{reason}", flush=True)
    print(f"{len(mutations) - len(survived)} of {len(mutations)} changes were noticed")
    sys.exit(bool(survived))


if __name__ == "__main__":
    main()
