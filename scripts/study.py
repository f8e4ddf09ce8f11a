#!/usr/bin/env python3
"""The laboratory: measures what isolation costs and what it hides, cell by cell of a matrix.

    study.py run       measures what is missing of scripts/study/matrix.txt, and prints the tables
    study.py merge     makes one study of the directories of its shards
    study.py diff      what differs between two studies; exits 1 if something does
    study.py choose    the least exposure for at most a given cost
    study.py report    writes report.html again
    study.py update    rewrites scripts/bench.txt from one boot, and says what has changed

README.md says what is in build/study/, and how to read it.
"""
import argparse
import os
import subprocess
import sys

import figures
from study import (cache, choose, diff, inputs, measure, merge, peer, report, results, running,
                   tables)
from study.matrix import Matrix, MatrixError

MATRIX = os.path.join(os.path.dirname(os.path.abspath(__file__)), "study", "matrix.txt")


def commit():
    """The commit of the sources, with a + if they have changed since."""
    done = subprocess.run(["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode().strip()


def planned(args):
    """The folder of the study that the arguments mean, with its plan written."""
    found = inputs.Inputs(args.build, args.qemu)
    boots = {found.boot_id(boot): boot for boot in Matrix(args.matrix).boots(args.section)}
    folder = cache.Folder(args.out)
    folder.plan(boots, figures.versions(args.cc) | found.versions() | {
        "commit": commit(), "matrix": inputs.sha256(inputs.contents(args.matrix))})
    if args.fresh:
        folder.forget()
    return folder


def finish(folder, peers=((), ())):
    """Writes the results, prints the tables; exits with 1 if not all is well."""
    rows, complaints = results.collect(folder, peers)
    print(tables.text_of(rows))
    if rows:
        print(f"\nThe report: {report.write(folder.out)}")
    print(f"Records, logs and commands: {folder.out}/results.jsonl, boots.jsonl, serial.log")
    for name in folder.missing():
        print(f"study: not measured: {folder.boots[name].name()}; its log: {folder.failed_path(name)}",
              file=sys.stderr)
    for line in complaints:
        print(f"study: {line}", file=sys.stderr)
    sys.exit(bool(complaints or folder.missing()))


def measure_peer(args):
    """The records and boots of Debian's Linux."""
    try:
        return peer.measure(args.build, say=lambda text: print(f"study: {text}", file=sys.stderr))
    except peer.PeerError as error:
        sys.exit(f"study: PEER=linux: {error}")


def run(args):
    """Measures what is missing."""
    if args.shard:
        args.out = os.path.join(args.out, f"shard-{args.shard.replace('/', '-of-')}")
    folder = planned(args)
    names = list(folder.boots)
    if args.shard:
        names = running.shard(names, args.shard)
    complete = running.run_missing(folder, args, names)
    if args.shard:
        print(f"{len(names)} boots of {len(folder.boots)} are in {folder.out}; "
              "when all shards are: make study-merge")
        sys.exit(not complete)
    finish(folder, measure_peer(args) if args.peer else ((), ()))


def boot(args):
    """Measures one boot: what each job of a study runs."""
    folder = cache.Folder(args.out).load()
    folder.make()
    for name, here in inputs.Inputs(args.build, args.qemu).versions().items():
        if here != folder.versions[name]:
            sys.exit(f"study: {name} here is {here}, but the study is of {folder.versions[name]}")
    job = measure.Job(folder.boots[args.boot], args.build, args.machine,
                      folder.counts_path(args.boot))
    try:
        log, rows = measure.run(job)
    except measure.BootFailed as failed:
        cache.replace(folder.failed_path(args.boot), failed.log)
        sys.exit(f"study: {job.boot.name()}: {failed}")
    folder.keep(args.boot, log, [row | {"boot": args.boot} for row in rows])
    print(args.boot)


def run_merge(args):
    """Collects shards."""
    shards = args.shards or sorted(
        entry.path for entry in os.scandir(args.out) if entry.name.startswith("shard-"))
    if not shards:
        sys.exit(f"study: there are no shards in {args.out}")
    try:
        folder = merge.merge(shards, args.out)
    except merge.MergeError as error:
        sys.exit(f"study: {error}")
    finish(folder)


def run_diff(args):
    """Prints what differs; the status is diff's."""
    lines = diff.compare(diff.load(args.a), diff.load(args.b))
    print("\n".join(lines) if lines else "no figure differs")
    sys.exit(bool(lines))


def run_choose(args):
    """Prints the modes that no other beats in both cost and exposure, and the choice."""
    try:
        print("\n".join(choose.answer(args.out, choose.share(args.cost), args.tlb, args.workload)))
    except choose.NoAnswer as error:
        sys.exit(f"study: {error}")


def run_report(args):
    """Writes report.html from the results that there are."""
    print(report.write(args.out))


def update(args):
    """Rewrites the file of figures and prints what has changed."""
    args.fresh, args.section = True, "quick"
    folder = planned(args)
    if not running.run_missing(folder, args, list(folder.boots)):
        sys.exit("study: the figures are as they were")
    table = figures.table_of(results.collect(folder)[0])
    if os.path.exists(figures.EXPECTED):
        for lines in figures.compare(table, figures.read(figures.EXPECTED)[0]):
            print("\n".join(lines))
    figures.write(figures.EXPECTED, table, figures.versions(args.cc))


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, *flags):
        one = commands.add_parser(name, help=function.__doc__)
        one.set_defaults(function=function)
        one.add_argument("--out", default="build/study", help="the study's directory")
        for flag, options in flags:
            one.add_argument(flag, **options)

    machine = (("--build", {"default": "build"}),
               ("--machine", {"default": "scripts/qemu", "help": "what runs a machine"}),
               ("--qemu", {"default": "qemu-system-x86_64", "help": "whose version it is"}))
    several = (*machine, ("--matrix", {"default": MATRIX}),
               ("--cc", {"default": "i686-linux-gnu-gcc"}),
               ("--hosts", {"help": "a file of machines for GNU parallel's --sshloginfile"}),
               ("--jobs", {"default": "100%", "help": "boots at once, as GNU parallel's --jobs"}))
    command("run", run, *several, ("--shard", {"help": "i/N: only every Nth boot, from the ith"}),
            ("--section", {"default": "default", "help": "of the matrix: quick, default or full"}),
            ("--peer", {"choices": ["linux"], "help": "measure Debian's i386 kernels too"}),
            ("--fresh", {"action": "store_true", "help": "measure again what is there"}))
    command("boot", boot, *machine, ("boot", {}))
    command("merge", run_merge, ("shards", {"nargs": "*"}))
    command("diff", run_diff, ("a", {}), ("b", {}))
    command("choose", run_choose, ("--cost", {"default": "5%", "help": "at most, such as 5%%"}),
            ("--tlb", {"default": "", "help": "in cycles of this preset, not in instructions"}),
            ("--workload", {"default": "", "help": "a benchmark; default: the mean over all"}))
    command("report", run_report)
    command("update", update, *several)
    return parser.parse_args()


def main():
    """Runs a command of the laboratory."""
    args = arguments()
    try:
        args.function(args)
    except MatrixError as error:
        sys.exit(f"study: {error}")
    except KeyboardInterrupt:
        sys.exit("\nstudy: stopped; what has been measured is kept, and `make study` goes on from there")


if __name__ == "__main__":
    main()
