"""Machines that run user/fuzz, and what they print: shared by the commands of scripts/fuzz.py."""
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODES = ("split", "shared")
TRAILER = "TRAILER!!!"
TIMED_OUT = 124
ENDS = {101: "the kernel panics", TIMED_OUT: "the machine hangs", 125: "the machine resets itself"}
NO_MACHINE = 126
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}


def member(name, mode, content=b""):
    """One file of a cpio archive (newc)."""
    fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def archive(build, files):
    """An initrd of /init, /bin/fuzz and files, by name: smaller than the whole, so quicker to boot."""
    parts = [member(name, 0o40755) for name in ("bin", "dev", "fuzz", "proc")] + [member("tmp", 0o41777)]
    for name in ("init", "bin/fuzz"):
        with open(os.path.join(build, "initrd", name), "rb") as file:
            parts.append(member(name, 0o100755, file.read()))
    parts += [member(name, 0o100644, text.encode()) for name, text in files.items()]
    return b"".join(parts) + member(TRAILER, 0)


class Machine:
    """One kernel in one mode. run() boots it into the fuzzer; lines come as they are printed."""

    def __init__(self, build, mode, kernel="", name="machine"):
        self.build, self.mode = build, mode
        self.kernel = kernel or os.path.join(build, "postern.elf")
        self.initrd = os.path.join(build, "fuzz", f"{name}.cpio")
        self.status = 0
        os.makedirs(os.path.dirname(self.initrd), exist_ok=True)

    def run(self, arguments, files=None, seconds=60.0):
        """The lines of a boot, until it ends or its time is over; status then says how it ended. It
        counts instructions, so it is the same each time, and no time goes into calls that sleep."""
        with open(self.initrd, "wb") as file:
            file.write(archive(self.build, files or {}))
        command = [os.path.join(ROOT, "scripts", "qemu"), "--kernel", self.kernel, "--initrd", self.initrd,
                   "--icount", "--timeout", str(seconds),
                   f"--append=isolation={self.mode} loglevel=error -- /bin/fuzz {arguments}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=ENVIRONMENT) as process:
            for line in process.stdout:
                yield line.decode("utf-8", "replace").rstrip("\r\n")
            self.status = process.wait()

    def end(self):
        """How the last boot ended, if not well."""
        return ENDS.get(self.status, "" if self.status < 2 else f"the fuzzer ends with status {self.status}")


class Host:
    """This host's kernel, for what both can run."""

    def __init__(self, build):
        self.build, self.mode, self.status = build, "host", 0

    def run(self, arguments, files=None, seconds=60.0):
        """As Machine.run()."""
        for name, text in (files or {}).items():
            path = os.path.join(self.build, "fuzz", "host-" + os.path.basename(name))
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            arguments = arguments.replace("/" + name, path)
        command = [os.path.join(self.build, "initrd", "bin", "fuzz"), *arguments.split()]
        with subprocess.Popen(["timeout", str(seconds), *command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=ENVIRONMENT) as process:
            for line in process.stdout:
                yield line.decode("utf-8", "replace").rstrip("\n")
            self.status = process.wait()

    def end(self):
        """As Machine.end()."""
        return "" if self.status < 2 else f"exit status {self.status}"


class Reader:
    """Follows a log of the fuzzer's: totals, failures, corpus, and the run that it is at."""

    def __init__(self):
        self.totals = {}
        self.finished = {"calls": 0, "runs": 0}  # of machines before this one
        self.failures = []  # (seed, what)
        self.runs = {}      # of the last run that was printed: seed -> the run as a line
        self.corpus = {}    # words of a run -> the run as a line
        self.kept = []      # those of this machine, in the order in which it found them
        self.taken = False  # what was still good of the corpus that it began with is in its own
        self.at = None
        self.heard = time.monotonic()  # something the last time
        self.panic = ""
        self.ended = False  # the whole shard has

    def line(self, line):
        """Takes one in; true if it is one that people want to see."""
        self.heard = time.monotonic()
        if match := re.match(r"@(\d+) (\d+)", line):
            self.at, self.totals["calls"] = int(match[1]), int(match[2])
        elif match := re.match(r"fuzz: run ((\d+):.*)", line):
            self.runs = {int(match[2]): match[1]}
        elif line.startswith("fuzz: corpus "):
            self.kept.append(line.removeprefix("fuzz: corpus "))
            self.corpus.update(corpus_of(self.kept[-1:]))
        elif match := re.match(r"fuzz: (?:FAIL|CRASH) seed=(\d+) (.*)", line):
            self.failures.append((int(match[1]), match[2]))
            return True
        elif match := re.match(r"fuzz: (progress|taken|done) ", line):
            self.totals.update({k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)})
            self.taken |= match[1] == "taken"
        elif line == "fuzz: the time is over":
            self.ended = True
        elif line.startswith("PANIC: "):
            self.panic = line
        return False

    def next_machine(self):
        """Another one goes on where this one ended."""
        for name in self.finished:
            self.finished[name] += self.totals.get(name, 0)
        self.totals, self.panic, self.kept, self.taken, self.at = {}, "", [], False, None

    def total(self, name):
        """A total over all machines so far."""
        return self.finished.get(name, 0) + self.totals.get(name, 0)


def corpus_of(lines):
    """Runs by their words."""
    return {line.split(":", 1)[1]: line for line in lines if ":" in line}


def read_corpus(path):
    """The runs in a file; none if there is no such file."""
    if not path or not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return corpus_of(file.read().splitlines())


def write_corpus(path, corpus):
    """The shortest first: whoever takes them keeps of two with the same edges the first."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in sorted(corpus.values(), key=len)))
    os.replace(path + ".new", path)


def run_of(machine, reader, corpus):
    """The run that a machine ended at, as a line, made once more of what the machine knew then."""
    words = f"--cover --corpus /fuzz/corpus --test --words --seed {reader.at} --runs 1"
    files = {"fuzz/corpus": "".join(line + "\n" for line in reader.kept)}  # in this order
    candidates = list(machine.run(words, files)) if reader.taken else corpus.values()
    return next((line for line in candidates if line.startswith(f"{reader.at}:")), "")


def report_end(machine, reader, cover, corpus):
    """Says at which run a machine has ended, and how; one out of a corpus is not its seed's alone."""
    how = reader.panic or machine.end()
    if cover:
        print(f"fuzz: run {run_of(machine, reader, corpus)}")
    print(f"fuzz: CRASH seed={reader.at} step=? {how}", flush=True)


def campaign_shard(machine, seed, seconds, cover, corpus):
    """Runs seeds from seed on until the time is over; what ends a machine is reported, and another goes
    on behind it. Everything is printed, for the campaign to read."""
    reader, deadline = Reader(), time.monotonic() + seconds
    words = "--announce --cover --corpus /fuzz/corpus" if cover else "--announce"
    while (left := deadline - time.monotonic()) > 3:
        files = {"fuzz/corpus": "".join(line + "\n" for line in corpus.values())} if cover else {}
        for line in machine.run(f"{words} --seed {seed}", files, left):
            reader.line(line)
            print(line, flush=True)
        if machine.status == NO_MACHINE or reader.at is None:
            print(f"fuzz: CRASH seed={seed} step=0 the fuzzer does not start: {machine.end()}", flush=True)
            break
        if machine.status != TIMED_OUT or deadline - time.monotonic() > 3:
            report_end(machine, reader, cover, corpus)
        if reader.taken or not cover:  # else it was a run of the corpus, which must not end each machine
            seed = reader.at + 1
        corpus = reader.corpus if reader.taken else corpus | reader.corpus
        corpus = {run: line for run, line in corpus.items() if not line.startswith(f"{reader.at}:")}
        reader.next_machine()
    print("fuzz: the time is over", flush=True)


class Runs:
    """Runs on one kernel, as many in a boot as it survives."""

    def __init__(self, build, mode, kernel="", believe=False):
        self.machine = Host(build) if mode == "host" else Machine(build, mode, kernel, "replay")
        self.options = "--believe " if believe else ""

    def words_of(self, seed):
        """The run of a seed, as a line: made without being run."""
        for line in self.machine.run(f"--seed {seed} --runs 1 --words --test"):
            if line.startswith(f"{seed}:"):
                return line
        sys.exit(f"fuzz: seed {seed} cannot be made: {self.machine.end()}")

    def first_failure(self, runs, kind=""):
        """(index, reason) of the first of these runs that fails, in that way if one is named; or None."""
        text = "".join(run + "\n" for run in runs)
        reader, seen, found = Reader(), -1, None
        for line in self.machine.run(f"{self.options}--inputs /fuzz/inputs --announce",
                                     {"fuzz/inputs": text}):
            seen += line.startswith("@")
            if reader.line(line) and not found and kind in ("", kind_of(reader.failures[-1][1])):
                found = seen, reader.failures[-1][1]
        reason = reader.panic or self.machine.end()
        if not found and seen >= 0 and reason and kind in ("", kind_of(reason)):
            found = seen, reason
        return found

    def show(self, run, how):
        """The lines that a run prints, call by call; how: --trace or --test."""
        return list(self.machine.run(f"{self.options}--inputs /fuzz/inputs {how}",
                                     {"fuzz/inputs": run + "\n"}))


def kind_of(reason):
    """What two failures have in common that are the same."""
    return re.sub(r"step=\S+|0x[0-9a-f]+|\d+", "N", reason.split("): ")[-1])


def first_alone(runs, candidates, kind):
    """As Runs.first_failure(), of those that fail in a boot of their own, too: what one breaks in the
    kernel another may meet."""
    start = 0
    while start < len(candidates) and (found := runs.first_failure(candidates[start:], kind)):
        index = start + found[0]
        if alone := runs.first_failure([candidates[index]], kind):
            return index, alone[1]
        start = index + 1
    return None


def shrink(runs, run, say, in_any_way=False):
    """The fewest steps of run that still fail, in the same way unless any will do, and the reason; delta
    debugging."""
    found = runs.first_failure([run])
    if not found:
        return None, ""
    seed, words = run.split(":", 1)
    words, reason, kind = words.split(), found[1], "" if in_any_way else kind_of(found[1])
    pieces = 2
    while len(words) > 1:
        size = -(-len(words) // pieces)
        candidates = [words[:at] + words[at + size:] for at in range(0, len(words), size)]
        found = first_alone(runs, [f"{seed}:{' '.join(part)} " for part in candidates], kind)
        if found:
            words, reason, pieces = candidates[found[0]], found[1], max(pieces - 1, 2)
            say(f"{len(words)} steps: {reason}")
        elif size == 1:
            break
        else:
            pieces = min(pieces * 2, len(words))
    return f"{seed}:{' '.join(words)} ", reason


TEST = """/*
 * Found by fuzzing: seed {seed}, shrunk to {count} steps.
 *
 *     {reason}
 */
#include "test/guest/fuzzed.h"

int main(void)
{{
    fuzzed_begin();
{body}
    return fuzzed_end();
}}
"""


def as_test(runs, run, reason):
    """A run as a C program in the style of test/guest/."""
    body = [line.removeprefix("test: ") for line in runs.show(run, "--test") if line.startswith("test: ")]
    seed, words = run.split(":", 1)
    return TEST.format(seed=seed, count=len(words.split()), reason=reason, body="\n".join(body))
