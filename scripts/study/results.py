"""The results of a study, in the formats that other tools read:

    results.jsonl            every record
    boots.jsonl              for each boot the command that repeats it, and its log
    results.csv              the same records for spreadsheets
    google-benchmark.json    for compare.py of Google Benchmark
    serial.log               the logs of the exact boots, for benchstat
"""
import csv
import io
import json

from study import measure, records
from study.cache import replace


def csv_text(rows):
    """A table with a column for each field; parameters as k=v k=v."""
    text = io.StringIO()
    table = csv.DictWriter(text, records.FIELDS, restval="", lineterminator="\n")
    table.writeheader()
    for row in rows:
        words = (f"{name}={value}" for name, value in row["parameters"].items())
        table.writerow(row | {"parameters": " ".join(words)})
    return text.getvalue()


def benchmark_name(row):
    """Null/isolation=split/..., what is empty left out."""
    keys = {name: row[name] for name in records.FIELDS[2:9] if row[name]} | row["parameters"]
    keys |= {name: row[name] for name in ("tlb", "part") if row[name]}
    parts = [row["benchmark"] or row["kind"], *(f"{name}={value}" for name, value in keys.items())]
    return "/".join(([] if row["system"] == "postern" else [row["system"]]) + parts)


# The unit that stands for time in the eyes of compare.py; the others are counters beside it.
TIME_UNITS = ("instr/op", "cycles/op", "ratio", "bytes")


def google_benchmark(rows, versions):
    """One entry for each cell and kind of figure. An instruction of an icount run takes a nanosecond."""
    entries = {}
    for row in rows:
        name = f"{row['kind']}/{benchmark_name(row)}"
        entry = entries.setdefault(name, {
            "name": name, "run_name": name, "run_type": "iteration", "repetitions": 1,
            "repetition_index": 0, "threads": 1, "iterations": 1, "time_unit": "ns"})
        if row["unit"] in TIME_UNITS:
            entry["real_time"] = entry["cpu_time"] = row["value"]
        else:
            entry[row["unit"].removesuffix("/op")] = row["value"]
    context = {"executable": "postern", "num_cpus": 1, "json_schema_version": 1} | versions
    timed = [entry for entry in entries.values() if "real_time" in entry]
    return json.dumps({"context": context, "benchmarks": timed}, indent=1) + "\n"


def write_exports(study, rows):
    """What is made of the records alone."""
    replace(study.path("results.jsonl"), records.text_of(rows))
    replace(study.path("results.csv"), csv_text(rows))
    replace(study.path("google-benchmark.json"), google_benchmark(rows, study.versions))


def boot_lines(study, names):
    """What boots.jsonl has of each boot."""
    for name in names:
        job = measure.Job(study.boots[name], "build", "scripts/qemu", "build/counts")
        yield {"boot": name, "command": measure.shell(job), "log": f"cache/{name}.log"}


def serial_log(study, names):
    """The logs of the boots that count instructions, one after another."""
    for name in names:
        if study.boots[name].kind == "icount":
            with open(study.log_path(name), encoding="utf-8") as log:
                yield log.read()


def collect(study, peers=((), ())):
    """Writes the results of the boots that have been measured; returns the records and the complaints.
    peers: what study.peer has measured, records and boots."""
    there = [name for name in study.boots if study.has(name)]
    rows, complaints = records.merged([*(records.read(study.records_path(name)) for name in there),
                                       peers[0]])
    replace(study.path("serial.log"), "".join(serial_log(study, there)))
    replace(study.path("boots.jsonl"), "".join(
        json.dumps(line) + "\n" for line in (*boot_lines(study, there), *peers[1])))
    write_exports(study, rows)
    return rows, complaints
