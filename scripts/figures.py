"""The exact figures of a study, kept in a checked-in file and compared with it.

scripts/bench.txt holds the exact count of every benchmark by door and mode, with the compiler and the
QEMU that it came from. `make bench-update` writes it; `make test` fails where a figure is worse.
"""
import re
import subprocess

from study.records import DEFAULTS

EXPECTED = "scripts/bench.txt"
DOORS = ("int80", "sysenter", "syscall", "callgate")
MODES = ("split", "shared")
UNITS = ("instr/op", "cr3/op")
# Another compiler makes other code, so its figures say little of a change of ours.
LOOSELY = 1.10


def table_of(rows):
    """{(benchmark, door): [split, shared, CR3 writes in split, in shared]}, in the order measured, of
    records of Postern with the usual settings on the first CPU there is. A cell has both modes."""
    table, cpu = {}, None
    for row in rows:
        cpu = cpu or row["cpu"]
        usual = row.items() >= (DEFAULTS | {"system": "postern", "kind": "icount", "cpu": cpu}).items()
        if usual and row["unit"] in UNITS and not row["parameters"]:
            cells = table.setdefault((row["benchmark"], row["door"] or "-"), [None] * 4)
            cells[2 * UNITS.index(row["unit"]) + MODES.index(row["isolation"])] = row["value"]
    return {key: cells for key, cells in table.items() if None not in cells}


def versions(compiler):
    """What the figures depend on besides the sources."""
    first = {}
    for name, command in (("compiler", compiler.split()), ("qemu", ["qemu-system-x86_64"])):
        text = subprocess.run([*command, "--version"], stdout=subprocess.PIPE, check=True).stdout
        first[name] = text.decode().splitlines()[0]
    return first


def write(path, table, made_with):
    """The whole file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("# Instructions and CR3 writes of one operation, exactly; `make bench-update` writes this "
                   "file.\n")
        for name, text in made_with.items():
            file.write(f"# {name}: {text}\n")
        file.write(f"#\n# {'benchmark':<18} {'door':<9} {'split':>8} {'shared':>8} {'CR3':>5} {'CR3':>5}\n")
        for (benchmark, door), cells in table.items():
            file.write(f"{benchmark:<20} {door:<9} {cells[0]:>8} {cells[1]:>8} {cells[2]:>5} "
                       f"{cells[3]:>5}\n")


def read(path):
    """(table, made_with) of a file that write() wrote."""
    table, made_with = {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if match := re.match(r"# (\w+): (.*)", line):
                made_with[match[1]] = match[2]
            elif not line.startswith("#"):
                benchmark, door, *cells = line.split()
                table[benchmark, door] = [int(cell) for cell in cells]
    return table, made_with


def compare(table, expected, loosely=False):
    """(problems, improvements): a line for each figure that is not as expected."""
    problems, improvements = [], []
    for key in sorted(set(table) | set(expected)):
        name = " ".join(key)
        if key not in expected or key not in table:
            where = "the file" if key in table else "this run"
            problems.append(f"{name} is missing in {where}")
            continue
        for new, old, what in zip(table[key], expected[key],
                                  ("split", "shared", "CR3 writes, split", "CR3 writes, shared")):
            if new > (int(old * LOOSELY) if loosely and "CR3" not in what else old):
                problems.append(f"{name}, {what}: {new}, was {old} ({new - old:+})")
            elif new < old:
                improvements.append(f"{name}, {what}: {new}, was {old} ({new - old:+})")
    return problems, improvements
