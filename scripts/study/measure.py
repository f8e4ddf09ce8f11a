"""Runs one boot of a study, and makes records of what it prints.

Each kind of figure has a function that takes a Job and returns (log, records).
"""
import re
import shlex
import statistics
import subprocess
from dataclasses import dataclass

import ktap
from study import model, parts, records
from study.matrix import Boot

WALL_BOOTS = 5
TIME_LIMIT = 900  # seconds of one boot
# These the benchmark itself is told, always: they stand in the names of its lines.
NAMED = ("isolation", "door")
EXPOSED = re.compile(r"^([0-9a-f]{8})-([0-9a-f]{8})\s+\d+\s+\S+\s+(\S.*)$")


class BootFailed(Exception):
    """A boot that did not do what it should; its text says why, log is what it printed."""

    def __init__(self, why, log):
        super().__init__(why)
        self.log = log


@dataclass
class Job:
    """A boot and the machine it runs in."""
    boot: Boot
    build: str
    machine: str  # scripts/qemu, or what stands for it in a test
    counts: str   # a file for what a plugin writes

    def settings(self):
        """What records say of a line that does not say it itself."""
        return {axis: values[0] for axis, values in self.boot.values.items()} | self.boot.fixed

    def append(self, program):
        """The kernel's command line: what is the same in all cells is set for the whole system."""
        words = [f"{axis}={value}" for axis, value in self.boot.fixed.items() if axis != "cpu"]
        words += [f"{axis}={self.boot.values[axis][0]}" for axis in self.boot.usual
                  if axis not in NAMED]
        return " ".join(words + ["loglevel=notice", "--", *program])

    def bench(self, *options):
        """The command line of the benchmark in the guest."""
        lists = [f"--{axis}={','.join(values)}" for axis, values in self.boot.values.items()
                 if axis in NAMED or axis not in self.boot.usual]
        return ["/bin/bench", *lists, *options, *self.boot.benchmarks]

    def command(self, program, *options):
        """The command that boots it."""
        return [self.machine, "--kernel", f"{self.build}/postern.elf", "--initrd",
                f"{self.build}/initrd.cpio", "--cpu", self.boot.fixed["cpu"], "--timeout",
                str(TIME_LIMIT), *options, "--append", self.append(program)]

    def run(self, command):
        """What the machine prints."""
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, check=False)
        log = done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        if done.returncode:
            failures = ktap.read(log.splitlines()).failures
            said = [line for line in log.splitlines() if line.startswith(("bench:", "qemu"))]
            raise BootFailed("; ".join((failures or said)[:3]) or f"exit status {done.returncode}", log)
        return log


def check_complete(boot, rows, log):
    """Every benchmark of the log has been measured in every possible combination."""
    seen = {}
    for row in rows:
        key = (row["benchmark"], str(row["parameters"]))
        seen.setdefault(key, []).append(row)
    if not seen:
        raise BootFailed("it has printed no figures", log)
    for (benchmark, _), found in seen.items():
        axes = [axis for axis in boot.values if axis != "door" or any(row["door"] for row in found)]
        there = {tuple(row[axis] for axis in axes) for row in found}
        for cell in boot.combinations():
            if tuple(cell[axis] for axis in axes) not in there:
                words = " ".join(f"{axis}={cell[axis]}" for axis in axes)
                raise BootFailed(f"{benchmark} has no figure for {words}", log)


def command_of(job):
    """The command that boots a job, and repeats it by hand."""
    if job.boot.kind == "exposure":
        return job.command(job.boot.benchmarks, "--icount")
    if job.boot.kind == "wall":
        return job.command(job.bench())
    if job.boot.kind == "model":
        return job.command(job.bench("--marks"), "--icount", "--extra",
                           model.plugin(job.build, job.counts))
    return job.command(job.bench("--twice"), "--icount")


def shell(job):
    """The same as a line for a shell."""
    if job.boot.kind == "part":
        return "; ".join(
            f"scripts/profile_operation.py --build {job.build} --isolation {cell['isolation']} "
            f"--door {cell['door']} {benchmark}"
            for benchmark in job.boot.benchmarks for cell in job.boot.combinations())
    return shlex.join(command_of(job))


def icount(job):
    """Exact counts of instructions."""
    log = job.run(command_of(job))
    rows = records.parse(log, job.settings(), "icount")
    check_complete(job.boot, rows, log)
    return log, rows


def modelled(job):
    """What TLBs and caches of real CPUs would do, in a run with a plugin of QEMU."""
    log = job.run(command_of(job))
    bases = [fields for fields, _ in records.lines(log, job.settings())]
    check_complete(job.boot, bases, log)
    try:
        return log, [records.record(**row) for row in model.records(bases, model.read(job.counts))]
    except model.ModelError as error:
        raise BootFailed(str(error), log) from error


def taken_apart(job):
    """Where the instructions of a call go: a run of its own with a plugin for each cell."""
    rows = [records.record(**row) for benchmark in job.boot.benchmarks
            for cell in job.boot.combinations()
            for row in parts.records(job.build, benchmark, **cell)]
    return "", rows


def ratios(rows):
    """{identity in split: ticks in split by ticks in shared} of one boot."""
    ticks = {records.identity(row): row["value"] for row in rows}
    shared = {key: value for key, value in ticks.items() if '"isolation": "shared"' in key}
    for key, value in ticks.items():
        twin = key.replace('"isolation": "split"', '"isolation": "shared"')
        if twin != key and twin in shared:
            yield key, value / shared[twin]


def wall(job):
    """Ratios of time: the least ticks in split by those in shared, interleaved in one boot, of which
    there are several. The middle ratio; low and high are the least and the greatest."""
    logs = [job.run(command_of(job)) for _ in range(WALL_BOOTS)]
    found, first = {}, {}
    for log in logs:
        rows = records.parse(log, job.settings(), "wall")
        check_complete(job.boot, rows, log)
        first |= {records.identity(row): row for row in rows}
        for key, ratio in ratios(rows):
            found.setdefault(key, []).append(ratio)
    return "".join(logs), [
        records.record(**first[key] | {"unit": "ratio", "value": round(statistics.median(values), 3),
                                       "low": round(min(values), 3), "high": round(max(values), 3)})
        for key, values in found.items()]


def exposure(job):
    """What a process's directory maps for the supervisor: pages and bytes by kind of page."""
    log = job.run(command_of(job))
    sizes = {}
    for match in filter(None, map(EXPOSED.match, log.splitlines())):
        part = match[3].strip()
        sizes[part] = sizes.get(part, 0) + int(match[2], 16) + 1 - int(match[1], 16)
    if not sizes:
        raise BootFailed("it has printed no ranges", log)
    return log, [records.record(**job.boot.fixed, kind="exposure", part=part, unit=unit,
                                value=size // per)
                 for part, size in sizes.items() for unit, per in (("pages", 4096), ("bytes", 1))]


def run(job):
    """(log, records) of a boot; raises BootFailed."""
    return {"icount": icount, "model": modelled, "wall": wall, "part": taken_apart,
            "exposure": exposure}[job.boot.kind](job)
