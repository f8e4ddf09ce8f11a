#!/usr/bin/env python3
"""Where the instructions of one operation go: boots a benchmark under a plugin of QEMU that counts
what is executed, and prints functions and counts.

    profile_operation.py [--build DIR] [--isolation split|shared] [--door DOOR] BENCHMARK

The operation is the median of several; the sum is what the benchmark prints.
"""
import argparse
import bisect
import collections
import os
import re
import subprocess
import sys

VDSO, GATE, GATE_END = 0xffffe000, 0xffffd000, 0xfffff000
KERNEL = 0xc0000000


def symbols(path, isolation):
    """Sorted (address, name) of the functions; of the gate page those of the variant that is mapped."""
    found = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            fields = line.split()
            if len(fields) != 3 or fields[1] not in "tT" or fields[2].startswith("."):
                continue
            if "_gate_" not in fields[2] or fields[2].startswith(f"{isolation}_gate_"):
                found.setdefault(int(fields[0], 16), fields[2])
    return sorted(found.items())


def place(address, table):
    """The name of what an address belongs to."""
    if address < KERNEL:
        return "user"
    if VDSO <= address < GATE_END:
        return "vDSO"
    index = bisect.bisect_right(table, (address, "\x7f")) - 1
    return table[index][1] if index >= 0 else "?"


def operations(path):
    """[(CR3 writes, {address: count})] of each operation that the plugin saw."""
    found = []
    with open(path, encoding="ascii") as lines:
        for line in lines:
            first, second = line.split()
            if first == "operation":
                found.append((int(second), {}))
            else:
                found[-1][1][int(first, 16)] = int(second)
    return found


class Profile:
    """One operation: instructions by function and by address, and CR3 writes."""

    def __init__(self, build, benchmark, isolation="split", door="int80"):
        folder = os.path.join(build, "profile")
        os.makedirs(folder, exist_ok=True)
        counts = os.path.join(folder, f"{benchmark}-{isolation}-{door}")
        command = ["scripts/qemu", "--kernel", f"{build}/postern.elf", "--initrd",
                   f"{build}/initrd.cpio", "--icount", "--timeout", "120", "--extra",
                   f"-plugin {build}/plugin/profile.so,out={counts}",
                   f"--append=loglevel=error isolation={isolation} -- /bin/bench --marks "
                   f"--door={door} {benchmark}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, check=False)
        seen = operations(counts) if done.returncode == 0 else []
        if not seen:
            sys.exit(f"profile: {benchmark} did not run:\n{done.stdout.decode(errors='replace')}")
        ordered = sorted(seen, key=lambda operation: sum(operation[1].values()))
        self.cr3_writes, self.addresses = ordered[len(ordered) // 2]
        self.symbols = symbols(f"{build}/postern.nm", isolation)
        self.functions = collections.Counter()
        for address, count in self.addresses.items():
            self.functions[place(address, self.symbols)] += count

    def total(self):
        """Instructions of the operation, as the benchmark counts them."""
        return sum(self.functions.values())

    def gate(self):
        """Those of them that are the floor: in the user's stub, the vDSO and the gate page."""
        return sum(count for name, count in self.functions.items()
                   if name in ("user", "vDSO") or re.match(r"(split|shared)_gate_", name))


def main():
    """Prints the profile of one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--isolation", default="split", choices=("split", "shared"))
    parser.add_argument("--door", default="int80")
    parser.add_argument("benchmark")
    args = parser.parse_args()
    profile = Profile(args.build, args.benchmark, args.isolation, args.door)
    print(f"{args.benchmark}, isolation={args.isolation}, door={args.door}: "
          f"{profile.total():,} instructions, {profile.cr3_writes} CR3 writes\n")
    for name, count in sorted(profile.functions.items(), key=lambda item: (-item[1], item[0])):
        print(f"{count:>8,} {100 * count / profile.total():>5.1f} %  {name}")


if __name__ == "__main__":
    main()
