#!/usr/bin/env python3
"""Makes the same runs on Postern and on this host's Linux, and compares them call by call: result,
errno, and the bytes written. What may differ stands, with its reason, in user/fuzz/differences.def.

    fuzz_diff.py [--build DIR] [--calls N] [--seed N] [--mode MODE]

Each run is one number on either side; only where two of them differ are its calls looked at.
"""
import argparse
import concurrent.futures
import itertools
import os
import re
import sys
import time

import fuzzing

CHUNK = 1000     # runs of a boot
SHOWN = 20       # differences that are looked at
SECONDS = 600.0  # that a chunk may take


def hashes(machine, seed, runs):
    """({seed: hash}, calls) of a range of runs."""
    found, calls = {}, 0
    for line in machine.run(f"--portable --hash --seed {seed} --runs {runs}", seconds=SECONDS):
        if match := re.match(r"#(\d+) (\w+)", line):
            found[int(match[1])] = match[2]
        elif match := re.match(r"fuzz: done calls=(\d+)", line):
            calls = int(match[1])
        elif line.startswith("fuzz: FAIL") or line.startswith("PANIC"):
            print(f"{machine.mode}: {line}")
    return found, calls


def steps(machine, seed):
    """[(call, result, hash)] of a run; a result of None is of a step that has none."""
    found = []
    for line in machine.run(f"--portable --trace --seed {seed} --runs 1"):
        if match := re.match(r"step \d+: (?:\w+ )?(.*\(.*)", line):
            found.append([match[1], None, ""])
        elif found and (match := re.match(r"  = (-?\d+)  (\w+)", line)):
            found[-1][1:] = int(match[1]), match[2]
    return found


def first_difference(host, postern, seed):
    """Where the two part, as a line; "" if they agree after all."""
    for number, (theirs, ours) in enumerate(itertools.zip_longest(steps(host, seed), steps(postern, seed))):
        if not theirs or not ours:
            return f"seed={seed} step={number}: one of them ends here: {(theirs or ours)[0]}"
        if theirs[2] != ours[2]:
            what = "the bytes differ" if theirs[1] == ours[1] else f"Linux {theirs[1]}, Postern {ours[1]}"
            return f"seed={seed} step={number} {ours[0]}: {what}"
    return ""


def main():
    """Compares chunks until there are enough calls."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chunk", type=int, default=CHUNK, help=argparse.SUPPRESS)
    parser.add_argument("--mode", choices=fuzzing.MODES, default="", help="default: both in turn")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    host = fuzzing.Host(build)
    modes = itertools.cycle([args.mode] if args.mode else fuzzing.MODES)
    seed, calls, differences, start = args.seed, 0, [], time.monotonic()
    while calls < args.calls and len(differences) < SHOWN:
        postern = fuzzing.Machine(build, next(modes), name="diff")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            theirs, ours = pool.map(lambda machine: hashes(machine, seed, args.chunk), (host, postern))
        if not ours[1] or not theirs[1]:
            sys.exit(f"fuzz: no runs: {host.end() or postern.end() or 'the fuzzer does not start'}")
        calls += ours[1]
        differing = [number for number, value in theirs[0].items() if ours[0].get(number) != value]
        found = [first_difference(host, postern, number) for number in differing[:SHOWN - len(differences)]]
        steady = [line for line in found if line]
        print("".join(f"{postern.mode}: {line}\n" for line in steady), end="")
        print(f"{time.monotonic() - start:5.0f} s  {calls:>10,} calls  {len(steady)} runs differ, "
              f"{len(found) - len(steady)} did not again", flush=True)
        differences += steady
        seed += args.chunk
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
