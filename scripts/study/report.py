#!/usr/bin/env python3
"""Makes report.html of a study: one file that opens without a network.

    python3 -m study.report [--clock-mhz N] [--tlb PRESET] DIR

DIR holds results.jsonl, boots.jsonl and versions.json, and gets the report. What a study has no figures
of is said in a line.
"""
import argparse
import json
import os

from study import modes, report_curves, report_figures, report_peers, report_tables, report_words
from study.report_data import Study
from study.report_html import Markup, fill, paragraph, template

# Calls whose parts are drawn: no others fit their scale.
TAKEN_APART = ("Null", "WriteNull1", "ReadZero1")
# What a study lacks where a place of the page has nothing to show.
MISSING = {
    "tradeoff": "modes with both cost and exposure",
    "exposure": "exposed pages",
    "calls": "exact counts",
    "parts": "calls taken apart",
    "working_set": "working-set curves",
    "added": "working sets in both modes",
    "overhead": "modelled working sets in both modes",
    "model": "modelled TLB figures",
    "programs": "whole programs",
    "peers": "exact counts",
    "copies": "copy strategies",
    "ways": "exact counts of messages and batches",
    "wall": "time ratios",
    "configuration": "versions",
    "boots": "boots to repeat",
}


def planes(study):
    """The planes of cost and exposure, the model's first, and what to choose by each."""
    figures, found = [], {}
    for tlb in ([study.tlb] if study.tlb else []) + [""]:
        kind, unit = ("model", "cycles/op") if tlb else ("icount", "instr/op")
        ranked, common = modes.modes(study, kind, unit, tlb)
        if len(ranked) > 1:
            measure = f"model cycles ({tlb})" if tlb else "instructions"
            judged_by = f"{len(common)} benchmarks" if len(common) > 1 else common[0]
            figures.append(report_figures.tradeoff(f"tradeoff-{kind}", ranked, f"{measure} of {judged_by}"))
            found[measure] = ranked
    return {"tradeoff": figures or None, "choice": report_tables.choice(found) if found else ""}


def findings(study, peers):
    """What is said in sentences: the first paragraph, the one after it, and on the parts of a call."""
    words = report_words
    null = next((peer for peer in peers if peer.benchmark == "Null"), None)
    return {"findings": paragraph([*words.call_cost(study), *words.exposure(study),
                                   *words.programs(study), *words.global_pages(study)]),
            "further": paragraph([*words.ways_round(study), *words.linux(null)]),
            "parts_words": paragraph(words.parts(study))}


def sections(study, clock):
    """Everything that the page has a place for."""
    titles, peers = report_peers.titles(), list(report_peers.peers(study))
    tables = report_tables
    return planes(study) | findings(study, peers) | {
        "exposure": tables.exposure(study),
        "calls": tables.calls(study, titles),
        "sizes": tables.sizes(study),
        "parts": report_figures.where_it_goes(study, TAKEN_APART, titles),
        "working_set": report_curves.working_set(study),
        "added": report_curves.what_is_added(study),
        "overhead": report_curves.overhead(study, clock),
        "model": tables.modelled(study),
        "formulas": tables.formulas(study),
        "programs": tables.programs(study),
        "peers": report_figures.beside_others(peers, tables.peers(peers)),
        "copies": tables.copies(study, titles),
        "ways": tables.ways(study),
        "wall": tables.wall(study, titles),
        "configuration": tables.configuration(study),
        "boots": tables.boots(study),
    }


def page(study, clock):
    """The whole file."""
    shown = {name: fill("missing.html", what=MISSING[name]) if content is None else content
             for name, content in sections(study, clock).items()}
    raw = json.dumps(study.raw(), separators=(",", ":")).replace("</", "<\\/")
    made_with = "; ".join(str(study.versions[key]) for key in ("compiler", "qemu")
                          if key in study.versions)
    return fill("report.html", style=Markup(template("report.css")), script=Markup(template("report.js")),
                records=Markup(raw), made_with=made_with, **shown)


def write(folder, clock=2e9, tlb=""):
    """Writes the report of a study's directory; returns its path."""
    path = os.path.join(folder, "report.html")
    text = page(Study(folder, tlb), clock)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--clock-mhz", type=float, default=2000,
                        help="of the CPU that calls per second are of")
    parser.add_argument("--tlb", default="", help="the TLB preset that the large plots are of")
    parser.add_argument("folder")
    args = parser.parse_args()
    print(write(args.folder, args.clock_mhz * 1e6, args.tlb))


if __name__ == "__main__":
    main()
