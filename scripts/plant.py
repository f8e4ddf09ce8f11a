#!/usr/bin/env python3
"""Kernels with a classic bug in them, one each: what a fuzzer of the border must find.

    plant.py --list                      name, knobs and description of each, separated by tabs
    plant.py [--flavour F] NAME...       builds BUILD/plant/NAME[/F]/postern.elf
    plant.py --check [NAME...]           builds them (default: all) and shows that each misbehaves

Each change of test/fuzz/planted.table is made in a copy of the tree; the kernel's own sources know
nothing of it. --check boots the guest tests that the table names and exits 1 if a bug does not show.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys

import changes
import ktap

TABLE = os.path.join(changes.ROOT, "test", "fuzz", "planted.table")
BOOT_SECONDS = 60


def kernel_in(build, flavour):
    """Where a build has that flavour's kernel."""
    return os.path.join(build, flavour, "postern.elf")


class Nursery:
    """The copy of the tree in which bugs are planted."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.tree = changes.Tree(self.build, os.path.join(self.build, "plant", "tree"))

    def plant(self, change, flavour):
        """The path of the kernel with the bug; None if there is none."""
        with self.tree.with_change(change) as made:
            if not made:
                print(f"{change.name}: the line is not there, or not once", file=sys.stderr)
            # what make was told about itself is in the environment, too
            elif self.tree.make(kernel_in("build", flavour), "PLANT=", f"FLAVOUR={flavour}"):
                kernel = kernel_in(os.path.join(self.build, "plant", change.name), flavour)
                os.makedirs(os.path.dirname(kernel), exist_ok=True)
                shutil.copy2(kernel_in(os.path.join(self.tree.path, "build"), flavour), kernel)
                return kernel
        return None

    def misbehaves(self, change):
        """What the guest tests of the table notice; nothing if they do not."""
        flavour, _, tests = change.get("by").rpartition("/")
        kernel = self.plant(change, flavour)
        if not kernel:
            return ""
        append = f"loglevel=warning {change.get('knobs')} -- /test/run {tests}"
        done = subprocess.run(
            ["scripts/qemu", "--kernel", kernel, "--initrd", f"{self.build}/initrd.cpio",
             "--timeout", str(BOOT_SECONDS), f"--append={append}"], cwd=changes.ROOT, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output = done.stdout.decode("utf-8", "replace")
        with open(os.path.join(self.build, "plant", change.name, "boot.log"), "w",
                  encoding="utf-8") as log:
            log.write(output)
        if panic := re.search(r"PANIC: .*", output):
            return panic[0].strip()
        totals = ktap.read(output.splitlines())
        return totals.failures[0] if totals.failures else f"status {done.returncode}" if done.returncode else ""


def check(build, planted):
    """Builds and boots each; True if all misbehave."""
    nursery = Nursery(build)
    good = 0
    for change in planted:
        seen = nursery.misbehaves(change)
        good += bool(seen)
        print(f"{change.name:16} {seen or 'NOTHING IS SEEN'}", flush=True)
    print(f"{good} of {len(planted)} planted bugs show")
    return good == len(planted)


def main():
    """Lists, builds or checks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="the build directory")
    parser.add_argument("--flavour", default="", help="instruments, joined by +")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    planted = {change.name: change for change in changes.read_changes(TABLE, ("knobs", "by"))}
    if unknown := [name for name in args.names if name not in planted]:
        sys.exit(f"no such bug: {' '.join(unknown)}; there are: {' '.join(planted)}")
    chosen = [planted[name] for name in args.names]
    if args.list:
        for change in chosen or planted.values():
            print(f"{change.name}\t{change.get('knobs')}\t{change.what}")
    elif args.check:
        sys.exit(not check(args.build, chosen or list(planted.values())))
    else:
        nursery = Nursery(args.build)
        sys.exit(not all([nursery.plant(change, args.flavour) for change in chosen]))


if __name__ == "__main__":
    main()
