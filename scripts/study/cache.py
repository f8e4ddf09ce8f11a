"""The boots of a study and what has been measured of them, in one directory:

    plan.jsonl           every boot that belongs to the study, with its id
    versions.json        what they were planned with
    cache/ID.jsonl       its records; there only when the boot has ended well
    cache/ID.log         what it printed
    cache/ID.failed      the same, of one that has failed
"""
import json
import os
from dataclasses import asdict

from study import records
from study.matrix import Boot


def replace(path, text):
    """Writes a file so that it is there whole or not at all."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(f"{path}.new", path)


class Folder:
    """The directory of a study. boots: {id: Boot}, in the order of the plan."""

    def __init__(self, out):
        self.out = out
        self.boots, self.versions = {}, {}

    def path(self, *names):
        """A file of it."""
        return os.path.join(self.out, *names)

    def make(self):
        """Makes the directories."""
        os.makedirs(self.path("cache"), exist_ok=True)

    def plan(self, boots, versions):
        """Makes it the study of these boots."""
        self.make()
        self.boots, self.versions = boots, versions
        replace(self.path("plan.jsonl"),
                "".join(json.dumps({"boot": name} | asdict(boot)) + "\n"
                        for name, boot in boots.items()))
        replace(self.path("versions.json"), json.dumps(versions, indent=1) + "\n")

    def load(self):
        """Reads the plan."""
        for fields in records.read(self.path("plan.jsonl")):
            name = fields.pop("boot")
            self.boots[name] = Boot(**fields)
        with open(self.path("versions.json"), encoding="utf-8") as file:
            self.versions = json.load(file)
        return self

    def records_path(self, name):
        """Where the records of a boot are."""
        return self.path("cache", f"{name}.jsonl")

    def log_path(self, name):
        """Where its log is."""
        return self.path("cache", f"{name}.log")

    def has(self, name):
        """True if it has been measured."""
        return os.path.exists(self.records_path(name))

    def keep(self, name, log, rows):
        """Keeps what a boot has measured."""
        replace(self.log_path(name), log)
        replace(self.records_path(name), records.text_of(rows))
        for left in (self.failed_path(name), self.counts_path(name)):
            if os.path.exists(left):
                os.remove(left)

    def failed_path(self, name):
        """Where the log of one that has failed is."""
        return self.path("cache", f"{name}.failed")

    def counts_path(self, name):
        """Where a plugin may write."""
        return self.path("cache", f"{name}.counts")

    def forget(self):
        """All boots of the plan are to be measured again."""
        for name in filter(self.has, self.boots):
            os.remove(self.records_path(name))

    def missing(self):
        """The ids that have not been measured."""
        return [name for name in self.boots if not self.has(name)]
