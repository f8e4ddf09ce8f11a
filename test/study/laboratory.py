"""Tests of the laboratory (scripts/study.py) with a machine that only pretends, and one with a real one.

Each check is a function of a Bench, and yields what is wrong.
"""
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from study.matrix import Matrix, MatrixError  # noqa: E402  pylint: disable=wrong-import-position

MACHINE = os.path.join(ROOT, "test", "study", "machine")
HEAD = """[axes]
isolation: split shared
copy: walk direct
door: int80 sysenter
resident: off
ipc: direct
[boot axes]
global: on off
cpu: fake
[impossible]
copy=direct isolation=split
[workloads]
calls: Null ReadZero1
other: PageFault
"""
ROWS = """[default]
icount calls isolation=* copy=* door=* global=*
icount other isolation=*
wall calls isolation=*
exposure isolation=* global=*
"""
BOOTS = 8
# What follows the head, and what is said of it after the file's name; lines count from the head's end.
WRONG = (
    ("[defualt]\n", "there is no section [defualt]"),
    ("[default]\nicuont calls\n", "there is no kind icuont; there are icount model wall part exposure"),
    ("[default]\nicount cals\n", "there is no workload cals; there are calls other"),
    ("[default]\nicount calls copy=bounce\n", "copy has no value bounce; it has walk direct"),
    ("[default]\nicount calls colour=*\n", "colour=* is no AXIS=VALUE of an axis that is declared above"),
    ("[default]\nicount isolation=*\n", "every row names workloads, but exposure, which has none"),
    ("[default]\npart calls copy=*\n", "calls are taken apart by isolation and door alone"),
    ("[workloads]\ncalls: Null\n", "calls is there twice"),
    ("[workloads]\ncalls\n", "a line here is NAME: VALUE..."),
    ("[impossible]\ncopy=never\n", "copy has no value never; it has walk direct"),
)


class Bench:
    """A directory with something to boot, and the command line of the laboratory."""

    def __init__(self, folder, build=None):
        self.folder, self.log = folder, os.path.join(folder, "boots")
        self.real = build is not None
        self.build = build or folder
        if not self.real:
            for name, content in (("postern.elf", "kernel"), ("postern.nm", ""), ("initrd.cpio", "")):
                self.write(name, content)
        self.matrix = self.write("matrix.txt", HEAD + ROWS)

    def path(self, name):
        """A file in the directory."""
        return os.path.join(self.folder, name)

    def write(self, name, text):
        """Makes one; returns its path."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        """What is in one."""
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def study(self, command, *words, **variables):
        """(exit status, output) of a command of the laboratory."""
        done = subprocess.run([sys.executable, "scripts/study.py", command, *words], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env=os.environ | {"FAKE_LOG": self.log} | variables)
        return done.returncode, done.stdout.decode()

    def run(self, out, *words, **variables):
        """A run into a directory."""
        machine = [] if self.real else ["--machine", MACHINE, "--qemu", MACHINE]
        return self.study("run", "--out", self.path(out), "--build", self.build, "--matrix", self.matrix,
                          *machine, *words, **variables)

    def boots(self):
        """How many there have been since the last time that was asked."""
        if not os.path.exists(self.log):
            return 0
        count = len(self.read("boots").splitlines())
        os.remove(self.log)
        return count

    def records(self, out):
        """The results in a directory."""
        return [json.loads(line) for line in self.read(f"{out}/results.jsonl").splitlines()]


def matrix_errors(bench):
    """Each wrong line is one message, with file and line, and nothing is booted."""
    for text, wanted in WRONG:
        path = bench.write("wrong.txt", HEAD + text)
        try:
            Matrix(path)
            yield f"{text!r} is taken"
        except MatrixError as error:
            said = str(error)
            if said != f"{path}:{(HEAD + text).count(chr(10))}: {wanted}":
                yield f"{text!r}: {said}"
    status, output = bench.run("wrong", "--matrix", path)
    if (status, output) != (1, f"study: {said}\n") or bench.boots():
        yield f"status {status}: {output}"


def resuming(bench):
    """What has been measured is not measured again, and what has failed is."""
    status, output = bench.run("whole", FAKE_FAILS="global=off")
    if status == 0 or "not measured: icount calls" not in output:
        yield f"a boot fails, and the status is {status}: {output[-300:]}"
    failed, _ = bench.boots(), bench.run("whole")
    again, _ = bench.boots(), bench.run("whole")
    if not failed > again > 0 or bench.boots():
        yield f"{failed} boots, then {again}, then some"
    status, output = bench.run("lacking", FAKE_LACKS="sysenter")
    if status == 0 or "has no figure for isolation=split copy=walk door=sysenter" not in output:
        yield f"a cell is missing, and the status is {status}"
    bench.boots()


def results(bench):
    """Every possible cell is there once; the other formats have what the records have."""
    rows = bench.records("whole")
    cells = [row for row in rows
             if (row["kind"], row["benchmark"], row["unit"]) == ("icount", "Null", "instr/op")]
    if len(cells) != 12 or any(row["copy"] == "direct" and row["isolation"] == "split" for row in rows):
        yield f"{len(cells)} cells of Null, not 12"
    if list(rows[0]) != ["system", "benchmark", "isolation", "global", "copy", "door", "resident", "ipc",
                         "cpu", "parameters", "kind", "tlb", "part", "unit", "value", "boot"]:
        yield f"the fields are {list(rows[0])}"
    if not all(row["low"] <= row["value"] <= row["high"] for row in rows if row["kind"] == "wall"):
        yield "a ratio is outside its spread"
    table = list(csv.DictReader(bench.read("whole/results.csv").splitlines()))
    if [row["value"] for row in table] != [str(row["value"]) for row in rows]:
        yield "the CSV has other values"
    google = json.loads(bench.read("whole/google-benchmark.json"))
    needed = {"name": str, "time_unit": str, "real_time": (int, float), "cpu_time": (int, float),
              "iterations": int, "run_type": str}
    for entry in google["benchmarks"]:
        if not all(isinstance(entry.get(key), kind) for key, kind in needed.items()):
            yield f"compare.py would not take {entry}"
    names = [entry["name"] for entry in google["benchmarks"]]
    if len(set(names)) != len(names) or "context" not in google:
        yield "names of Google Benchmark are there twice, or there is no context"
    commands = [json.loads(line) for line in bench.read("whole/boots.jsonl").splitlines()]
    if {row["boot"] for row in rows} != {boot["boot"] for boot in commands}:
        yield "a record's boot has no command"


def shards(bench):
    """Shards merge into the whole; one that differs in a cell is refused, and the cell is named."""
    for number in (1, 2):
        status, output = bench.run("parts", "--shard", f"{number}/2")
        if status:
            yield f"shard {number}: {output}"
    if bench.boots() != BOOTS + 4:  # a wall boot is five
        yield "the shards have not booted each boot once"
    status, output = bench.study("merge", "--out", bench.path("parts"))
    if status or [row for row in bench.records("parts") if row["kind"] != "wall"] != \
            [row for row in bench.records("whole") if row["kind"] != "wall"]:
        yield f"the merged shards are not the whole: {output[-300:]}"
    shutil.copytree(bench.path("whole"), bench.path("other"))
    row = next(row for row in bench.records("whole") if row["benchmark"] == "PageFault")
    path = f"other/cache/{row['boot']}.jsonl"
    bench.write(path, bench.read(path).replace(f'"value": {row["value"]}', '"value": 7', 1))
    status, output = bench.study("merge", "--out", bench.path("merged"), bench.path("whole"),
                                 bench.path("other"))
    if status == 0 or "postern PageFault isolation=split" not in output or \
            f"{row['value']} in {bench.path('whole')}" not in output:
        yield f"a cell differs, and merge says {output}"
    status, output = bench.run("parts", "--shard", "3/2")
    if status == 0 or "SHARD=3/2 is not i/N" not in output:
        yield f"shard 3/2: {output}"


def comparing(bench):
    """diff says what has changed, the greatest change first, what is new and what is gone."""
    rows = [row for row in bench.records("whole") if row["kind"] == "icount"]
    for name, changed in (("a", rows[:-1]), ("b", rows[1:])):
        os.makedirs(bench.path(name), exist_ok=True)
        changed = [dict(row) for row in changed]
        if name == "b":
            changed[3]["value"] += 1
            changed[5]["value"] *= 2
        bench.write(f"{name}/results.jsonl", "".join(json.dumps(row) + "\n" for row in changed))
    status, output = bench.study("diff", bench.path("a"), bench.path("b"))
    signs = [line.split()[0] for line in output.splitlines()]
    if status != 1 or len(signs) != 4 or signs[0] != "+100.00" or signs[2:] != ["removed", "added"]:
        yield f"status {status}: {output}"
    status, output = bench.study("diff", bench.path("a"), bench.path("a"))
    if (status, output) != (0, "no figure differs\n"):
        yield f"nothing differs, and it says {output}"


def choosing(bench):
    """The answer is the mode that exposes least among those that are cheap enough."""
    for cost, wanted in (("1000%", "split, at "), ("0%", "shared")):
        status, output = bench.study("choose", "--out", bench.path("whole"), "--cost", cost)
        if status or wanted not in output.splitlines()[-1]:
            yield f"{cost}: {output}"
    status, output = bench.study("choose", "--out", bench.path("whole"), "--cost", "much")
    if status == 0 or "is no share" not in output:
        yield f"a cost that is none: {output}"


PRETENDED = (matrix_errors, resuming, results, shards, comparing, choosing)


def pretended():
    """(name, problems) of each check that needs no boot."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder)
        for check in PRETENDED:
            yield check.__name__.replace("_", " "), list(check(bench))


def exact_twice(build):
    """What is wrong with two runs in a real machine, whose figures must be the same."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, build)
        bench.write("matrix.txt", HEAD.replace("fake", "qemu64,lm=off") +
                    "[default]\nicount calls isolation=*\nmodel calls isolation=* global=*\n")
        outputs = [bench.run(out) for out in ("one", "two")]
        for status, output in outputs:
            if status:
                yield output[-300:]
        if bench.read("one/results.jsonl") != bench.read("two/results.jsonl"):
            yield "two runs have different figures"
