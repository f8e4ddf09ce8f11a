"""The plots of the benchmark of working sets: what a round costs, what isolation adds to it, and what that
is at a rate of calls."""
import math

from figures import MODES
from study.report_figures import figure, key_of, mark, pictures, spread
from study.report_html import element, figure_cell, number, percent, table
from study.report_svg import plot, themed

WORKING_SET = "WorkingSet"
GLOBAL = ("on", "off")
SMALL = (420, 300)
# The sizes that a line is drawn for.
SHOWN_SETS = (0, 4, 16, 64, 256, 1024)
MOST_OVERHEAD = 0.25
MARGINS = 130               # of that plot, both together
SLOWEST, FASTEST = 1000, 1e7
TEXT_APART = 26             # pixels from one text to the next


def curve(study, tlb, isolation, global_):
    """{pages: record} of one mode."""
    found = {record["parameters"]["pages"]: record for record in study.find(
        "model", WORKING_SET, "cycles/op", tlb=tlb, isolation=isolation, **{"global": global_})}
    return dict(sorted(found.items()))


def added(study, tlb, global_):
    """{pages: cycles that split adds to a round}."""
    split, shared = (curve(study, tlb, isolation, global_) for isolation in MODES)
    return {pages: record["value"] - shared[pages]["value"]
            for pages, record in split.items() if pages in shared}


def placed(points):
    """Rows for a log scale, on which 0 has the place of 1/2."""
    return [(pages or 0.5, value) for pages, value in points.items()] or [("NaN", "NaN")]


# --- what a round costs ----------------------------------------------------------------------------

def working_set(study):
    """Every mode, for the TLB that is shown first."""
    found = {(isolation, global_): curve(study, study.tlb, isolation, global_)
             for isolation in MODES for global_ in GLOBAL}
    found = {mode: points for mode, points in found.items() if points}
    if not all((isolation, "on") in found for isolation in MODES):
        return None
    values = [record["value"] for points in found.values() for record in points.values()]
    starts = {f"{isolation}_start": list(found[isolation, "on"].values())[0]["value"]
              for isolation in MODES}

    def draw(_):
        tables = {"_".join((isolation, global_)): placed(
            {pages: record["value"] for pages, record in found.get((isolation, global_), {}).items()})
            for isolation in MODES for global_ in GLOBAL}
        most = max(pages for points in found.values() for pages in points)
        return starts | {"most": most, "least": min(values), "highest": max(values),
                         "figure_title": "cycles of one round"}, tables

    names = [f"{isolation}, global={global_}" for isolation, global_ in found]
    ends = [(list(points.items())[0], list(points.items())[-1]) for points in found.values()]
    label = f"Cycles of a round by its working set, {study.tlb}: " + "; ".join(
        f"{name} from {number(first['value'])} at {low} pages to {number(last['value'])} at {high}"
        for name, ((low, first), (high, last)) in zip(names, ends))
    rows = [(f"{pages:,}", *(figure_cell(points.get(pages)) for points in found.values()))
            for pages in sorted(set().union(*found.values()))]
    return figure(
        "working-set", f"A round of user and kernel, by its working set ({study.tlb})",
        pictures("working_set.gp", "working-set", label, (400, 380), draw),
        "Model cycles of one round: the program touches so many pages, calls, the kernel touches as many. "
        "Both scales are logarithmic. Where the curves meet, the TLB is too small for the round, and "
        "a CR3 write has nothing left to lose.",
        table(f"Cycles of one round, {study.tlb}", ("pages", *names), rows),
        key_of([(mark("●", "split"), "split"), (mark("■", "shared"), "shared"),
                (mark("– –", "muted"), "without global pages")]))


# --- what isolation adds to it ------------------------------------------------------------------------

def tics(lowest, highest):
    """gnuplot's list of some four round places."""
    step = 10 ** math.floor(math.log10(highest / 4))
    step = max(1, int(step * next(factor for factor in (1, 2, 5, 10) if step * factor * 4.5 >= highest)))
    places = range(step * math.ceil(lowest / step), int(highest) + 1, step)
    return "(" + ", ".join(f'"{place:,}" {place}' for place in places) + ")"


def added_plot(found):
    """gnuplot's values and tables. What is far below 0 is cut off: it is no cost of isolation's."""
    every = [value for points in found.values() for value in points.values()]
    highest = 1.1 * max(1, *every)
    lowest = max(min(0, *every), -highest / 4)
    return {"most": max(pages for points in found.values() for pages in points), "highest": highest,
            "lowest": lowest, "tics": tics(lowest, highest), "figure_title": "added cycles"}, \
        {global_: placed(points) for global_, points in found.items()}


def added_label(tlb, found):
    """The picture in words."""
    return f"Cycles that split adds to a round, {tlb}: " + "; ".join(
        f"global={global_}: " + ", ".join(f"{number(value)} at {pages}" for pages, value in points.items())
        for global_, points in found.items())


def what_is_added(study):
    """The TLB that is shown first large, the others small."""
    of_tlbs = {tlb: {global_: added(study, tlb, global_) for global_ in GLOBAL}
               for tlb in sorted(study.tlbs, key=lambda tlb: tlb != study.tlb)}
    of_tlbs = {tlb: found for tlb, found in of_tlbs.items() if all(found.values())}
    if not of_tlbs:
        return None
    (first, found), *others = of_tlbs.items()
    small = [element("div", [element("h4", tlb), themed(plot("added.gp", SMALL, *added_plot(points)),
                                                        f"added-{tlb}", added_label(tlb, points))])
             for tlb, points in others]
    heads = [f"{tlb}, global={global_}" for tlb in of_tlbs for global_ in GLOBAL]
    rows = [(f"{pages:,}", *(number(points[global_].get(pages, 0)) for points in of_tlbs.values()
                             for global_ in GLOBAL)) for pages in found["on"]]
    return figure(
        "added", f"What isolation adds to a round ({first})",
        [pictures("added.gp", "added", added_label(first, found), (380, 340),
                  lambda _: added_plot(found)), element("div", small, class_="several") if small else ""],
        "Model cycles in split less those in shared. The gap between the lines is what global pages save. "
        "Below 0 the caches speak, not the TLBs: the same pages lie in other frames.",
        table("Added cycles", ("pages", *heads), rows),
        key_of([(mark("●", "split"), "with global pages"), (mark("○ – –", "split"), "without")]))


# --- overhead against calls per second --------------------------------------------------------------

def line_of(more, whole, clock):
    """Points of one line: to where it leaves the plot, or the CPU does nothing but call."""
    fastest = min(FASTEST, MOST_OVERHEAD * clock / more, clock / whole)
    steps = 60
    ratio = (fastest / SLOWEST) ** (1 / steps)
    rates = [SLOWEST * ratio ** step for step in range(steps + 1)]
    return [(rate, 100 * more * rate / clock) for rate in rates]


def moved_apart(texts, apart):
    """Texts at the top, to both sides of where they belong. apart: decades of calls per second."""
    places = [math.log10(rate) for rate, *_ in texts]
    moved = spread(places, apart)
    back = (sum(moved) - sum(places)) / max(1, len(places))
    return [(10 ** (place - back), *text[1:]) for place, text in zip(moved, texts)]


def overhead(study, clock):
    """Lines for some working sets. clock: of the CPU, in Hz."""
    split = curve(study, study.tlb, "split", "on")
    found = {pages: (more, split[pages]["value"])
             for pages, more in added(study, study.tlb, "on").items()
             if pages in SHOWN_SETS and more > 0}
    if not found:
        return None

    def draw(width):
        tables = {"lines": [], "top": [], "ends": [("NaN", "NaN", "")]}
        for pages, (more, whole) in found.items():
            points = line_of(more, whole, clock)
            tables["lines"] += points + [(), ()]
            leaves = points[-1][1] > 99 * MOST_OVERHEAD
            tables["top" if leaves else "ends"].append((*points[-1], f"{pages:,}"))
        apart = TEXT_APART * math.log10(FASTEST / SLOWEST) / (width - MARGINS)
        tables["top"] = moved_apart(tables["top"], apart) or [("NaN", "NaN", "")]
        return {"slowest": SLOWEST, "fastest": FASTEST, "highest": 100 * MOST_OVERHEAD,
                "blocks": len(found)}, tables

    rates = (1e3, 1e4, 1e5, 1e6)
    rows = [(f"{pages:,}", number(more), *(percent(more * rate / clock)
                                           if rate * whole <= clock else "–" for rate in rates))
            for pages, (more, whole) in found.items()]
    some = list(found)[len(found) // 2]
    label = (f"Overhead against calls per second, a line for each working set. With {some} pages, "
             f"100,000 calls per second cost {percent(found[some][0] * 1e5 / clock)}")
    return figure(
        "overhead", "Overhead against calls per second",
        pictures("overhead.gp", "overhead", label, (440, 400), draw),
        f"Cycles that split adds to one call in the model ({study.tlb}), times calls per second, divided "
        f"by a clock of {number(clock / 1e6)} MHz. The number at a line is the pages that are touched on "
        "each side between two calls. A line ends where the CPU does nothing but call.",
        table("Overhead", ("pages", "added cycles",
                           *(f"{number(rate)} calls/s" for rate in rates)), rows))
