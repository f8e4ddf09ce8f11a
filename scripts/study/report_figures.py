"""The plots of modes, parts and peers: what each shows, in words as well, and the same as a table."""
import math

from figures import DOORS, MODES
from study.report_data import PARTS, PART_NAMES
from study.report_html import details, element, figure_cell, fill, number, percent, size, table
from study.report_svg import plot, themed

WIDE, NARROW = 860, 358     # of a page, and of a phone
CHARACTER = 7.2             # width of one, at the size of the plots' text


def pictures(script, name, label, heights, draw):
    """Both layouts of a plot; the page shows one. draw(width) gives gnuplot's values and tables."""
    found = []
    for layout, width, height in (("wide", WIDE, heights[0]), ("narrow", NARROW, heights[1])):
        svg = plot(script, (width, height), *draw(width))
        found.append(element("div", themed(svg, f"{name}-{layout}", label), class_=layout))
    return found


def figure(name, title, shown, caption, as_table, key="", table_is_open=False):
    """A figure with its heading, key, caption and the table of what it shows."""
    return fill("figure.html", id=f"figure-{name}", title=title, key=key, pictures=shown,
                caption=caption, data=details("The same as a table", as_table, table_is_open))


def key_of(entries):
    """The list of marks or fills and what they mean."""
    return element("ul", [element("li", [mark, text]) for mark, text in entries], class_="key")


def mark(text, colour):
    """A point's shape in its colour, for a key."""
    return element("i", text, class_=f"mark of-{colour}", aria_hidden="true")


def spread(places, gap):
    """Places on a line, moved up as little as needed for each to be gap from the one below."""
    moved = list(places)
    order = sorted(range(len(places)), key=places.__getitem__)
    for below, above in zip(order, order[1:]):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved


# --- cost against exposure ------------------------------------------------------------------------

def together(modes, near):
    """Lists of modes that would be one point: as exposed, and no further apart in cost than that."""
    groups = []
    for mode in sorted(modes, key=lambda mode: (mode.exposed, mode.cost)):
        last = groups[-1][-1] if groups else None
        if last and last.exposed == mode.exposed and 100 * (mode.cost - last.cost) < near:
            groups[-1].append(mode)
        else:
            groups.append([mode])
    return groups


def named(group, width):
    """The text at a point: the modes of one knob besides isolation, or else those on the front."""
    near = [mode for mode in group if mode.is_near_default()] or \
        [mode for mode in group if mode.on_front]
    if not near:
        return ""
    first, *others = sorted((mode.name for mode in near), key=len)
    others = [name.split(", ", 1)[1] for name in others]
    if width == NARROW:
        return first.split(", ", 1)[-1] + (f" +{len(others)}" if others else "")
    return first + (f" (also {', '.join(others)})" if others else "")


def tradeoff_points(modes, width, highest, least, most):
    """The rows of tradeoff.gp: texts stand towards the middle, so that they have room."""
    aside = 2 ** ((most - least) * 12 / width)
    sides = {"left": [], "right": []}
    for group in together(modes, highest / 60):
        is_left = math.log2(group[0].exposed) < (least + most) / 2
        sides["left" if is_left else "right"].append((group, named(group, width)))
    rows = []
    for side, groups in sides.items():
        with_text = [100 * group[0].cost for group, text in groups if text]
        heights = iter(spread(with_text, highest / 20))
        for group, text in groups:
            height = next(heights) if text else "NaN"
            for mode in group:
                rows.append((mode.exposed, mode.cost * 100, height if mode is group[0] else "NaN",
                             mode.exposed * (aside if side == "left" else 1 / aside), text, side,
                             mode.knobs["isolation"], int(mode.on_front)))
    return rows


def tradeoff(name, modes, measure):
    """The plane of all modes. measure: in words, what costs are of."""
    highest = (max(mode.cost for mode in modes) * 115) or 1
    exponents = [math.log2(mode.exposed) for mode in modes]
    least, most = math.floor(min(exponents)) - 1, math.ceil(max(exponents)) + 1
    front = sorted((mode.exposed, mode.cost * 100) for mode in modes if mode.on_front)

    def draw(width):
        values = {"cost_title": "cost over the cheapest mode", "least": 2.0 ** least,
                  "most": 2.0 ** most, "highest": highest,
                  "exposure_title": "kernel memory that a user directory maps"}
        return values, {"points": tradeoff_points(modes, width, highest, least, most), "front": front}

    best = [mode for mode in modes if mode.on_front]
    label = (f"{len(modes)} modes on a plane of cost and exposed bytes. No other mode beats: " +
             "; ".join(f"{mode.name}, {percent(mode.cost)}, {size(mode.exposed)}" for mode in best))
    rows = [(mode.name, percent(mode.cost), f"{mode.exposed:,}", "yes" if mode.on_front else "no")
            for mode in modes]
    return figure(
        name, f"Cost against exposure, in {measure}",
        pictures("tradeoff.gp", name, label, (440, 460), draw),
        "Filled marks and the dashed line are the Pareto front: no other mode is both cheaper and less "
        f"exposed. Cost is the geometric mean of {measure}, as a share over the cheapest mode. Modes "
        "that differ from the defaults in several knobs are drawn without a name; the table has them.",
        table("Every mode", ("mode", "cost", "exposed bytes", "on the front"), rows),
        key_of([(mark("●", "split"), "split"), (mark("■", "shared"), "shared"),
                (mark("○□", "muted"), "beaten in both by another mode")]))


# --- where the instructions of a call go ------------------------------------------------------------

def parts_of(study, benchmark, isolation, door):
    """{part: record} of one call; empty if it was not taken apart."""
    found = {part: study.one("part", benchmark, "instr/op", part=part, isolation=isolation, door=door)
             for part in PARTS}
    return found if all(found.values()) else {}


def bars(study, benchmarks):
    """(title of a benchmark, isolation, door, parts) of each call that was taken apart."""
    for benchmark in benchmarks:
        for door in DOORS:
            for isolation in MODES:
                if parts := parts_of(study, benchmark, isolation, door):
                    yield benchmark, isolation, door, parts


def segments_of(row, parts, pixels):
    """The rows of one bar. pixels: of one instruction."""
    start = 0
    for part, record in parts.items():
        end = start + record["value"]
        room = record["value"] * pixels
        texts = (f"{PART_NAMES[part]} {record['value']}", str(record["value"]), "")
        text = next(text for text in texts if len(text) * CHARACTER + 6 < room or not text)
        if end > start:
            yield start, end, row, part, text
        start = end


def where_it_goes(study, benchmarks, titles):
    """Stacked bars by benchmark, door and mode."""
    found = list(bars(study, benchmarks))
    if not found:
        return None
    longest = max(sum(record["value"] for record in parts.values()) for *_, parts in found)

    def draw(width):
        row, tables, before = 0, {"segments": [], "totals": [], "names": [], "groups": []}, None
        pixels = (width - 160) / (longest * 1.08)
        for benchmark, isolation, door, parts in found:
            if benchmark != before:
                row += 0.6 if before else 0
                tables["groups"].append((row, titles.get(benchmark, benchmark)))
                row, before = row + 1, benchmark
            total = sum(record["value"] for record in parts.values())
            tables["segments"] += segments_of(row, parts, pixels)
            tables["totals"].append((total, row, f"{total:,}"))
            tables["names"].append((row, f"{door} {isolation}"))
            row += 1
        return {"longest": longest, "rows_shown": row}, tables

    groups = len({benchmark for benchmark, *_ in found})
    height = 26 * (len(found) + 1.6 * groups) + 60
    first = found[0]
    label = (f"Stacked bars of {len(found)} calls. {titles.get(first[0], first[0])}, {first[2]}, "
             f"{first[1]}: " + ", ".join(f"{PART_NAMES[part]} {record['value']}"
                                         for part, record in first[3].items()))
    rows = [(titles.get(benchmark, benchmark), door, isolation,
             *(figure_cell(record) for record in parts.values()),
             f"{sum(record['value'] for record in parts.values()):,}")
            for benchmark, isolation, door, parts in found]
    return figure(
        "parts", "By door and mode",
        pictures("parts.gp", "parts", label, (round(height), round(height)), draw),
        "Instructions from the caller’s stub to its return, in the order in which they run; the last "
        "figure is their sum, exactly what the benchmark counts.",
        table("Instructions by part", ("call", "door", "mode", *PART_NAMES.values(), "sum"), rows),
        key_of([(element("i", "", class_=f"part-{part}", aria_hidden="true"), PART_NAMES[part])
                for part in PARTS]))


# --- beside others ----------------------------------------------------------------------------------

def beside_others(peers, as_table):
    """Postern, Linux and xv6 on one scale. peers: of report_peers."""
    rows = [(peer.title, peer.postern["value"], peer.linux_on, peer.xv6) for peer in peers
            if peer.linux_on or peer.xv6]
    if not rows:
        return None

    def draw(_):
        names = [(place, title, min(filter(None, figures)), max(filter(None, figures)))
                 for place, (title, *figures) in enumerate(rows)]
        systems = [(value, place, system) for place, (_, *figures) in enumerate(rows)
                   for value, system in zip(figures, ("postern", "linux", "xv6")) if value]
        return {"rows_shown": len(rows)}, {"names": names, "systems": systems}

    heights = 24 * len(rows) + 60, 40 * len(rows) + 60
    nearest = min(rows, key=lambda row: (row[2] or row[3]) / row[1])
    label = (f"{len(rows)} operations on a log scale of instructions. Nearest: {nearest[0]}, Postern "
             f"{number(nearest[1])}, the other {number(nearest[2] or nearest[3])}")
    return figure(
        "peers", "The same work elsewhere", pictures("peers.gp", "peers", label, heights, draw),
        "Instructions of one operation by int $0x80, on a log scale: further left is less work.", as_table,
        key_of([(mark("●", "split"), "Postern, split"), (mark("■", "shared"), "Linux, pti=on"),
                (mark("▲", "third"), "xv6, kernel shared")]), table_is_open=True)
