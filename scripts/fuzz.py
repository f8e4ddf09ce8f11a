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
import hosts

PROGRESS_SECONDS = 10
GRACE = 60  # seconds that a shard may take beyond its time
SHARD_SEEDS = 10_000_000  # between the first seeds of two shards


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
    """Where what shard index prints is kept."""
    return os.path.join(args.build, "fuzz", f"shard-{index}.log")


def shard_mode(args, index):
    """What its machines boot into."""
    return args.mode or fuzzing.MODES[index % len(fuzzing.MODES)]


def corpus_path(args):
    """What a campaign takes up, and leaves to the next."""
    return os.path.join(args.build, "fuzz", "corpus")


def shard(args):
    """One shard of a campaign: a process of its own, here or on another machine."""
    machine = fuzzing.Machine(args.build, shard_mode(args, args.index), args.kernel, f"shard-{args.index}")
    corpus = fuzzing.read_corpus(corpus_path(args)) if args.cover else {}
    seed = args.seed + args.index * SHARD_SEEDS
    fuzzing.campaign_shard(machine, seed, args.time, args.cover, corpus)


def shard_command(args, index):
    """The command that runs it, in the repository: its paths are the same on each machine."""
    words = ["scripts/fuzz.py", "--build", os.path.relpath(args.build, fuzzing.ROOT), "shard", "--index",
             str(index), "--time", str(args.time), "--seed", str(args.seed)]
    words += ["--kernel", os.path.relpath(args.kernel, fuzzing.ROOT)] if args.kernel else []
    words += ["--mode", args.mode] if args.mode else []
    return words + (["--cover"] if args.cover else [])


def parallel_command(args):
    """GNU parallel, which runs the shards on the hosts and brings what they print as they print it."""
    if not shutil.which("parallel"):
        sys.exit("fuzz: FUZZ_HOSTS needs GNU parallel: apt install parallel")
    sent = [os.path.join(args.build, name) for name in ("initrd/init", "initrd/bin/fuzz")]
    sent += [args.kernel or os.path.join(args.build, "postern.elf")]
    sent += [corpus_path(args)] if args.cover and os.path.exists(corpus_path(args)) else []
    sent = ["scripts/fuzz.py", "scripts/fuzzing.py", "scripts/hosts.py", "scripts/qemu",
            *(os.path.relpath(path, fuzzing.ROOT) for path in sent)]
    return ["parallel", "--will-cite", *hosts.options(args.hosts, sent),
            "--timeout", str(args.time + GRACE), "--results", shard_log(args, "{}"),
            hosts.go_home(sent[0]), *shard_command(args, "{}"), ":::", *map(str, range(args.jobs))]


def start_shards(args):
    """The processes to wait for."""
    if args.hosts:
        return [subprocess.Popen(parallel_command(args), cwd=fuzzing.ROOT, stdout=subprocess.DEVNULL)]
    processes = []
    for index in range(args.jobs):
        with open(shard_log(args, index), "w", encoding="utf-8") as log:
            processes.append(subprocess.Popen([sys.executable, *shard_command(args, index)],
                                              cwd=fuzzing.ROOT, stdout=log,
                                              stderr=subprocess.STDOUT))
    return processes


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
            with open(path, "rb") as log:
                log.seek(self.offsets[index])
                whole, newline, _ = log.read().rpartition(b"\n")
            self.offsets[index] += len(whole + newline)
            for line in whole.decode("utf-8", "replace").split("\n"):
                if line.startswith("postern: booting"):
                    reader.next_machine()
                if reader.line(line):
                    mode = shard_mode(self.args, index)
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
    """All that the shards found, and what there was if none of them came to its end."""
    path = corpus_path(args)
    corpus = {} if any(reader.taken for reader in readers) else fuzzing.read_corpus(path)
    for reader in readers:
        corpus |= reader.corpus
    fuzzing.write_corpus(path, corpus)
    print(f"{len(corpus)} runs that reach new edges are in {path}")


def wait_for(processes, seconds):
    """True if one still runs when the time is over."""
    deadline = time.monotonic() + seconds
    while any(process.poll() is None for process in processes) and time.monotonic() < deadline:
        time.sleep(0.2)
    return any(process.poll() is None for process in processes)


def campaign(args):
    """Shards in parallel, and what they find as they find it."""
    for index in range(args.jobs):
        if os.path.exists(shard_log(args, index)):
            os.remove(shard_log(args, index))
    processes, state = start_shards(args), Campaign(args)
    going_on = True
    while going_on:
        going_on = wait_for(processes, PROGRESS_SECONDS)
        state.poll()
        state.progress()
    if args.cover:
        merge_corpora(args, state.readers)
    lost = [index for index, reader in enumerate(state.readers) if not reader.ended]
    for index in lost:
        print(f"fuzz: shard {index} did not come to its end; what it printed is in {shard_log(args, index)}")
    if not sum(reader.total("calls") for reader in state.readers):
        sys.exit("fuzz: no call was made")
    sys.exit(bool(lost) or any(reader.failures for reader in state.readers))


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
    parser.add_argument("--jobs", type=int, default=max(os.cpu_count() or 1, len(fuzzing.MODES)))
    parser.add_argument("--hosts", default="", help="GNU parallel's sshloginfile")
    parser.add_argument("--cover", action="store_true", help="guided by kcov")
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
