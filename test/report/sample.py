"""A small study for the tests of the report: exact figures from scripts/bench.txt, everything else by
formulas that stand here, so that no boot is needed and every kind of record is there."""
import json
import os

import figures
from study import records
from study.report_data import DEFAULTS

USUAL = DEFAULTS | {"cpu": "qemu64,lm=off", "boot": "sample"}
EXPOSED = {("split", "entry stack"): 1, ("split", "gate text"): 1, ("split", "descriptors"): 1,
           ("shared", "entry stack"): 1, ("shared", "gate text"): 1, ("shared", "descriptors"): 1,
           ("shared", "direct map"): 65536}
PARTS = {"entry": 26, "switch": 11, "dispatch": 11, "copy": 0, "body": 5, "exit": 12}
COPIES = {"walk": 0, "window": 40, "bounce": 90, "direct": -30}
WORKING_SETS = [0] + [2 ** power for power in range(11)]
PROGRAMS = {"SortUniq": 90_000_000, "Sha256": 310_000_000, "TarUntar": 40_000_000}


def record(**fields):
    """A record of what is usual where it is not told."""
    return records.record(**USUAL | fields)


def exact():
    """What bench.txt has, and the copy strategies."""
    table, _ = figures.read(figures.EXPECTED)
    for (benchmark, door), cells in table.items():
        for unit, values in zip(figures.UNITS, (cells[:2], cells[2:])):
            for isolation, value in zip(figures.MODES, values):
                yield record(kind="icount", benchmark=benchmark, door=door.strip("-"), unit=unit,
                             isolation=isolation, value=value)
    for benchmark in ("Null", "ReadZero1", "WriteNull1"):
        for copy, more in COPIES.items():
            for mode, isolation in enumerate(figures.MODES):
                if copy != "walk" and (copy, isolation) != ("direct", "split"):
                    value = table[benchmark, "int80"][mode] + (more if benchmark != "Null" else 0)
                    yield record(kind="icount", benchmark=benchmark, unit="instr/op", copy=copy,
                                 isolation=isolation, value=value)
    for program, count in PROGRAMS.items():
        for isolation, value in (("split", count + count // 200), ("shared", count)):
            yield record(kind="icount", benchmark=program, unit="instr/op", isolation=isolation,
                         door="", value=value)


def elsewhere():
    """What Linux takes."""
    for system, count in (("linux-pae-pti", 359), ("linux-pae", 350)):
        yield record(system=system, kind="icount", benchmark="Null", unit="instr/op", value=count,
                     isolation="", copy="", resident="", ipc="", cpu="core2duo-v1", **{"global": ""})
        yield record(system=system, kind="icount", benchmark="Sha256", unit="instr/op", door="",
                     value=2 * PROGRAMS["Sha256"], isolation="", cpu="core2duo-v1")


def cycles(pages, split, global_, walk):
    """The formula of the sample's model."""
    return 400 + 24 * pages + split * (200 + walk * (min(pages, 512) + (0 if global_ else 9)))


def modelled():
    """Working-set curves, null calls and programs, of TLBs that no CPU has."""
    for tlb, walk in (("sample-small", 12), ("sample-large", 26)):
        for isolation in figures.MODES:
            for global_ in ("on", "off"):
                some = {"kind": "model", "tlb": tlb, "isolation": isolation, "global": global_}
                split = isolation == "split"
                for pages in WORKING_SETS:
                    yield record(**some, benchmark="WorkingSet", unit="cycles/op",
                                 parameters={"pages": pages},
                                 value=cycles(pages, split, global_ == "on", walk))
                for unit, value in (("cycles/op", cycles(0, split, global_ == "on", walk)),
                                    ("dtlb-misses/op", 3 * split), ("itlb-misses/op", 2 * split)):
                    yield record(**some, benchmark="Null", unit=unit, value=value)
        for program, count in PROGRAMS.items():
            for isolation, value in (("split", count * 2 + count // 20), ("shared", count * 2)):
                yield record(kind="model", tlb=tlb, benchmark=program, unit="cycles/op", door="",
                             isolation=isolation, value=value)


def others():
    """Exposure, parts, and ratios of time."""
    for isolation in figures.MODES:
        pages = {part: count for (mode, part), count in EXPOSED.items() if mode == isolation}
        for part, count in pages.items():
            for unit, size in (("pages", 1), ("bytes", 4096)):
                yield record(kind="exposure", isolation=isolation, part=part, unit=unit, door="",
                             value=count * size)
        for benchmark, copied in (("Null", 0), ("ReadZero1", 66)):
            for door in figures.DOORS:
                for part, count in (PARTS | {"copy": copied}).items():
                    if (part, isolation) == ("switch", "shared"):
                        count = 3
                    yield record(kind="part", benchmark=benchmark, isolation=isolation, door=door,
                                 part=part, unit="instr/op", value=count)
    for door, ratio in (("int80", 9.5), ("sysenter", 11.2)):
        yield record(kind="wall", benchmark="Null", door=door, unit="ratio", value=ratio,
                     low=ratio - 0.4, high=ratio + 0.7)


def write(folder, kinds=("icount", "model", "exposure", "part", "wall")):
    """Writes a study of those kinds into a directory, which is made."""
    os.makedirs(folder, exist_ok=True)
    rows = [row for rows in (exact(), elsewhere(), modelled(), others()) for row in rows
            if row["kind"] in kinds]
    with open(os.path.join(folder, "results.jsonl"), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    with open(os.path.join(folder, "boots.jsonl"), "w", encoding="utf-8") as file:
        file.write(json.dumps({"boot": "sample", "command": "none: test/report/sample.py made it",
                               "log": "none"}) + "\n")
    with open(os.path.join(folder, "versions.json"), "w", encoding="utf-8") as file:
        json.dump({"compiler": "none", "qemu": "none", "commit": "none"}, file)
