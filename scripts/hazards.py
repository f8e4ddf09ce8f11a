#!/usr/bin/env python3
"""The table of hazards, with what became of their tests.

    hazards.py [--build DIR] [--run] [ROW...]

Reads test/guest/hazards.table. --run boots the guest tests that it names, in each isolation mode and
by each door, and runs the rows of test/run.py that it names; without it the logs of the last run are
read. The logs of Bochs are those that `make test-bochs` left, if it was made. Exits 1 if a row that
applies has failed or has no test.

A row of the table, in paragraphs of NAME VALUE (a value goes on in lines that are indented deeper):

    A1 hazard
        rule   the hardware's rule, with the manual's section
        doors  int80 sysenter syscall callgate, all, or none: the door does not matter
        right  what the kernel must do
        test   FILE: REGEX      checks of a guest test; DOOR stands for the row's doors in turn
        run    REGEX            rows of test/run.py
        no     why the row does not apply; its tests show the refusal
"""
import argparse
import glob
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOORS = ("int80", "sysenter", "syscall", "callgate")
MODES = ("split", "shared")
PASSED, FAILED, SKIPPED, NONE, UNCONCERNED = "+", "F", "s", "?", "."
DECIDES = (FAILED, NONE, PASSED, SKIPPED)
BOOT_SECONDS = 300
# What make itself was told does not concern the one that we start.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}


@dataclass
class Hazard:
    """A row of the table."""
    name: str
    hazard: str
    fields: dict = field(default_factory=dict)

    def one(self, name):
        """A field that a row has once, or nothing."""
        return " ".join(self.fields.get(name, []))

    @property
    def doors(self):
        """The doors that the row concerns; none if the door does not matter."""
        words = self.one("doors").split()
        return DOORS if words == ["all"] else tuple(d for d in DOORS if d in words)

    @property
    def tests(self):
        """(guest test, expression) pairs."""
        return [tuple(t.split(": ", 1)) for t in self.fields.get("test", [])]


def read_table(path):
    """The rows, in order."""
    rows, name = [], ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = line.split("#", 1)[0].rstrip() if line.startswith("#") else line.rstrip()
            if not text:
                continue
            if not text.startswith(" "):
                rows.append(Hazard(*text.split(" ", 1)))
            elif match := re.match(r" {4}(rule|doors|right|test|run|no) +(.*)", text):
                name = match[1]
                rows[-1].fields.setdefault(name, []).append(match[2])
            elif text.startswith("     "):
                rows[-1].fields[name][-1] += " " + text.strip()
            else:
                sys.exit(f"{path}:{number}: {text.strip()}")
    return rows


# --- results ---------------------------------------------------------------------------------------

def read_guest_log(path):
    """{(isolation, door, test): [(mark, check)]} of a log of /test/run."""
    results, checks = {}, []
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            match = re.match(r"(\s*)(not )?ok \d+ - (.*?)( # SKIP.*)?$", line.rstrip())
            if not match:
                continue
            mark = FAILED if match[2] else SKIPPED if match[4] else PASSED
            if match[1]:
                checks.append((mark, match[3]))
            elif key := re.match(r"(split|shared)/(\w+)/(\w+)$", match[3]):
                # one that died has failed, whatever it said before
                results[key[1], key[2], key[3]] = checks + ([(FAILED, "")] if match[2] else [])
                checks = []
    return results


def read_run_log(path):
    """{name: mark} of the rows of test/run.py."""
    results = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as log:
            for line in log:
                if match := re.match(r"\[\d+/\d+\] (ok|FAIL) +(.*): \d+ passed", line):
                    results[match[2]] = PASSED if match[1] == "ok" else FAILED
    return results


def worst(marks):
    """The mark that decides."""
    return next((mark for mark in DECIDES if mark in marks), NONE)


def mark_of(results, mode, door, tests):
    """What became of a row's guest tests in one mode, by one door (None: it does not matter)."""
    marks = []
    for test, expression in tests:
        pattern = re.compile(expression.replace("DOOR", door or "(" + "|".join(DOORS) + ")"))
        seen = [mark for (m, d, t), checks in results.items() if m == mode and t == test
                and (door is None or d in ("auto", door) or "DOOR" in expression)
                for mark, check in checks if pattern.match(check) or not check]
        marks.append(worst(seen) if seen else NONE)
    return worst(marks)


def marks_of(row, results, run, emulated_here):
    """{mode: {door: mark}} of one emulator; the key of a row whose doors do not matter is None."""
    if not row.tests and not emulated_here:
        return {mode: {door: UNCONCERNED for door in row.doors or (None,)} for mode in MODES}
    marks = {}
    for mode in MODES:
        marks[mode] = {}
        for door in row.doors or (None,):
            seen = [mark_of(results, mode, door, row.tests)] if row.tests else []
            for expression in row.fields.get("run", []) if emulated_here else ():
                seen.append(worst([m for n, m in run.items() if re.fullmatch(expression, n)]))
            marks[mode][door] = worst(seen)
    return marks


# --- the table -------------------------------------------------------------------------------------

def cells(marks, concerned):
    """One mode's marks, a column for each door."""
    if not concerned:
        return f"   {marks[None]}   "
    return " ".join(marks.get(door, UNCONCERNED) for door in DOORS)


def print_rows(rows, emulators, run):
    """The table; returns the names of rows that failed or have no test."""
    width, bad = max(len(row.hazard) for row in rows) + 1, []
    print(f"{'':{width + 6}}" + "".join(f"{name + ' ' + mode:15}" for name, *_ in emulators
                                         for mode in MODES).rstrip())
    print(f"{'row   hazard':{width + 6}}" + "        ".join(["i s y c"] * 2 * len(emulators)))
    for row in rows:
        start = f"{row.name:5} {row.hazard:{width}}"
        if not row.tests and not row.one("run"):
            print(f"{start}{'no: ' + row.one('no') if row.one('no') else 'NO TEST'}")
            bad += [] if row.one("no") else [row.name]
            continue
        text = []
        for name, results in emulators:
            marks = marks_of(row, results, run, name == "TCG")
            for mode in MODES:
                text.append(cells(marks[mode], row.doors))
                if FAILED in marks[mode].values() or (name == "TCG" and NONE in marks[mode].values()):
                    bad += [] if row.name in bad else [row.name]
        print(start + "        ".join(text) + ("   no: " + row.one("no") if row.one("no") else ""))
    return bad


def run_tests(rows, build):
    """Runs what the table names and keeps the logs; quiet but for what does not end."""
    guest = sorted({test for row in rows for test, _ in row.tests})
    hosts = sorted({name for row in rows for name in row.fields.get("run", [])})
    with open(os.path.join(build, "hazards", "tcg.log"), "w", encoding="utf-8") as log:
        done = subprocess.run(
            ["scripts/qemu", "--kernel", f"{build}/postern.elf", "--initrd", f"{build}/initrd.cpio",
             "--timeout", str(BOOT_SECONDS), "--append=loglevel=warning -- /test/run "
             + " ".join(guest)], stdout=log, stderr=log, cwd=ROOT, check=False)
    if done.returncode not in (0, 1):
        print(f"the machine ended with status {done.returncode}: see {log.name}")
    if not hosts:
        return
    with open(os.path.join(build, "hazards", "run.log"), "w", encoding="utf-8") as log:
        subprocess.run(["make", "-s", f"BUILD={build}", "test",
                        f"TEST_ARGUMENTS=-k '^({'|'.join(hosts)})$$'"], stdout=log, stderr=log,
                       cwd=ROOT, check=False, env=ENVIRONMENT)


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--run", action="store_true", help="run the tests first")
    parser.add_argument("rows", nargs="*", help="only these rows of the table")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    rows = read_table(os.path.join(ROOT, "test", "guest", "hazards.table"))
    if args.rows:
        rows = [row for row in rows if row.name in args.rows]
    os.makedirs(os.path.join(build, "hazards"), exist_ok=True)
    if args.run:
        run_tests(rows, build)
    emulators = []
    for name, logs in (("TCG", "hazards/tcg.log"), ("Bochs", "test/bochs*.log")):
        results = {}
        for log in sorted(glob.glob(os.path.join(build, logs))):
            results.update(read_guest_log(log))
        emulators.append((name, results))
    bad = print_rows(rows, emulators, read_run_log(os.path.join(build, "hazards", "run.log")))
    print(f"{PASSED} passed  {FAILED} failed  {SKIPPED} not on this machine  {NONE} no result  "
          f"{UNCONCERNED} not concerned; i s y c: {' '.join(DOORS)}")
    if bad:
        print("failed or untested: " + " ".join(bad))
    print(f"{len(rows) - len(bad)} of {len(rows)} rows hold")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
