"""One-line changes that break the kernel: the tables of them, and copies of the tree to make them in.

A table has a paragraph for each change; blanks count as one:

    NAME FILE what the change does
        near  TEXT    of a line: the change is to the first line behind it that fits (else: the only one)
        -     TEXT    the line
        +     TEXT    what takes its place; left out: nothing does
        FIELD TEXT    whatever else the table's reader knows
"""
import contextlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What make itself was told does not concern the one that we start.
ENVIRONMENT = {k: v for k, v in os.environ.items()
               if k not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")}


@dataclass
class Change:
    """A change of one line."""
    name: str
    path: str
    what: str
    fields: dict = field(default_factory=dict)

    def get(self, name):
        """A field, or nothing."""
        return self.fields.get(name, "")


def squeeze(text):
    """Blanks count as one."""
    return " ".join(text.split())


def read_changes(path, known=()):
    """The changes of a table whose reader knows those fields too."""
    changes = []
    names = "|".join(("near", "-", r"\+", *known))
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            if match := re.match(rf" {{4}}({names}) +(.*)", line):
                changes[-1].fields[match[1]] = squeeze(match[2])
            elif match := re.match(r"([\w-]+) (\S+) (.*)", line):
                changes.append(Change(match[1], match[2], match[3]))
            else:
                sys.exit(f"{path}:{number}: {line.strip()}")
    return changes


def changed(text, change):
    """The text with the change, or None if the line is not there, or not once."""
    lines = text.splitlines()
    start = 0
    if near := change.get("near"):
        start = next((i for i, line in enumerate(lines) if near in squeeze(line)), len(lines))
    found = [i for i, line in enumerate(lines) if i >= start and squeeze(line) == change.get("-")]
    if not found or (len(found) > 1 and not near):
        return None
    lines[found[0]] = change.get("+")
    return "\n".join(lines) + "\n"


class Tree:
    """A copy of the tree with a build of its own, which begins as a copy of ours."""

    def __init__(self, build, path):
        self.path = path
        shutil.rmtree(path, ignore_errors=True)
        names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                               cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
        for name in names:
            target = os.path.join(path, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), target)
        shutil.copytree(build, os.path.join(path, "build"), symlinks=True,
                        ignore=shutil.ignore_patterns("mutate", "plant", "test", "hazards", "study",
                                                      "initrd", "stage", "busybox"))

    def make(self, target="build/postern.elf", *settings):
        """True if it builds; its output is then nothing."""
        done = subprocess.run(["make", "-s", "SETUP=no", *settings, target], cwd=self.path,
                              check=False, capture_output=True, text=True, env=ENVIRONMENT)
        if done.returncode:
            print(done.stderr)
        return done.returncode == 0

    @contextlib.contextmanager
    def with_change(self, change):
        """Makes the change for a while; False if its line is not there, or not once."""
        path = os.path.join(self.path, change.path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        new = changed(text, change)
        try:
            if new is not None:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(new)
            yield new is not None
        finally:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
