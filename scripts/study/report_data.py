"""A study as the report sees it: the records of a directory, and how one is found among them."""
import collections
import json
import os

from study import records

# What a record is taken to be where nobody says otherwise.
DEFAULTS = records.DEFAULTS | {"system": "postern", "isolation": "split", "door": "int80"}
KNOBS = ("isolation", "global", "copy", "resident", "ipc")
# Debian's kernels: with page tables isolated, without, and the one that cannot.
PEERS = ("linux-pae-pti", "linux-pae", "linux")
# Shown first: the middle one in age, and Meltdown concerns it.
USUAL_TLB = "core2"
PROGRAMS = {"ShellExit": "sh -c exit", "SortUniq": "sort and uniq", "Sha256": "sha256sum",
            "TarUntar": "tar"}
PART_NAMES = {"entry": "entry", "switch": "CR3 and stack", "dispatch": "dispatch", "copy": "copy",
              "body": "body", "exit": "exit"}
PARTS = tuple(PART_NAMES)


def lines_of(path):
    """The objects of a JSON Lines file; none if there is no such file."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def mode_name(record):
    """How the report calls a setting of the knobs: the isolation, and what else is not the default."""
    others = [f"{knob}={record[knob]}" for knob in KNOBS[1:]
              if record.get(knob) and record[knob] != DEFAULTS[knob]]
    return ", ".join([record["isolation"]] + others)


class Study:
    """The records of a directory, each with its place in the file. tlb: the preset that is shown first."""

    def __init__(self, folder, tlb=""):
        self.records = lines_of(os.path.join(folder, "results.jsonl"))
        self.boots = lines_of(os.path.join(folder, "boots.jsonl"))
        self.versions = {}
        if os.path.exists(path := os.path.join(folder, "versions.json")):
            with open(path, encoding="utf-8") as file:
                self.versions = json.load(file)
        self.by_kind = collections.defaultdict(list)
        for place, record in enumerate(self.records):
            record["place"] = place
            self.by_kind[record["kind"], record["benchmark"], record["unit"]].append(record)
        self.cpu = next((record["cpu"] for record in self.records if record["system"] == "postern"), "")
        self.tlbs = list(dict.fromkeys(record["tlb"] for record in self.records if record["tlb"]))
        self.tlb = tlb or (USUAL_TLB if USUAL_TLB in self.tlbs else "".join(self.tlbs[:1]))

    def raw(self):
        """The records as in the file, but each field's name once."""
        fields = list(dict.fromkeys(field for record in self.records for field in record
                                    if field != "place"))
        return {"fields": fields,
                "records": [[record.get(field) for field in fields] for record in self.records]}

    def distance(self, record):
        """How many of a record's axes are not the defaults'."""
        return (record["cpu"] != self.cpu) + sum(record.get(axis) not in (value, "", None)
                                                 for axis, value in DEFAULTS.items())

    def benchmarks(self, kind, unit):
        """The names of those that have such figures, in the order measured."""
        return [name for found, name, of in self.by_kind if (found, of) == (kind, unit)]

    def find(self, kind, benchmark, unit, **wanted):
        """Every record of that kind that has the wanted values."""
        parameters = wanted.pop("parameters", None)
        return [record for record in self.by_kind.get((kind, benchmark, unit), ())
                if all(record.get(key) == value for key, value in wanted.items())
                and (parameters is None or record.get("parameters", {}) == parameters)]

    def one(self, kind, benchmark, unit, **wanted):
        """The record that is as wanted and otherwise nearest the defaults; None if there is none."""
        wanted = {"system": "postern"} | wanted
        return min(self.find(kind, benchmark, unit, **wanted), default=None, key=self.distance)

    def instructions(self, benchmark, **wanted):
        """The exact count of one operation."""
        return self.one("icount", benchmark, "instr/op", **wanted)


def value_of(record):
    """Its figure; None for no record."""
    return record["value"] if record else None
