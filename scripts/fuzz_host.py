#!/usr/bin/env python3
"""Fuzzes the pure parts of the kernel on this host: libFuzzer, ASan and UBSan, as i386 code.

    fuzz_host.py [--build DIR] [--time SECONDS] [--update] [TARGET...]

A target is a file of test/fuzz/ with an entry point; its seeds are in test/fuzz/corpus/TARGET, what it
finds goes to BUILD/fuzz/TARGET.corpus, and the input of a failure to BUILD/fuzz/. SECONDS are for all
targets together. --update takes over into the seeds what reaches more than they do. The last line is
`N targets, N executions, N failures`; exits 1 if there was a failure.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CROSS = "/usr/i686-linux-gnu"
CROSS_GCC = "/usr/lib/gcc-cross/i686-linux-gnu/12"
INPUT_MAX = 2048
SEED_MAX = 256  # bytes of an input that becomes a seed

# clang's runtime with the C library of the cross compiler, as the unit tests have it
COMPILE = ["clang", "--target=i686-linux-gnu", f"-I{CROSS}/include", f"-B{CROSS_GCC}",
           f"-L{CROSS_GCC}", f"-L{CROSS}/lib", f"-Wl,--dynamic-linker={CROSS}/lib/ld-linux.so.2",
           f"-Wl,-rpath,{CROSS}/lib", "-std=gnu11", "-D_GNU_SOURCE", "-I.", "-g", "-O1", "-w",
           "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-nostdlib++"]
LIBRARIES = ["-l:libstdc++.so.6"]


def all_targets():
    """Names of the sources with an entry point, but for the one that calls it."""
    names = [os.path.basename(path)[:-2] for path in glob.glob(f"{ROOT}/test/fuzz/*.c")]
    return sorted(name for name in names if name != "driver")


class Target:
    """A fuzz target and its directories."""

    def __init__(self, build, name):
        self.name = name
        self.program = os.path.join(build, "fuzz", name)
        self.found = self.program + ".corpus"
        self.seeds = os.path.join(ROOT, "test", "fuzz", "corpus", name)
        os.makedirs(self.found, exist_ok=True)
        os.makedirs(self.seeds, exist_ok=True)

    def compile(self):
        """Ends the run if it does not compile."""
        subprocess.run([*COMPILE, f"test/fuzz/{self.name}.c", *LIBRARIES, "-o", self.program],
                       cwd=ROOT, check=True)

    def run(self, seconds):
        """(executions, coverage, "" or what failed) of so long a run."""
        done = subprocess.run(
            [self.program, f"-max_total_time={seconds}", f"-max_len={INPUT_MAX}",
             f"-artifact_prefix={self.program}-", "-print_final_stats=1", self.found, self.seeds],
            cwd=ROOT, check=False, capture_output=True, text=True, errors="replace")
        output = done.stderr
        with open(self.program + ".log", "w", encoding="utf-8") as log:
            log.write(output)
        executions = re.search(r"number_of_executed_units: +(\d+)", output)
        coverage = re.findall(r" cov: (\d+)", output) or ["0"]
        failure = ""
        if done.returncode:
            summary = re.search(r"SUMMARY: .*|.*does not hold.*|.*panic: .*", output)
            unit = re.search(r"Test unit written to (\S+)", output)
            failure = (summary[0] if summary else f"exit status {done.returncode}") \
                + (f": {unit[1]}" if unit else "")
        return int(executions[1]) if executions else 0, int(coverage[-1]), failure

    def update(self):
        """Seeds that reach all that was found, among those that are small."""
        merged = self.program + ".merged"
        shutil.rmtree(merged, ignore_errors=True)
        os.makedirs(merged)
        subprocess.run([self.program, "-merge=1", "-use_counters=0", f"-max_len={SEED_MAX}", merged, self.seeds, self.found],
                       cwd=ROOT, check=True, capture_output=True)
        shutil.rmtree(self.seeds)
        shutil.move(merged, self.seeds)


def main():
    """Compiles and runs each target in turn."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--time", type=int, default=40)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("targets", nargs="*")
    args = parser.parse_args()
    if not shutil.which("clang"):
        sys.exit("clang is not installed: apt-get install clang libclang-rt-14-dev")
    targets = [Target(os.path.abspath(args.build), name) for name in args.targets or all_targets()]
    total = failures = 0
    for target in targets:
        target.compile()
        executions, coverage, failure = target.run(max(args.time // len(targets), 1))
        total += executions
        failures += bool(failure)
        print(f"{target.name:10} {executions:9} executions, {coverage:5} edges  {failure or 'ok'}",
              flush=True)
        if args.update and not failure:
            target.update()
    print(f"{len(targets)} targets, {total} executions, {failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
