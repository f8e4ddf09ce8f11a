#!/usr/bin/env python3
"""Runs every test of Postern: unit tests, tests that must not compile, guest programs on this host,
and the boot matrix. The last line is `N passed, N failed`.

    make test                          everything
    make test TEST_ARGUMENTS='-k 486'  the rows whose name matches
"""
import argparse
import concurrent.futures
import difflib
import functools
import glob
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, name) for name in ("scripts", "test/boot", "test/study")]
import coverage  # noqa: E402  pylint: disable=wrong-import-position
import figures as study_figures  # noqa: E402  pylint: disable=wrong-import-position
import fuzz_host  # noqa: E402  pylint: disable=wrong-import-position
import laboratory  # noqa: E402  pylint: disable=wrong-import-position
import profile_operation  # noqa: E402  pylint: disable=wrong-import-position
import ktap  # noqa: E402  pylint: disable=wrong-import-position
import matrix  # noqa: E402  pylint: disable=wrong-import-position
import page_walk  # noqa: E402  pylint: disable=wrong-import-position
import tlb_model  # noqa: E402  pylint: disable=wrong-import-position
from study import parts as study_parts  # noqa: E402  pylint: disable=wrong-import-position

# Instructions of an icount run: exact, so the bound holds on any machine.
ISOLATION_AT_MOST = 10  # what split adds to a call
NO_MACHINE = 126        # of scripts/qemu

# What make itself was told does not concern the programs that we start.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}


def execute(command, timeout, typed="", **settings):
    """(exit status, output); 124 when the time is up."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              input=typed.encode(), timeout=timeout, check=False,
                              env=ENVIRONMENT, **settings)
        return done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode("utf-8", "replace") + "\nthe time is up\n"


def totals_of(output, status):
    """The KTAP totals of a program that must also exit with 0."""
    totals = ktap.read(output.splitlines())
    if status and not totals.failed:
        totals.fail(f"exit status {status}")
    if not totals.passed and not totals.failed and not totals.skipped:
        totals.fail("no results")
    return totals


def skipped():
    """Totals of something that cannot be tried here."""
    totals = ktap.Totals()
    totals.skipped = 1
    return totals


def session_of(output):
    """What a script printed, without the boot around it; empty if it did not end."""
    match = re.search(r"^session: begin$.*^session: end$", output.replace("\r\n", "\n"),
                      re.MULTILINE | re.DOTALL)
    return match[0] if match else ""


def number_in(output, pattern):
    """The number in the pattern's first group; -1 if no line matches."""
    match = re.search(pattern, output)
    return int(match[1]) if match else -1


def single(problems):
    """Totals of something that passes or fails as a whole."""
    totals = ktap.Totals()
    if problems:
        totals.fail("; ".join(problems))
    else:
        totals.passed = 1
    return totals


class Tests:
    """Every test as a (name, function) pair; functions give Totals and may run in parallel."""

    def __init__(self, args):
        self.args = args
        self.logs = os.path.join(args.build, "test")
        os.makedirs(self.logs, exist_ok=True)

    def log_path(self, name):
        """Where a log of that name is."""
        return os.path.join(self.logs, re.sub(r"[^\w]+", "-", name).strip("-") + ".log")

    def log(self, name, output):
        """Keeps a test's output for whoever wants to know more."""
        with open(self.log_path(name), "w", encoding="utf-8") as file:
            file.write(output)

    # --- unit tests -----------------------------------------------------------------------------

    def on_this_host(self, name, sources, arguments=()):
        """(exit status, output) of a program of i386 code under the sanitizers."""
        libraries = "/usr/i686-linux-gnu/lib"
        program = os.path.join(self.logs, name)
        command = [*self.args.cc.split(), "-std=gnu11", "-D_GNU_SOURCE", "-g", "-O1", "-Wall",
                   "-Wextra", "-I.", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
                   "-Wl,--disable-new-dtags",  # the sanitizers' own libraries lie there too
                   f"-Wl,-rpath,{libraries}", f"-Wl,--dynamic-linker={libraries}/ld-linux.so.2",
                   "-o", program, *sources]
        status, output = execute(command, 120, cwd=ROOT)
        if not status:
            status, output = execute([program, *arguments], 300, cwd=ROOT)
        self.log(name, output)
        return status, output

    def unit(self, source):
        """Kernel code with its test around it."""
        status, output = self.on_this_host(os.path.basename(source)[:-2], [source])
        return totals_of(output, status)

    def corpus(self, target):
        """A fuzz target on the inputs that are kept for it."""
        seeds = glob.glob(os.path.join(ROOT, "test", "fuzz", "corpus", target, "*"))
        sources = [f"test/fuzz/{target}.c", "test/fuzz/driver.c"]
        status, output = self.on_this_host(f"fuzz_{target}", sources, sorted(seeds))
        return single([] if seeds and not status else [output[-500:] or "no seeds"])

    # --- tests that must not compile --------------------------------------------------------------

    def must_not_compile(self, source):
        """A wrong use is refused with the diagnostic that the file names; its right twin is not."""
        with open(source, encoding="utf-8") as file:
            text = file.read()
        base = [*self.args.cc.split(), *self.args.kernel_flags.split(), "-fsyntax-only"]
        problems = []
        status, output = execute(base + ["-DGOOD", source], 60, cwd=ROOT)
        if status:
            problems.append("the right use does not compile")
        if wanted := re.search(r"/\* error: (.*?) \*/", text):
            status, wrong = execute(base + [source], 60, cwd=ROOT)
            if not status or not re.search(wanted[1], wrong):
                problems.append(f"GCC does not say: {wanted[1]}")
            output += wrong
        if wanted := re.search(r"/\* sparse: (.*?) \*/", text):
            command = ["sparse", "-m32", "-D__float128=double", *self.args.kernel_flags.split(), source]
            _, wrong = execute(command, 60, cwd=ROOT)
            if not re.search(wanted[1], wrong):
                problems.append(f"sparse does not say: {wanted[1]}")
            output += wrong
        self.log(source, output)
        return single(problems)

    # --- this host as the oracle --------------------------------------------------------------------

    def on_host(self, program):
        """A guest test on Linux: where it makes sense there, it must pass there too."""
        directory = os.path.join(self.args.build, "initrd", "test")
        status, output = execute(["./" + program], 120, cwd=directory)
        self.log(f"host-{program}", output)
        return totals_of(output, status)

    def hello_on_host(self):
        """The same file says the same on Linux."""
        program = os.path.join(self.args.build, "initrd", "bin", "hello")
        _, output = execute([program, "one"], 20)
        return single([] if re.search(matrix.HELLO, output) else ["hello says something else"])

    def run_script(self, script):
        """A script of busybox's shell in this host's kernel; None where that cannot be. As in a boot no
        signal is ignored, which nohup may have seen to: a shell cannot trap one that was."""
        stage = os.path.join(self.args.build, "stage")
        programs = os.path.join(stage, "bin")
        if not self.has_busybox() or not self.runs_i386():
            return None
        return execute(["env", "-i", "--default-signal", f"PATH={programs}", f"{programs}/sh",
                        os.path.join(stage, "test", script)], 120)[1]

    @functools.lru_cache(maxsize=None)
    def host_script(self, script):
        """The same, run once for all who ask."""
        return self.run_script(script)

    def script_on_host(self, script):
        """Twice the same: only then may another kernel be measured by it."""
        first, second = self.run_script(script), self.run_script(script)
        if first is None:
            return skipped()
        self.log(f"host-{script}", second)
        return single([] if session_of(first) and first == second else ["it differs or does not end"])

    def script_problems(self, row, output):
        """Where what a script printed in a boot is not what it prints on this host."""
        wanted, seen = session_of(self.host_script(row.script)), session_of(output)
        if wanted and wanted == seen:
            return []
        # what was said before an end that is missing is worth a diff too
        seen = seen or output.replace("\r\n", "\n")
        lines = list(difflib.unified_diff(wanted.splitlines(), seen.splitlines(), "host", row.name,
                                          lineterm="", n=1))
        self.log(f"{row.name} diff", "\n".join(lines))
        return [f"{row.script} differs from the host's: " + " / ".join(lines[2:8])]

    # --- boots --------------------------------------------------------------------------------------

    def iso_of(self, row):
        """A CD image with the row's command line."""
        path = os.path.join(self.logs, re.sub(r"\W+", "-", row.name) + ".iso")
        status, output = execute(["scripts/iso", path, os.path.join(self.args.build, "postern.elf"),
                                  os.path.join(self.args.build, "initrd.cpio"), row.append], 60,
                                 cwd=ROOT)
        if status:
            raise RuntimeError(output)
        return path

    def run_machine(self, row):
        """(exit status, output) of a row's machine."""
        command = ["scripts/qemu", "--cpu", row.cpu, "--qemu", row.qemu, "--mem", row.mem,
                   "--timeout", str(row.timeout)]
        if row.iso:
            command += ["--iso", self.iso_of(row)]
        else:
            command += ["--kernel", os.path.join(self.args.build, row.flavour, "postern.elf"), "--initrd",
                        row.initrd or os.path.join(self.args.build, "initrd.cpio"),
                        f"--append={row.append}"]
        if row.icount:
            command.append("--icount")
        if row.typed:
            command.append("--stdin")
        status, output = execute(command, row.timeout + 10, row.typed, cwd=ROOT)
        self.log(row.name, output)
        return status, output

    def boot(self, row):
        """One row of the matrix."""
        if row.busybox and not self.has_busybox():
            return skipped()
        if row.script and self.host_script(row.script) is None:
            return skipped()
        status, output = self.run_machine(row)
        problems = [f"no line matches {p}" for p in row.expect if not re.search(p, output)]
        problems += [f"a line matches {p}" for p in row.refuse if re.search(p, output)]
        problems += [f"{pattern}: more than {most}" for pattern, most in row.at_most
                     if not 0 <= number_in(output, pattern) <= most]
        if row.script:
            problems += self.script_problems(row, output)
        if status != row.status:
            problems.append(f"exit status {status}, not {row.status}")
        if not row.ktap:
            return single(problems)
        totals = totals_of(output, status)
        for problem in problems:
            totals.fail(problem)
        return totals

    def terminal(self, knobs, last):
        """Somebody types at the login shell, and ends the session with a last command."""
        if not self.has_busybox():
            return skipped()
        status, output = execute([sys.executable, "test/boot/terminal.py", "--build", self.args.build,
                                  f"--append={knobs}", f"--last={last}",
                                  "--screen", self.log_path(f"terminal {knobs} screen")], 120,
                                 cwd=ROOT)
        self.log(f"terminal {knobs}", output)
        return totals_of(output, status)

    # --- what a directory maps, seen from outside -----------------------------------------------------

    def exposure(self, isolation):
        """QEMU's page walk finds what Postern reports."""
        command = ["scripts/qemu", "--kernel", f"{self.args.build}/postern.elf", "--initrd",
                   f"{self.args.build}/initrd.cpio", "--mem", "64"]
        output, problems = page_walk.compare(command, isolation)
        self.log(f"exposure-{isolation}", output)
        return single(problems[:5])

    # --- an interrupt and an NMI at every instruction -------------------------------------------------

    def sweep(self):
        """Both kinds of NMI gate, both isolation modes; then every instruction must have been struck."""
        elf = os.path.join(self.args.build, "postern.elf")
        totals = ktap.Totals()
        objdump = re.sub(r"gcc$", "objdump", self.args.cc.split()[-1])
        for isolation, resident in itertools.product(("split", "shared"), ("off", "on")):
            variant = isolation + ("_resident" if resident == "on" else "")
            struck = ""
            for machine in ({}, {"cpu": "core2duo-v1", "qemu": matrix.I386}):
                row = matrix.Row(f"sweep {variant} {machine.get('cpu', 'four doors')}",
                                 f"sweep=on isolation={isolation} resident={resident} "
                                 "loglevel=warning -- /test/sweep",
                                 ktap=True, timeout=200, **machine)
                status, output = self.run_machine(row)
                totals.add(totals_of(output, status))
                struck += output
            for problem in coverage.problems(elf, variant, struck, objdump):
                totals.fail(problem)
            totals.passed += len(coverage.instructions(elf, variant, objdump))
        return totals

    # --- the readers of results, which must see what is wrong ---------------------------------------

    def ktap_reader(self):
        """Each log that is not a whole and good one has a failure."""
        totals = ktap.Totals()
        for text, wanted in matrix.KTAP_LOGS:
            seen = ktap.read(text.splitlines())
            counts = (seen.passed, seen.failed, seen.skipped)
            if counts == wanted:
                totals.passed += 1
            else:
                totals.fail(f"{text!r}: {counts}, not {wanted}")
        return totals

    def no_machine(self):
        """A QEMU that does not start is not a guest that ended well."""
        totals = ktap.Totals()
        for wrong in (["--cpu", "nonsense"], ["--extra=-nonsense"], ["--qemu", "no-such-qemu"]):
            status, output = execute(["scripts/qemu", "--kernel", f"{self.args.build}/postern.elf",
                                      "--initrd", f"{self.args.build}/initrd.cpio",
                                      "--append=-- /test/true", *wrong], 70, cwd=ROOT)
            if status == NO_MACHINE:
                totals.passed += 1
            else:
                totals.fail(f"{wrong}: exit status {status}: {output[:200]}")
        return totals

    # --- the fuzzer ---------------------------------------------------------------------------------

    def fuzz_on_host(self):
        """What its oracle expects holds on Linux."""
        program = os.path.join(self.args.build, "initrd", "bin", "fuzz")
        status, output = execute([program, "--seed", "1", "--runs", "60"], 60)
        self.log("fuzz-host", output)
        return single(re.findall("fuzz: FAIL (.*)", output) or ([f"status {status}"] if status else []))

    def fuzz_tools(self):
        """An oracle that believes something wrong fails; the same run fails again, and two of its steps
        are left of it."""
        mode = "host" if self.runs_i386() else "split"
        command = [sys.executable, "scripts/fuzz.py", "--build", self.args.build, "--believe", "--mode",
                   mode, "--seed", "8"]
        _, replayed = execute([*command, "replay"], 60, cwd=ROOT)
        _, shrunk = execute([*command, "shrink"], 60, cwd=ROOT)
        self.log("fuzz-tools", replayed + shrunk)
        wanted = [(r"FAIL seed=8 step=93 uname\(", replayed), (r"seed 8, shrunk to 2 steps", shrunk),
                  (r"munmap\(.*\n.*\n *fuzzed_call\(0, NR_uname, ", shrunk)]
        return single([f"no line matches {pattern}" for pattern, text in wanted
                       if not re.search(pattern, text)])

    # --- figures ------------------------------------------------------------------------------------

    def quick_study(self, number):
        """(exit status, output, results) of a study of the figures that are checked in."""
        out = os.path.join(self.logs, f"study-{number}")
        command = [sys.executable, "scripts/study.py", "run", "--section", "quick", "--fresh",
                   "--build", self.args.build, "--out", out, "--cc", self.args.cc]
        status, output = execute(command, 320, cwd=ROOT)
        with open(os.path.join(out, "results.jsonl"), encoding="utf-8") as file:
            return status, output, file.read()

    def figures(self):
        """Two studies have the same figures, and isolation costs no more than it may."""
        status, output, results = self.quick_study(1)
        self.log("figures", output)
        totals = ktap.Totals()

        def check(good, text):
            if good:
                totals.passed += 1
            else:
                totals.fail(text)

        check(status == 0, f"the study ends with {status}")
        check(results == self.quick_study(2)[2], "two studies have different figures")
        table = study_figures.table_of(json.loads(line) for line in results.splitlines())
        for benchmark in ("Null", "Enosys", "ReadZero1", "ReadZero64K", "WriteNull1"):
            for door in study_figures.DOORS:
                split, shared, *writes = table[benchmark, door]
                name = f"{benchmark} through {door}"
                check(split - shared <= ISOLATION_AT_MOST, f"{name}: {split} and {shared}")
                check(writes == [2, 0], f"{name}: {writes} CR3 writes")
        self.expected_figures(table, check)
        return totals

    def pretended_studies(self):
        """The laboratory with a machine that only pretends."""
        totals = ktap.Totals()
        for name, problems in laboratory.pretended():
            totals.add(single([f"{name}: {problem}" for problem in problems]))
        return totals

    def seen_from_outside(self):
        """A plugin of QEMU counts the instructions and CR3 writes that the kernel's counters and the TSC
        do: those that the file of figures has."""
        expected, _ = study_figures.read(study_figures.EXPECTED)
        totals = ktap.Totals()
        for benchmark, door in (("Null", "sysenter"), ("ResidentGetpid", "int80"),
                                ("Batch16", "int80"), ("PipePingPong", "int80"),
                                ("IpcRoundTrip", "int80"), ("IpcRoundTrip", "sysenter"),
                                ("IpcRoundTripKernel", "sysenter")):
            for mode, name in enumerate(study_figures.MODES):
                seen = profile_operation.Profile(self.args.build, benchmark, name, door)
                wanted = expected[benchmark, door]
                if seen.cr3_writes == wanted[2 + mode] and seen.total() <= wanted[mode]:
                    totals.passed += 1
                else:
                    totals.fail(f"{benchmark} in {name}: {seen.total()} instructions, "
                                f"{seen.cr3_writes} CR3 writes, not {wanted}")
        return totals

    def modelled_misses(self):
        """The model of TLBs counts what can be derived by hand."""
        totals = ktap.Totals()
        for good, text in tlb_model.results(execute, self.args.build):
            if good:
                totals.passed += 1
            else:
                totals.fail(text)
        return totals

    def parts(self):
        """Each instruction of a call belongs to one part of it, and the modes differ in the switch alone."""
        expected, _ = study_figures.read(study_figures.EXPECTED)
        totals = ktap.Totals()
        for door in ("int80", "sysenter"):
            split, shared = ({record["part"]: record["value"] for record in study_parts.records(
                self.args.build, "ReadZero1", mode, door)} for mode in study_figures.MODES)
            for found, wanted in zip((split, shared), expected["ReadZero1", door]):
                totals.add(single([] if sum(found.values()) <= wanted else
                                  [f"{door}: {found} are more than {wanted}"]))
            differing = [part for part, count in split.items() if count != shared[part]]
            totals.add(single([] if differing == ["switch"] and all(split.values()) else
                              [f"{door}: {split} and {shared}"]))
        return totals

    def report(self):
        """The page of a study, of samples; what needs a browser is skipped where there is none."""
        status, output = execute([sys.executable, "test/report/check.py", "--sample",
                                  os.path.join(self.logs, "report")], 120, cwd=ROOT)
        self.log("report", output)
        return totals_of(output, status)

    def expected_figures(self, table, check):
        """No figure is worse than the file has it; what is better is said."""
        expected, made_with = study_figures.read(study_figures.EXPECTED)
        used = study_figures.versions(self.args.cc)["compiler"]
        other = used != made_with["compiler"]
        if other:
            print(f"        figures are compared loosely: {study_figures.EXPECTED} is of "
                  f"{made_with['compiler']}, this is {used}")
        problems, better = study_figures.compare(table, expected, other)
        for line in better:
            print(f"        better: {line}; `make bench-update` keeps it")
        for line in problems:
            check(False, f"worse: {line}; `make bench-update` accepts it")
        check(not problems, f"{len(problems)} figures are worse")

    # --- all ----------------------------------------------------------------------------------------

    def all(self):
        """Every test there is."""
        for name in sorted(os.listdir(os.path.join(ROOT, "test", "unit"))):
            if name.startswith("test_") and name.endswith(".c"):
                source = f"test/unit/{name}"
                yield f"unit: {name[5:-2]}", lambda source=source: self.unit(source)
        for target in fuzz_host.all_targets():
            yield f"fuzz corpus: {target}", lambda target=target: self.corpus(target)
        for name in sorted(os.listdir(os.path.join(ROOT, "test", "compile"))):
            if name.endswith(".c"):
                source = f"test/compile/{name}"
                yield f"must not compile: {name[:-2]}", \
                    lambda source=source: self.must_not_compile(source)
        if self.runs_i386():
            yield "this host: hello", self.hello_on_host
            for script in sorted({row.script for row in matrix.ROWS if row.script}):
                yield f"this host: {script}", lambda script=script: self.script_on_host(script)
            for name in sorted(os.listdir(os.path.join(ROOT, "test", "guest"))):
                if name.endswith(".c") and name != "run.c":
                    program = name[:-2]
                    yield f"this host: {program}", lambda program=program: self.on_host(program)
            yield "this host: fuzz", self.fuzz_on_host
        else:
            print("this host does not run i386 programs: no oracle for the guest tests")
        yield "fuzz: replay and shrink", self.fuzz_tools
        yield "reader of KTAP", self.ktap_reader
        yield "QEMU that does not start", self.no_machine
        yield "figures", self.figures
        yield "study: cells, cache, shards, differences", self.pretended_studies
        yield "study: two runs are the same", lambda: single(list(laboratory.exact_twice(self.args.build)))
        yield "figures from outside", self.seen_from_outside
        yield "model of TLBs: derived by hand", self.modelled_misses
        yield "parts of a call", self.parts
        yield "report of a study", self.report
        for knobs, last in matrix.TERMINALS:
            yield f"terminal: {knobs}, {last}", \
                lambda knobs=knobs, last=last: self.terminal(knobs, last)
        for isolation in ("split", "shared"):
            yield f"exposure: QEMU's page walk, {isolation}", \
                lambda isolation=isolation: self.exposure(isolation)
        yield "sweep: every instruction of the gate", self.sweep
        yield from self.boots(matrix.ROWS)

    def boots(self, rows):
        """Rows of the matrix."""
        for row in rows:
            yield f"boot: {row.name}", lambda row=row: self.boot(row)

    def has_busybox(self):
        """True if apt could get it for the initrd."""
        return os.path.exists(os.path.join(self.args.build, "stage", "bin", "busybox"))

    def runs_i386(self):
        """True if this host is a Linux that runs static i386 programs."""
        if platform.system() != "Linux":
            return False
        try:
            return execute([os.path.join(self.args.build, "initrd", "test", "true")], 10)[0] == 0
        except OSError:
            return False


def timed(function):
    """The function's Totals, a failure if it breaks, and the seconds it took."""
    start = time.monotonic()
    try:
        totals = function()
    except Exception as error:  # pylint: disable=broad-except
        totals = single([f"{type(error).__name__}: {error}"])
    return totals, time.monotonic() - start


def main():
    """Runs the tests that match, two at a time, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--cc", default="i686-linux-gnu-gcc")
    parser.add_argument("--kernel-flags", default="")
    parser.add_argument("-k", default="", help="only tests whose name matches this expression")
    parser.add_argument("--sanitized", action="store_true", help="boots of the kernel with all that watches it")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)

    passed = failed = skipped = 0
    failures = []
    tests = Tests(args).boots(matrix.SANITIZED_ROWS) if args.sanitized else Tests(args).all()
    tests = [t for t in tests if re.search(args.k, t[0])]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        running = [(name, pool.submit(timed, function)) for name, function in tests]
        for number, (name, future) in enumerate(running, 1):
            totals, seconds = future.result()
            passed, failed = passed + totals.passed, failed + totals.failed
            skipped += totals.skipped
            print(f"[{number}/{len(tests)}] {'FAIL' if totals.failed else 'ok':4} {name}: "
                  f"{totals.passed} passed"
                  + (f", {totals.failed} failed" if totals.failed else "")
                  + (f", {totals.skipped} skipped" if totals.skipped else "")
                  + f" ({seconds:.1f} s)", flush=True)
            shown = [f"        {failure}" for failure in totals.failures[:20]]
            print("".join(line + "\n" for line in shown), end="", flush=True)
            failures += [f"FAIL {name}", *shown] if totals.failed else []
    if failed:
        # again at the end, where a reader of a long log looks first
        print("\n".join(failures))
        print(f"logs are in {os.path.join(args.build, 'test')}")
    print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
