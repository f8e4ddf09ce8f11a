#!/usr/bin/env python3
"""Reads KTAP version 1 out of a log with other lines in between.

    ktap.py LOG...       prints what failed, and the totals; exits 1 if something did

A document that has no plan, or other results than its plan says, has failed: its program died or
lines were lost. So has a log with a bail-out or a panic in it, and a log without results.
"""
import re
import sys
from dataclasses import dataclass, field

RESULT = re.compile(r"^(\s*)(not )?ok (\d+)(?: - ?(.*))?$")
PLAN = re.compile(r"^(\s*)1\.\.(\d+)(?: # SKIP (.*))?$")
ABORT = re.compile(r"^\s*(Bail out!.*|PANIC: .*)$")
VERSION = re.compile(r"^(\s*)KTAP version 1$")


@dataclass
class Document:
    """One level of results: a program's, or a program of programs'."""
    indent: int
    planned: int = -1
    seen: int = 0


@dataclass
class Totals:
    """What a log holds. Only the innermost results count."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)

    def fail(self, text):
        """Counts a failure."""
        self.failed += 1
        self.failures.append(text)

    def add(self, other):
        """Counts what another log holds, too."""
        self.passed, self.failed = self.passed + other.passed, self.failed + other.failed
        self.skipped += other.skipped
        self.failures += other.failures


def read(lines):
    """The Totals of a log."""
    totals, open_documents, notes, nested = Totals(), [], [], False

    def close(document):
        if document.planned < 0:
            totals.fail(f"a document ends without its plan, after {document.seen} results")
        elif document.planned != document.seen:
            totals.fail(f"{document.seen} results where the plan says {document.planned}")

    def close_below(indent):
        while open_documents and open_documents[-1].indent > indent:
            close(open_documents.pop())

    for line in (raw.rstrip("\r\n") for raw in lines):
        if version := VERSION.match(line):
            close_below(len(version[1]) - 1)
            open_documents.append(Document(len(version[1])))
        elif abort := ABORT.match(line):
            totals.fail(abort[1])
        elif plan := PLAN.match(line):
            close_below(len(plan[1]))
            if open_documents:
                open_documents[-1].planned = int(plan[2])
            if plan[3]:
                totals.skipped += 1
        elif (result := RESULT.match(line)) and open_documents:
            indent = len(result[1])
            nested = open_documents[-1].indent > indent
            close_below(indent)
            if open_documents:
                open_documents[-1].seen += 1
                if int(result[3]) != open_documents[-1].seen:
                    totals.fail(f"result {result[3]} where {open_documents[-1].seen} was due")
                    open_documents[-1].seen = int(result[3])
            name = result[4] or f"number {result[3]}"
            if "# SKIP" in name:
                totals.skipped += not nested
            elif result[2]:
                totals.fail("; ".join([name] + notes))
            elif not nested:
                totals.passed += 1
            notes = []
        elif line.strip().startswith("#"):
            notes.append(line.strip()[1:].strip())
    close_below(-1)
    return totals


def main():
    """Prints the totals of each log named."""
    failed = 0
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8", errors="replace") as log:
            totals = read(log)
        if not totals.passed and not totals.failed and not totals.skipped:
            totals.fail("no results")
        for failure in totals.failures:
            print(f"{name}: not ok: {failure}")
        print(f"{name}: {totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
        failed += totals.failed
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
