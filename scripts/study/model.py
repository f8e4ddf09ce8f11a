#!/usr/bin/env python3
"""The model of TLBs and caches: what scripts/plugin/tlb/ counts while a program runs, as records.

A boot that counts instructions needs only more words for QEMU, and prints the same with them:

    words = model.plugin(build, counts)         # scripts/qemu --icount --extra "WORDS" ...
    cells = model.read(counts)                  # after the boot: one for each benchmark line
    records = model.records(bases, cells)       # bases: those lines' keys, in their order

All CPUs of cpus.ini are simulated at once. A cell is {cpu: {unit: value}}; a value is the median over the
cell's operations, that is over what was executed between user/bench/mark.h's MARK_BEGIN and MARK_END.

    model.py COUNTS         prints what a boot has counted, and the formula of the estimate
"""
import configparser
import os
import statistics
import sys

CPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cpus.ini")
WEIGHT = "cycles-"


class ModelError(Exception):
    """The model did not understand what the guest did, or the run ended early."""


def cpus(path=CPUS):
    """{name: {key: text}} of the CPUs that the file describes, with the weights that hold for all."""
    parser = configparser.ConfigParser(default_section="all")
    with open(path, encoding="utf-8") as file:
        parser.read_file(file)
    return {name: dict(parser[name]) for name in parser.sections()}


def weights(cpu):
    """{event: cycles} of one of cpus()."""
    return {key[len(WEIGHT):]: float(value) for key, value in cpu.items() if key.startswith(WEIGHT)}


def formula(cpu):
    """The estimate as the sum that it is, for a reader."""
    return "cycles = " + " + ".join(f"{value:g} {event}" for event, value in weights(cpu).items() if value)


def plugin(build, counts, memory=256, path=CPUS):
    """QEMU's words that make it count into the file counts, for a machine of so many MiB."""
    described = []
    for name, cpu in cpus(path).items():
        parts = [":".join([key] + value.split()) for key, value in cpu.items()
                 if not key.startswith(WEIGHT)]
        described.append("cpu=" + "/".join([name] + parts))
    return ",".join([f"-plugin {build}/plugin/tlb.so", f"out={counts}", f"memory={memory}"] + described)


def operations(counts):
    """[(cell, cpu, {event: count})] of each operation that the plugin saw."""
    with open(counts, encoding="ascii") as file:
        lines = [line.split() for line in file]
    if not lines or lines[-1][0] != "end":
        raise ModelError(f"{counts}: the run did not end")
    if lines[-1][1] != "0":
        raise ModelError(f"{counts}: the model did not understand the guest {lines[-1][1]} times")
    events = lines[0][2:]
    return [(int(line[0]), line[1], dict(zip(events, map(int, line[2:])))) for line in lines[1:-1]]


def number(value):
    """A figure as it is written: an integer where it is one."""
    return int(value) if value == int(value) else round(value, 2)


def read(counts, path=CPUS):
    """The cells, in the order of their benchmark lines; a cell without an operation is empty."""
    seen = {}
    for cell, cpu, events in operations(counts):
        seen.setdefault(cell, {}).setdefault(cpu, []).append(events)
    described = cpus(path)
    return [{cpu: figures(runs, weights(described[cpu])) for cpu, runs in seen.get(cell, {}).items()}
            for cell in range(max(seen, default=-1) + 1)]


def figures(runs, weight):
    """{unit: value} of one cell on one CPU. The estimate is made of the figures that are shown."""
    counts = {event: number(statistics.median(run[event] for run in runs)) for event in runs[0]}
    if unknown := set(weight) - set(counts):
        raise ModelError(f"weights of no event: {', '.join(sorted(unknown))}")
    cycles = sum(cycles_of * counts[event] for event, cycles_of in weight.items())
    return {f"{event}/op": count for event, count in counts.items()} | {"cycles/op": number(cycles)}


def records(bases, cells):
    """One record for each figure; bases are the keys that the cells' benchmark lines have."""
    if len(bases) != len(cells):
        raise ModelError(f"{len(bases)} benchmark lines, but {len(cells)} cells were marked")
    return [base | {"kind": "model", "tlb": cpu, "unit": unit, "value": value}
            for base, cell in zip(bases, cells) for cpu, units in cell.items()
            for unit, value in units.items()]


def main():
    """Prints what a boot has counted."""
    for number_of, cell in enumerate(read(sys.argv[1])):
        for cpu, units in cell.items():
            print(number_of, cpu, *(f"{unit}={value}" for unit, value in units.items()))
    for name, cpu in cpus().items():
        print(f"{name}: {formula(cpu)}")


if __name__ == "__main__":
    main()
