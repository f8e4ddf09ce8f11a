"""Records: one figure each, a line of JSON. README.md has the schema.

What identifies a record is every field but value, low, high and boot. Exact figures of one boot are the
same on every machine, and counts are the same in every boot; a modelled cache also knows where in
memory the boot has put a program.
"""
import json
import re

FIELDS = ("system", "benchmark", "isolation", "global", "copy", "door", "resident", "ipc", "cpu",
          "parameters", "kind", "tlb", "part", "unit", "value", "low", "high", "boot")
AXES = FIELDS[2:8]
# What the tables show where they do not say otherwise.
DEFAULTS = {"global": "on", "copy": "walk", "resident": "off", "ipc": "direct"}
MEASURED = ("value", "low", "high", "boot")
COUNTED = ("icount", "part", "exposure")
UNITS = {"icount": ("instr/op", "cr3/op", "calls/op"), "wall": ("min-ticks/op",)}
LINE = re.compile(r"^Benchmark(\w+)((?:/\w+=[\w-]+)*) \d+ (.*)$")


def number(text):
    """An integer where it is one."""
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def record(**fields):
    """A record with its fields in the order of the schema."""
    empty = dict.fromkeys(FIELDS[:-4], "") | {"system": "postern", "parameters": {}}
    fields = empty | fields
    return {name: fields[name] for name in FIELDS if name in fields}


def identity(row):
    """What a record is about, as something to compare and to print."""
    return json.dumps({name: value for name, value in row.items() if name not in MEASURED})


def title(row):
    """The same for people: what is empty says nothing."""
    words = [row["system"], row["benchmark"]]
    words += [f"{name}={row[name]}" for name in (*AXES, "cpu") if row[name]]
    words += [f"{name}={value}" for name, value in row["parameters"].items()]
    words += [row[name] for name in ("kind", "tlb", "part", "unit")]
    return " ".join(word for word in words if word)


def lines(log, settings):
    """(the fields that name it, {unit: value}) of each Go benchmark line of a log. settings: what the
    boot is where a line does not say it; a key that is no field is a parameter."""
    for line in log.splitlines():
        if not (match := LINE.match(line.strip())):
            continue
        keys = {name: number(value) for name, value in
                (part.split("=") for part in match[2].split("/")[1:])}
        fields = {name: value for name, value in keys.items() if name in FIELDS}
        parameters = {name: value for name, value in keys.items() if name not in FIELDS}
        values = match[3].split()
        yield (settings | {"door": ""} | fields | {"benchmark": match[1], "parameters": parameters},
               {unit: int(value) for value, unit in zip(values[::2], values[1::2])})


def parse(log, settings, kind):
    """The records of a log."""
    return [record(**fields, kind=kind, unit=unit, value=value)
            for fields, values in lines(log, settings)
            for unit, value in values.items() if unit in UNITS[kind]]


def read(path):
    """The records of a file of them."""
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def text_of(rows):
    """The lines of a file of records."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def merged(groups):
    """(the records of all groups, each once and the first of them; a line for each count that a later
    group has otherwise)."""
    rows, complaints = {}, []
    for row in (row for group in groups for row in group):
        first = rows.setdefault(identity(row), row)
        if first["value"] != row["value"] and row["kind"] in COUNTED:
            complaints.append(f"{title(row)} is {first['value']} in boot {first['boot']} and "
                              f"{row['value']} in boot {row['boot']}")
    return list(rows.values()), complaints
