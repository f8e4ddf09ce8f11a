"""Compares the results of two studies, as diff does two files."""
import math
import os

from study import records


def load(path):
    """{identity: record} of a directory of a study, or a file of records."""
    if os.path.isdir(path):
        path = os.path.join(path, "results.jsonl")
    return {records.identity(row): row for row in records.read(path)}


def relative(old, new):
    """By how much: 0.05 is five per cent more."""
    return (new - old) / old if old else math.inf


def differs(old, new):
    """True where two records say something else. Of clocks only spreads that do not meet do."""
    if old["kind"] == "wall":
        return old["high"] < new["low"] or new["high"] < old["low"]
    return old["value"] != new["value"]


def compare(first, second):
    """(the lines that say what is other in the second, or none; what is most different first)."""
    changed = [(relative(old["value"], second[key]["value"]), old, second[key])
               for key, old in first.items() if key in second and differs(old, second[key])]
    changed.sort(key=lambda change: (-abs(change[0]), records.title(change[1])))
    lines = [f"{100 * ratio:+8.2f} %  {old['value']:>10,} -> {new['value']:>10,}  {records.title(old)}"
             for ratio, old, new in changed]
    for sign, left, right in (("removed", first, second), ("added", second, first)):
        lines += [f"{sign:>10}  {row['value']:>10,}  {'':>13}  {records.title(row)}"
                  for key, row in left.items() if key not in right]
    return lines
