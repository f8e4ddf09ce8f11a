"""The tables of the report. Each returns markup, or None where a study has no such figures."""
import collections

from figures import DOORS, MODES
from study import model, modes
from study.report_data import DEFAULTS, KNOBS, PEERS, PROGRAMS, value_of
from study.report_html import (Markup, cell, details, element, escape, figure_cell, figure_of,
                               number, percent, size, table, text_cell)

CHOICES = (0.0, 0.02, 0.05, 0.25, 1.0)
LONG_WORD = 40
EVENTS = ("pages-after-cr3", "itlb-misses", "dtlb-misses", "walk-accesses", "l1d-misses", "cycles")
COPIES = ("walk", "window", "bounce", "direct")


def ratio(part, whole):
    """How many times; a dash where a figure lacks."""
    return f"{part / whole:.2f}" if part is not None and whole else "–"


def added(split, shared):
    """A cell: the figure in split, and how much more it is than in shared."""
    if not split or not shared:
        return "–"
    return cell([figure_of(split), " ", element("small", f"{split['value'] - shared['value']:+,}")])


def more(split, shared):
    """The share that split adds."""
    return percent(split["value"] / shared["value"] - 1)


def calls(study, titles):
    """Every benchmark through every door: in split, and what it is more than in shared."""
    rows = []
    for benchmark in dict.fromkeys(study.benchmarks("icount", "instr/op")):
        if benchmark in PROGRAMS or not study.find("icount", benchmark, "instr/op", system="postern",
                                                   parameters={}):
            continue
        *by_door, doorless = [[study.one("icount", benchmark, "instr/op", door=door, isolation=mode,
                                         parameters={}) for mode in MODES] for door in DOORS + ("",)]
        by_door[0] = by_door[0] if all(by_door[0]) else doorless
        rows.append((titles.get(benchmark, benchmark), *(added(*both) for both in by_door),
                     more(*by_door[0]) if all(by_door[0]) else "–",
                     figure_cell(study.one("icount", benchmark, "cr3/op", isolation="split"))))
    if not rows:
        return None
    first, *others = DOORS
    return table("Instructions of one operation in split; small: more than in shared",
                 ("operation", f"{first}, or none", *others, f"share, {first}", "CR3 writes"), rows)


def exposure(study):
    """What a user directory maps for the supervisor, by kind of page."""
    kinds = dict.fromkeys(record["part"] for mode in MODES
                          for record in study.find("exposure", "", "bytes", isolation=mode))
    if not kinds:
        return None
    found = [[study.one("exposure", "", unit, isolation=mode, part=kind)
              for mode in MODES for unit in ("pages", "bytes")] for kind in kinds]
    rows = [(kind, *map(figure_cell, records)) for kind, records in zip(kinds, found)]
    rows.append(("all together", *(number(sum(record["value"] for record in records if record))
                                   for records in zip(*found))))
    return table("What a user directory maps for the supervisor",
                 ("kind of page", "split: pages", "bytes", "shared: pages", "bytes"), rows)


def choice(planes):
    """The least exposed mode for some limits on the cost. planes: {measure of the cost: its modes}."""
    rows = []
    for limit in CHOICES:
        best = [modes.least_exposed(found, limit) for found in planes.values()]
        rows.append((f"at most {percent(limit)}", *(
            f"{mode.name} ({size(mode.exposed)}, {percent(mode.cost)})" for mode in best)))
    return table("The least exposed mode that costs no more than so much over the cheapest",
                 ("limit", *(f"by {measure}" for measure in planes)), rows)


def peers(found):
    """Postern beside Linux and xv6, with ratios."""
    rows = []
    for peer in found:
        value = peer.postern["value"]
        met = " missed" if peer.target is not None and value > peer.target else ""
        rows.append((peer.title, figure_cell(peer.postern),
                     *(figure_cell(record) if record else number(figure) if figure else "–"
                       for record, figure in zip((*peer.measured, None),
                                                 (peer.linux_on, peer.linux_off, peer.xv6))),
                     ratio(peer.linux_on, value), ratio(peer.xv6, value),
                     "–" if peer.target is None else f"{peer.target:,}{met}"))
    return table("Instructions of one operation by int $0x80, Postern in split; ×: how many times Postern’s",
                 ("operation", "Postern", "Linux pti=on", "pti=off", "xv6", "Linux ×", "xv6 ×",
                  "target"), rows)


def words_of(parameters):
    """size 4096, offset 0."""
    return ", ".join(f"{name} {value:,}" for name, value in parameters.items())


def families(study, axis, values, **wanted):
    """(benchmark, parameters, the record for each value of the axis) of what was measured for several."""
    for benchmark in dict.fromkeys(study.benchmarks("icount", "instr/op")):
        found = {}
        for record in study.find("icount", benchmark, "instr/op", system="postern", **wanted):
            if record[axis] in values:
                found[str(record["parameters"])] = record["parameters"]
        for parameters in found.values():
            records = [study.one("icount", benchmark, "instr/op", parameters=parameters,
                                 **wanted | {axis: value}) for value in values]
            if sum(record is not None for record in records) > 1:
                yield benchmark, parameters, records


def beside_first(records):
    """Cells: the figures, and of all but the first how many times that."""
    first, *others = records
    yield figure_cell(first)
    for record in others:
        if record and first:
            times = f"×{record['value'] / first['value']:.2f}"
            yield cell([figure_of(record), " ", element("small", times)])
        else:
            yield figure_cell(record)


def copies(study, titles):
    """Each copy strategy; every size and alignment on demand."""
    head, short, long = ("operation", "mode", *COPIES), [], []
    for isolation in MODES:
        for benchmark, parameters, found in families(study, "copy", COPIES, isolation=isolation):
            title = titles.get(benchmark, benchmark)
            (long if parameters else short).append(
                (f"{title} {words_of(parameters)}".strip(), isolation, *beside_first(found)))
    tables = [table("Instructions of one operation by copy strategy; ×: how many times walk’s", head, short)] if short else []
    if long:
        tables.append(details("Every size and alignment", table("Instructions of one copy", head, long)))
    return tables or None


def sizes(study):
    """What was measured for several sizes, other than copies, on demand."""
    rows = [(f"{benchmark} {words_of(parameters)}", figure_cell(split), figure_cell(shared),
             f"{split['value'] - shared['value']:+,}")
            for benchmark, parameters, (split, shared) in families(study, "isolation", MODES)
            if parameters and split and shared and not benchmark.startswith("Copy")]
    return details("Rings of processes, and others of several sizes", table(
        "Instructions of one operation", ("operation", *MODES, "added"), rows)) if rows else ""


def ways(study):
    """What the gate's own answers, messages and batches take."""
    wanted = (("getppid", "Null", 1), ("getpid answered in the gate", "ResidentGetpid", 1),
              ("one of 16 calls in a batch", "Batch16", 16),
              ("message and answer, ipc=direct", "IpcRoundTrip", 1),
              ("message and answer, ipc=kernel", "IpcRoundTripKernel", 1))
    rows = []
    for title, benchmark, share in wanted:
        split, writes = (study.one("icount", benchmark, unit) for unit in ("instr/op", "cr3/op"))
        if split:
            value = figure_cell(split) if share == 1 else number(split["value"] / share)
            rows.append((title, value, figure_cell(writes) if share == 1 else
                         f"{value_of(writes)} for all {share}"))
    return table("Ways round the switch, by int $0x80 in split",
                 ("operation", "instructions", "CR3 writes"), rows) if rows else None


def programs(study):
    """Whole programs, here and on the peers that ran them; in the model."""
    peers_there = [system for system in PEERS if study.find("icount", "Sha256", "instr/op", system=system)]
    exact, estimated = [], []
    for benchmark, name in PROGRAMS.items():
        split, shared = (study.instructions(benchmark, isolation=mode) for mode in MODES)
        if split and shared:
            exact.append((name, figure_cell(split), figure_cell(shared), more(split, shared),
                          *(figure_cell(study.instructions(benchmark, system=system))
                            for system in peers_there)))
        for tlb in study.tlbs:
            split, shared = (study.one("model", benchmark, "cycles/op", isolation=mode, tlb=tlb)
                             for mode in MODES)
            if split and shared:
                estimated.append((name, tlb, figure_cell(split), figure_cell(shared),
                                  more(split, shared)))
    shown = []
    if exact:
        shown.append(table("Instructions of whole programs",
                           ("program", *MODES, "added", *peers_there), exact))
    if estimated:
        shown.append(table("Cycles of whole programs in the model",
                           ("program", "TLB of", *MODES, "added"), estimated))
    return shown or None


def modelled(study):
    """What the model counts for the null call, by TLB, mode and global pages."""
    rows = []
    for tlb in study.tlbs:
        for isolation in MODES:
            for global_ in ("on", "off"):
                found = [study.one("model", "Null", f"{unit}/op", tlb=tlb, isolation=isolation,
                                   **{"global": global_}) for unit in EVENTS]
                if any(found):
                    rows.append((tlb, isolation, global_, *map(figure_cell, found)))
    if not rows:
        return None
    return table("One null call in the model", ("TLB of", "mode", "global", *EVENTS), rows)


def formulas(study):
    """How cycles are estimated for each CPU of the study that is described."""
    rows = [(name, text_cell(element("code", model.formula(cpu))))
            for name, cpu in model.cpus().items() if name in study.tlbs]
    return table("The cycles of the model", ("TLB of", "formula"), rows) if rows else ""


def wall(study, titles):
    """Ratios of time with their spread."""
    records = [record for record in study.records if record["kind"] == "wall"]
    rows = [(titles.get(record["benchmark"], record["benchmark"]), record["door"] or "–",
             figure_cell(record), f"{number(record['low'])} to {number(record['high'])}")
            for record in records if all(record[knob] in (DEFAULTS[knob], "") for knob in KNOBS[1:])]
    return table("Time in split by time in shared, under plain TCG",
                 ("operation", "door", "ratio", "least to greatest"), rows) if rows else None


def configuration(study):
    """What the figures depend on."""
    axes = {}
    for record in study.records:
        for axis in ("system", *DEFAULTS, "cpu", "tlb", "kind"):
            if record.get(axis):
                axes.setdefault(axis, {})[record[axis]] = True
    facts = list(study.versions.items()) + [(axis, ", ".join(values)) for axis, values in axes.items()]
    return element("dl", [[element("dt", name), element("dd", element("code", value))]
                          for name, value in facts], class_="facts") if facts else None


def words_that_stay(command):
    """A command whose lines break between words, but for those that are longer than a line."""
    return Markup(" ".join(element("span", word, class_="word") if len(word) < LONG_WORD else escape(word)
                           for word in command.split(" ")))


def boots(study):
    """The command that repeats each boot, how many figures are from it, and its log."""
    counts = collections.Counter(record["boot"] for record in study.records)
    return [element("div", [element("h3", element("code", boot["boot"])),
                            element("p", f"{counts[boot['boot']]:,} figures; log: {boot['log']}"),
                            element("pre", element("code", words_that_stay(boot["command"])))],
                    class_="boot", id=f"boot-{boot['boot']}") for boot in study.boots] or None
