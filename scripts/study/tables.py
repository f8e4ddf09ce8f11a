"""The tables that a study prints: every door, what else there is, and what a directory exposes."""
import figures
from figures import DOORS, MODES
from study import records

LANDING = ("entry", "switch", "exit")
BASELINES = "scripts/baselines.txt"
# What every door is shown for; the other table has two of them.
EVERY_DOOR = {
    "Null": "null call (getppid)",
    "Enosys": "unknown number",
    "ReadZero1": "read 1 B /dev/zero",
    "ReadZero64K": "read 64 KiB /dev/zero",
    "WriteNull1": "write 1 B /dev/null",
}


def costs(table):
    """The lines of the table of all doors."""
    yield (f"{'instructions of one call':<24} {'door':<9} {'split':>7} {'shared':>7} "
           f"{'differ':>7}   {'CR3 writes':>10}")
    for benchmark, title in EVERY_DOOR.items():
        for door in DOORS:
            if (benchmark, door) not in table:
                yield f"{title:<24} {door:<9} {'this CPU lacks the door':>23}"
            else:
                split, shared, writes, none = table[benchmark, door]
                yield (f"{title:<24} {door:<9} {split:>7,} {shared:>7,} {split - shared:>+7,}   "
                       f"{writes:>4} and {none:>1}")
            title = ""
        yield ""


def floor(rows):
    """What no dispatcher could save of the null call: all but the dispatcher and the handler. As rows of
    the table of figures."""
    sums = {}
    for row in rows:
        if row["kind"] == "part" and row["benchmark"] == "Null" and row["part"] in LANDING:
            cells = sums.setdefault(("Floor", row["door"]), [0, 0])
            cells[MODES.index(row["isolation"])] += row["value"]
    return sums


def numbers(cell):
    """The figures of a cell of baselines.txt; none where it has a dash."""
    return [] if cell == "-" else [int(number) for number in cell.split("/")]


def baselines():
    """The rows of baselines.txt: (benchmark, of, title, Linux on, Linux off, xv6, target)."""
    with open(BASELINES, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                cells = [cell.strip() for cell in line.split("|")]
                yield cells[:3] + [numbers(cell) for cell in cells[3:]]


def measured(table, benchmark, part):
    """(split, shared): each a list of the figures by int80 and sysenter, or by no door."""
    cells = [table[benchmark, door] for door in ("int80", "sysenter", "-")
             if (benchmark, door) in table]
    split, shared = ([row[mode] for row in cells] for mode in range(2))
    if part == "diff":
        return [a - b for a, b in zip(split, shared)], []
    per = int(part or 1)
    return [-(-value // per) for value in split], [-(-value // per) for value in shared]


def peer(rows, system, benchmark):
    """What a peer was measured to take, by int80 and sysenter, or by no door."""
    found = {row["door"]: row["value"] for row in rows
             if (row["system"], row["benchmark"], row["unit"]) == (system, benchmark, "instr/op")
             and not row["parameters"]}
    return [found[door] for door in ("int80", "sysenter", "") if door in found]


def shown(values):
    """A cell: figures through int $0x80 and through sysenter, once if they are the same."""
    texts = [f"{value:,}" for value in values]
    return " / ".join(texts[:1] if len(set(texts)) == 1 else texts) or "-"


def peers(table, rows):
    """The lines of the table that has what else there is, and the targets."""
    yield (f"{'int $0x80 / sysenter':<36} {'Postern split':>17} {'Postern shared':>17} "
           f"{'Linux pti=on':>17} {'Linux pti=off':>17} {'xv6':>8} {'target':>9}")
    for benchmark, part, title, pti_on, pti_off, xv6, target in baselines():
        split, shared = measured(table, benchmark, part)
        if not part:
            pti_on = peer(rows, "linux-pae-pti", benchmark) or pti_on
            pti_off = peer(rows, "linux-pae", benchmark) or pti_off
        limits = target * len(split) if len(target) == 1 else target
        met = all(value <= limit for value, limit in zip(split, limits))
        mark = "" if not target else "not there" if not split else "ok" if met else "OVER"
        yield (f"{title:<36} {shown(split):>17} {shown(shared):>17} {shown(pti_on):>17} "
               f"{shown(pti_off):>17} {shown(xv6):>8} {shown(target):>9}  {mark}").rstrip()


def exposure(rows):
    """The lines of the table of exposure."""
    yield f"{'exposed to user mode':<24} {'pages':>9} {'bytes':>13}"
    for mode in MODES:
        usual = [row for row in rows if row["kind"] == "exposure" and row["isolation"] == mode and
                 row.items() >= records.DEFAULTS.items()]
        pages, size = (sum(row["value"] for row in usual if row["unit"] == unit)
                       for unit in ("pages", "bytes"))
        yield f"{mode:<24} {pages:>9,} {size:>13,}"


def text_of(rows):
    """All tables."""
    table = figures.table_of(rows) | floor(rows)
    head = ("What isolation costs. Exact instruction counts from the user stub's call to its return;\n"
            "QEMU counts instructions, so what a CR3 write costs in time is not in them: their number "
            "is.\n")
    return "\n".join([head, *costs(table), *peers(table, rows), "", *exposure(rows)])
