#!/usr/bin/env python3
"""Fuzzes Postern with user/fuzz: campaigns, and what is done with what they find.

    fuzz.py campaign --time SECONDS     both modes, all doors, all copy strategies
    fuzz.py replay --seed N             one run, call by call
    fuzz.py shrink --seed N             the fewest of its calls that still fail, as a test in C

Logs, corpora and the runs that failed are in build/fuzz/.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time

import fuzzing

SHARD_SEEDS = 10_000_000  # between the first seeds of two shards
PROGRESS_SECONDS = 10


def failed_run(args, seed):
    """(run as a line or "", mode) of a seed that a campaign found to fail."""
    for mode in [args.mode] if args.mode else fuzzing.MODES:
        path = os.path.join(args.build, "fuzz", "failures", f"{seed}.{mode}")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return file.read().strip(), mode
    return "", args.mode or "split"


# --- campaigns ------------------------------------------------------------------------------------

def shard_log(args, index):
    """Where shard index keeps what its machines print."""
    return os.path.join(args.build, "fuzz", f"shard-{index}.log")


def shard(args):
    """One shard of a campaign: a process of its own, here or on another machine."""
    mode = fuzzing.MODES[args.index % len(fuzzing.MODES)]
    machine = fuzzing.Machine(args.build, mode, args.kernel, f"shard-{args.index}")
    options = (["--cover"] if args.cover else []) + (["--corpus", args.corpus] if args.corpus else [])
    with open(shard_log(args, args.index), "w", encoding="utf-8") as log:
        fuzzing.campaign_shard(machine, args.seed + args.index * SHARD_SEEDS, args.time, options, log)


def shard_command(args, index):
    """The command that runs it."""
    words = [sys.executable, "scripts/fuzz.py", "--build", args.build, "shard", "--index", str(index),
             "--time", str(args.time), "--seed", str(args.seed)]
    words += ["--kernel", args.kernel] if args.kernel else []
    words += ["--cover"] if args.cover else []
    words += ["--corpus", args.corpus] if args.corpus else []
    return words


def start_shards(args):
    """The processes to wait for: one a shard, or GNU parallel, which starts them on the hosts."""
    if not args.hosts:
        return [subprocess.Popen(shard_command(args, index), cwd=fuzzing.ROOT)
                for index in range(args.jobs)]
    if not shutil.which("parallel"):
        sys.exit("fuzz: FUZZ_HOSTS needs GNU parallel: apt install parallel")
    needed = ["scripts/fuzz.py", "scripts/fuzzing.py", "scripts/qemu", args.kernel or "build/postern.elf",
              "build/initrd/init", "build/initrd/bin/fuzz"] + ([args.corpus] if args.corpus else [])
    args.build = "build"
    words = ["parallel", "--sshloginfile", args.hosts, "--workdir", "...", "--cleanup", "--halt", "never",
             *[word for path in needed for word in ("--basefile", path)],
             "--return", "build/fuzz/shard-{}.log", " ".join(shard_command(args, "{}")), ":::",
             *map(str, range(args.jobs))]
    return [subprocess.Popen(words, cwd=fuzzing.ROOT)]


class Campaign:
    """What all shards have printed so far."""

    def __init__(self, args):
        self.args, self.started = args, time.monotonic()
        self.readers = [fuzzing.Reader() for _ in range(args.jobs)]
        self.offsets = [0] * args.jobs

    def poll(self):
        """Reads on in each log, and says what is new."""
        for index, reader in enumerate(self.readers):
            path = shard_log(self.args, index)
            if not os.path.exists(path):
                continue
            with open(path, encoding="utf-8", errors="replace") as log:
                log.seek(self.offsets[index])
                lines = log.read().split("\n")
                self.offsets[index] += sum(len((line + "\n").encode("utf-8", "replace"))
                                           for line in lines[:-1])
            for line in lines[:-1]:
                if line.startswith("postern: booting"):
                    reader.next_machine()
                if reader.line(line):
                    mode = fuzzing.MODES[index % len(fuzzing.MODES)]
                    print(f"{mode}: {line.removeprefix('fuzz: ')}", flush=True)
                    self.keep(reader, mode)

    def keep(self, reader, mode):
        """The run that failed, for replay and shrink."""
        seed = reader.failures[-1][0]
        directory = os.path.join(self.args.build, "fuzz", "failures")
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, f"{seed}.{mode}"), "w", encoding="utf-8") as file:
            file.write(reader.runs.get(seed, "") + "\n")

    def progress(self):
        """One line."""
        seconds = max(time.monotonic() - self.started, 0.1)
        calls = sum(reader.total("calls") for reader in self.readers)
        edges = max(reader.totals.get("edges", 0) for reader in self.readers)
        print(f"{seconds:5.0f} s  {calls:>10,} calls  {calls / seconds:>8,.0f} calls/s  {edges:>6} edges  "
              f"{sum(len(reader.corpus) for reader in self.readers):>5} corpus  "
              f"{sum(len(reader.failures) for reader in self.readers)} failures", flush=True)


def merge_corpora(args, readers):
    """All that the shards found, behind what there was."""
    known = {}
    for line in (line for reader in readers for line in reader.corpus):
        known[line.split(":", 1)[1]] = line
    if known:
        path = os.path.join(args.build, "fuzz", "corpus")
        with open(path, "a", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in known.values()))
        print(f"{len(known)} runs that reached new edges are in {path}")


def campaign(args):
    """Shards in parallel, and what they find as they find it."""
    for index in range(args.jobs):
        if os.path.exists(shard_log(args, index)):
            os.remove(shard_log(args, index))
    corpus = os.path.join(args.build, "fuzz", "corpus")
    if args.cover and not args.corpus and os.path.exists(corpus):
        args.corpus = corpus
    os.makedirs(os.path.join(args.build, "fuzz"), exist_ok=True)
    processes, state = start_shards(args), Campaign(args)
    while any(process.poll() is None for process in processes):
        try:
            processes[0].wait(PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        for process in processes:
            if processes[0].poll() is not None:
                process.wait()
        state.poll()
        state.progress()
    merge_corpora(args, state.readers)
    failures = sum(len(reader.failures) for reader in state.readers)
    if not sum(reader.total("calls") for reader in state.readers):
        sys.exit("fuzz: no call was made")
    sys.exit(failures > 0)


# --- one run ------------------------------------------------------------------------------------------

def replay(args):
    """Shows one run."""
    run, mode = failed_run(args, args.seed)
    runs = fuzzing.Runs(args.build, mode, args.kernel, args.believe)
    near = True
    for line in runs.show(run or runs.words_of(args.seed), "--trace"):
        if match := re.match(r"step (\d+): ", line):
            near = not args.step or abs(int(match[1]) - args.step) <= 3
        if near or not line.startswith(("step ", "  = ")):  # a step and its result
            print(line)
    if runs.machine.end():
        print(f"fuzz: {runs.machine.end()}")
    sys.exit(runs.machine.status != 0)


def shrink(args):
    """Reduces one run and prints it as a test."""
    run, mode = failed_run(args, args.seed)
    runs = fuzzing.Runs(args.build, mode, args.kernel, args.believe)
    run, reason = fuzzing.shrink(runs, run or runs.words_of(args.seed), lambda text: print(f"/* {text} */"))
    if not run:
        sys.exit(f"fuzz: seed {args.seed} does not fail in {mode}")
    print(fuzzing.as_test(runs, run, reason))
    with open(os.path.join(args.build, "fuzz", f"{args.seed}.shrunk"), "w", encoding="utf-8") as file:
        file.write(run + "\n")


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("command", choices=["campaign", "shard", "replay", "shrink"])
    parser.add_argument("--kernel", default="", help="another than the build's")
    parser.add_argument("--time", type=float, default=0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--step", type=int, default=0, help="of a replay: only this and its neighbours")
    parser.add_argument("--mode", choices=[*fuzzing.MODES, "host"], default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--hosts", default="", help="GNU parallel's sshloginfile")
    parser.add_argument("--cover", action="store_true", help="guided by kcov")
    parser.add_argument("--corpus", default="")
    parser.add_argument("--index", type=int, default=0, help="of a shard")
    parser.add_argument("--believe", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    """Does what is asked."""
    args = arguments()
    commands = {"campaign": campaign, "shard": shard, "replay": replay, "shrink": shrink}
    args.build = os.path.abspath(args.build)
    os.makedirs(os.path.join(args.build, "fuzz"), exist_ok=True)
    commands[args.command](args)


if __name__ == "__main__":
    main()
