"""Runs the boots of a study that are missing: on this machine's processors, or over those of a list of
machines, by GNU parallel. What has been measured stays, so a study goes on where it was stopped.
"""
import glob
import os
import shutil
import subprocess
import sys
import time

import hosts

# Seconds of one cell, roughly, until the boots that have ended tell the true pace.
PACE = {"icount": 0.03, "model": 0.3, "wall": 0.15, "part": 0.5, "exposure": 0.0}
BOOT = 1.0
# What a job on another machine is sent: this, and of build/ what it boots and takes apart.
SENT = ("scripts",)
SENT_OF_BUILD = ("postern.elf", "postern.nm", "initrd.cpio", "plugin/*.so", "vdso-*.so",
                 "initrd/bin/bench")


class Progress:
    """A line on how far it is: over and over on a terminal, else once for each boot."""

    def __init__(self, boots):
        self.weights = {name: BOOT + boot.cells() * PACE[boot.kind] for name, boot in boots.items()}
        self.names = {name: boot.name() for name, boot in boots.items()}
        self.start, self.done = time.monotonic(), []

    def left(self):
        """Seconds that the rest will take, at the pace so far."""
        whole, done = sum(self.weights.values()), sum(self.weights[name] for name in self.done)
        return (time.monotonic() - self.start) * (whole - done) / done if done else whole

    def show(self, name=""):
        """After a boot has ended, or at the beginning."""
        self.done += [name] if name else []
        text = (f"study: {len(self.done)} of {len(self.weights)} boots, "
                f"{clock(time.monotonic() - self.start)} gone, about {clock(self.left())} left"
                + (f"; {self.names[name]}" if name else ""))
        if sys.stderr.isatty():
            end = "\n" if len(self.done) == len(self.weights) else ""
            print(f"\r{text[:110]:<110}", end=end, file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)


def clock(seconds):
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def job_command(study, args):
    """The command that measures the boot whose id follows."""
    return [sys.executable if not args.hosts else "python3", "scripts/study.py", "boot", "--build",
            args.build, "--out", study.out, "--machine", args.machine, "--qemu", args.qemu]


def parallel_command(study, args, at_once):
    """GNU parallel's part of the command line."""
    command = ["parallel", "--will-cite", "--line-buffer", "--jobs", at_once]
    if args.hosts:
        sent = [*SENT, study.path("plan.jsonl"), study.path("versions.json")]
        sent += [path for name in SENT_OF_BUILD for path in glob.glob(os.path.join(args.build, name))]
        command += hosts.options(args.hosts, sent)
        command += ["--return", study.records_path("{}"), "--return", study.log_path("{}")]
        command += [hosts.go_home(study.path("plan.jsonl"))]
    return command + job_command(study, args) + ["{}", ":::"]


def run_one_by_one(study, names, args, progress):
    """Without GNU parallel."""
    for name in names:
        done = subprocess.run([*job_command(study, args), name], stdout=subprocess.PIPE, check=False)
        if done.returncode == 0:
            progress.show(name)


def run_in_parallel(study, names, args, at_once, progress):
    """Each job prints its boot's id when it has measured it."""
    command = parallel_command(study, args, at_once) + names
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as jobs:
        for line in jobs.stdout:
            progress.show(line.strip())


def run_missing(study, args, names):
    """Measures those boots of the study; True if all of them are there in the end."""
    missing = [name for name in names if not study.has(name)]
    if not missing:
        return True
    progress = Progress({name: study.boots[name] for name in missing})
    progress.show()
    # Clocks are read alone: what runs beside them would be in the figures.
    timed = [name for name in missing if study.boots[name].kind == "wall"]
    counted = sorted((name for name in missing if name not in timed),
                     key=progress.weights.get, reverse=True)
    if shutil.which("parallel"):
        for group, at_once in ((counted, args.jobs), (timed, "1")):
            if group:
                run_in_parallel(study, group, args, at_once, progress)
    elif args.hosts:
        sys.exit("study: STUDY_HOSTS needs GNU parallel (apt install parallel)")
    else:
        print("study: GNU parallel is not installed, so one boot runs at a time "
              "(apt install parallel)", file=sys.stderr)
        run_one_by_one(study, counted + timed, args, progress)
    return all(study.has(name) for name in names)


def shard(names, text):
    """Every Nth of the names, of which i/N takes the ith."""
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        sys.exit(f"study: SHARD={text} is not i/N with i from 1 to N")
    return names[int(number) - 1::int(count)]
