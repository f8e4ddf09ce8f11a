"""The plots of the switch benchmark: the working set, and what calls cost at a rate."""
import math

from study.report_data import MODES
from study.report_figures import WIDE, cell, figure, key_of, mark, pictures, spread
from study.report_html import Markup, element, number, percent, table
from study.report_svg import plot, themed

WORKING_SET = "WorkingSet"
SMALL = (420, 300)
SHOWN_SETS = (0, 16, 64, 256, 1024)
MOST_OVERHEAD = 0.25
SLOWEST, FASTEST = 100, 1e7


def pages_of(record):
    """How many pages are touched between two switches."""
    return record["parameters"].get("pages", 0)


def curve(study, tlb, isolation, global_, unit="cycles/op"):
    """{pages: record} of one mode."""
    found = study.find("model", WORKING_SET, unit, tlb=tlb, isolation=isolation, system="postern",
                       **{"global": global_})
    return {pages_of(record): record for record in sorted(found, key=pages_of)}


def curves(study, tlb, unit="cycles/op"):
    """{(isolation, global): curve}, of those that were measured."""
    every = {(isolation, global_): curve(study, tlb, isolation, global_, unit)
             for isolation in MODES for global_ in ("on", "off")}
    return {mode: points for mode, points in every.items() if points}


def name_of(mode):
    """split, shared, and whether pages are global."""
    return mode[0] if mode[1] == "on" else f"{mode[0]}, global=off"


def tics(highest):
    """gnuplot's list of some four round places up to there."""
    step = 10 ** int(math.log10(highest / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if step * factor * 4.5 >= highest)
    return "(" + ", ".join(f'"{place:,}" {place}' for place in range(0, int(highest) + 1, step)) + ")"


def working_set_values(found, title):
    """gnuplot's values: the axes."""
    highest = 1.08 * max(record["value"] for points in found.values() for record in points.values())
    return {"most": max(pages for points in found.values() for pages in points), "highest": highest,
            "tics": tics(highest), "figure_title": title}


def working_set_tables(found, named=None):
    """The tables of working_set.gp. named: the curves that get their name; None: all. Texts that would lie on each other are moved apart."""
    tables = {f"{isolation}_{global_}": [] for isolation in MODES for global_ in ("on", "off")}
    for mode, points in found.items():
        tables["_".join(mode)] = [(pages or 0.5, record["value"]) for pages, record in points.items()]
    highest = max(value for rows in tables.values() for _, value in rows)
    last = {name_of(mode): list(points.items())[-1] for mode, points in found.items()}
    places = spread([record["value"] for _, record in last.values()], highest / 14)
    tables["ends"] = [(pages, place, name)
                      for (name, (pages, _)), place in zip(last.items(), places)
                      if named is None or name in named]
    for name in ("_".join((isolation, g)) for isolation in MODES for g in ("on", "off")):
        tables[name] = tables[name] or [("NaN", "NaN")]
    return tables


def working_set_plot(found, name, label, size):
    """One picture."""
    values = working_set_values(found, "cycles of one round")
    return themed(plot("working_set.gp", size, values, working_set_tables(found, MODES)), name, label)


def working_set_label(tlb, found):
    """The picture in words: each curve's two ends."""
    ends = []
    for mode, points in found.items():
        (low, first), (high, last) = list(points.items())[0], list(points.items())[-1]
        ends.append(f"{name_of(mode)} from {number(first['value'])} cycles at {low} pages to "
                    f"{number(last['value'])} at {high}")
    return f"Working-set curves, {tlb}: " + "; ".join(ends)


def working_set(study):
    """The curves of the chosen TLB large, those of the others small."""
    of_tlbs = {tlb: found for tlb in study.tlbs if (found := curves(study, tlb))}
    if not of_tlbs:
        return None
    chosen = study.tlb if study.tlb in of_tlbs else list(of_tlbs)[0]
    found = of_tlbs[chosen]

    def draw(width):
        named = None if width == WIDE else MODES
        return working_set_values(found, "cycles of one round"), working_set_tables(found, named)

    shown = pictures("working_set.gp", "working-set", working_set_label(chosen, found), (420, 380), draw)
    others = [element("div", [element("h4", tlb), working_set_plot(
        of_tlbs[tlb], f"working-set-{tlb}", working_set_label(tlb, of_tlbs[tlb]), SMALL)])
        for tlb in of_tlbs if tlb != chosen]
    rows = [(str(pages), *(cell(points.get(pages)) for points in found.values()))
            for pages in sorted(set().union(*found.values()))]
    return figure(
        "working-set", f"What a switch costs, by the pages touched again ({chosen})",
        [shown, element("div", others, class_="several") if others else Markup()],
        "Model cycles of one round of the benchmark, which touches that many pages, calls, and "
        "returns. Dashed: without global pages.",
        table(f"Cycles of one round, {chosen}", ("pages", *map(name_of, found)), rows),
        key_of([(mark("●", "split"), "split"), (mark("■", "shared"), "shared"),
                (mark("– –", "muted"), "without global pages")]))


# --- overhead against calls per second --------------------------------------------------------------

def added_cycles(study):
    """{pages: (cycles that split adds to a call, cycles of the call)} with global pages."""
    split = curve(study, study.tlb, "split", "on")
    shared = curve(study, study.tlb, "shared", "on")
    return {pages: (record["value"] - shared[pages]["value"], record["value"])
            for pages, record in split.items() if pages in shared}


def line_of(added, whole, clock):
    """Points of one line: to where it leaves the plot, or the CPU does nothing but call."""
    fastest = min(FASTEST, MOST_OVERHEAD * clock / added, clock / whole)
    steps = 60
    ratio = (fastest / SLOWEST) ** (1 / steps)
    rates = [SLOWEST * ratio ** step for step in range(steps + 1)]
    return [(rate, 100 * added * rate / clock) for rate in rates]


def overhead(study, clock):
    """Lines for some working sets. clock: of the CPU, in Hz."""
    every = added_cycles(study)
    found = {pages: every[pages] for pages in SHOWN_SETS if pages in every and every[pages][0] > 0}
    if not found:
        return None

    def draw(_):
        tables = {"lines": [], "ends": []}
        for pages, (added, whole) in sorted(found.items(), reverse=True):
            points = line_of(added, whole, clock)
            tables["lines"] = points + [(), ()] + tables["lines"]
            tables["ends"].append((*points[-1], str(pages)))
        values = {"slowest": SLOWEST, "fastest": FASTEST, "highest": 100 * MOST_OVERHEAD,
                  "blocks": len(found)}
        return values, tables

    rates = (1e3, 1e4, 1e5, 1e6)
    rows = [(f"{pages:,}", number(added), *(percent(added * rate / clock)
                                            if rate * whole <= clock else "–" for rate in rates))
            for pages, (added, whole) in found.items()]
    some = list(found)[len(found) // 2]
    label = (f"Overhead against calls per second, a line for each working set. With {some} pages, "
             f"100,000 calls per second cost {percent(found[some][0] * 1e5 / clock)}")
    return figure(
        "overhead", "Overhead against calls per second",
        pictures("overhead.gp", "overhead", label, (440, 400), draw),
        f"Cycles that split adds to one call in the model ({study.tlb}), times calls per second, divided "
        f"by a clock of {number(clock / 1e6)} MHz. The number at a line is the pages that the caller "
        "touches between two calls. A line ends where the CPU does nothing but call.",
        table("Overhead", ("pages", "added cycles",
                           *(f"{number(rate)} calls/s" for rate in rates)), rows))
