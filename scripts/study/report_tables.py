"""The tables of the report. Each returns markup, or None where a study has no such figures."""
from study import model, modes
from study.report_data import DEFAULTS, DOORS, MODES, PROGRAMS, value_of
from study.report_figures import cell, figure_of
from study.report_html import Markup, element, number, percent, table

CHOICES = (0.0, 0.01, 0.05, 0.10, 0.25)
COPIES = ("walk", "window", "bounce", "direct")


def ratio(part, whole):
    """How many times; a dash where a figure lacks."""
    return f"{part / whole:.2f}" if part is not None and whole else "–"


def added(split, shared):
    """A cell: the figure in split, and how much more it is than in shared."""
    if not split or not shared:
        return "–"
    return element("td", [figure_of(split), " ", element("small", f"{split['value'] - shared['value']:+,}")])


def calls(study, titles):
    """Every benchmark through every door: in split, and what it is more than in shared."""
    rows, doors = [], DOORS + ("",)
    for benchmark in dict.fromkeys(study.benchmarks("icount", "instr/op")):
        if benchmark not in PROGRAMS and study.find("icount", benchmark, "instr/op", system="postern",
                                                    parameters={}):
            found = [[study.one("icount", benchmark, "instr/op", door=door, isolation=mode, parameters={})
                      for mode in MODES] for door in doors]
            writes = study.one("icount", benchmark, "cr3/op", isolation="split")
            rows.append((titles.get(benchmark, benchmark), *(added(*modes_of) for modes_of in found),
                         cell(writes)))
    if not rows:
        return None
    return table("Instructions of one operation in split; small: how many more than in shared",
                 ("operation", *DOORS, "no door", "CR3 writes"), rows)


def exposure(study):
    """What a user directory maps for the supervisor, by kind of page."""
    kinds = dict.fromkeys(record["part"] for mode in MODES
                          for record in study.find("exposure", "", "bytes", isolation=mode))
    if not kinds:
        return None
    found = [[study.one("exposure", "", unit, isolation=mode, part=kind)
              for mode in MODES for unit in ("pages", "bytes")] for kind in kinds]
    rows = [(kind, *map(cell, records)) for kind, records in zip(kinds, found)]
    rows.append(("all together", *(number(sum(record["value"] for record in records if record))
                                   for records in zip(*found))))
    return table("What a user directory maps for the supervisor",
                 ("kind of page", "split: pages", "bytes", "shared: pages", "bytes"), rows)


def choice(found):
    """The least exposed mode for some limits on the cost."""
    best = {limit: modes.least_exposed(found, limit) for limit in CHOICES}
    rows = [(f"at most {percent(limit)}", mode.name, percent(mode.cost), f"{mode.exposed:,}")
            for limit, mode in best.items() if mode]
    return table("The least exposed mode that costs no more than so much",
                 ("limit", "mode", "its cost", "exposed bytes"), rows)


def peers(found):
    """Postern beside Linux and xv6, with ratios."""
    if not found:
        return None
    rows = []
    for peer in found:
        value = peer.postern["value"]
        met = "" if peer.target is None else " met" if value <= peer.target else " missed"
        rows.append((peer.title, cell(peer.postern),
                     *(number(figure) if figure else "–"
                       for figure in (peer.linux_on, peer.linux_off, peer.xv6)),
                     ratio(peer.linux_on, value), ratio(peer.xv6, value),
                     "–" if peer.target is None else f"{peer.target:,}{met}"))
    return table("Instructions of one operation by int $0x80, Postern in split; ×: how many times Postern’s",
                 ("operation", "Postern", "Linux pti=on", "pti=off", "xv6", "Linux ×", "xv6 ×",
                  "target"), rows)


def copies(study, titles):
    """Each copy strategy, for what was measured with more than one."""
    rows = []
    for benchmark in dict.fromkeys(study.benchmarks("icount", "instr/op")):
        parameters = {str(record["parameters"]): record["parameters"]
                      for record in study.find("icount", benchmark, "instr/op", copy="window")}
        for isolation in MODES:
            for some in parameters.values():
                found = {copy: study.one("icount", benchmark, "instr/op", isolation=isolation,
                                         copy=copy, parameters=some) for copy in COPIES}
                words = " ".join(f"{name} {value}" for name, value in some.items())
                title = titles.get(benchmark, benchmark)
                rows.append((f"{title} {words}".strip(), isolation, *map(cell, found.values())))
    if not rows:
        return None
    return table("Instructions of one operation by copy strategy", ("operation", "mode", *COPIES), rows)


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
            value = cell(split) if share == 1 else number(split["value"] / share)
            rows.append((title, value, cell(writes) if share == 1 else
                         f"{value_of(writes)} for all {share}"))
    return table("Ways round the switch, by int $0x80 in split",
                 ("operation", "instructions", "CR3 writes"), rows) if rows else None


def two_modes(study, kind, unit, benchmarks, titles):
    """split and shared for some benchmarks."""
    for benchmark in benchmarks:
        split, shared = (study.one(kind, benchmark, unit, isolation=mode) for mode in MODES)
        if split and shared:
            yield (titles.get(benchmark, benchmark), cell(split), cell(shared),
                   percent(split["value"] / shared["value"] - 1))


def programs(study):
    """Whole programs."""
    rows = list(two_modes(study, "icount", "instr/op", PROGRAMS, PROGRAMS))
    shown = [table("Instructions of whole programs", ("program", "split", "shared", "added"), rows)
             ] if rows else []
    rows = []
    for tlb in study.tlbs:
        for benchmark, name in PROGRAMS.items():
            split, shared = (study.one("model", benchmark, "cycles/op", isolation=mode, tlb=tlb)
                             for mode in MODES)
            if split and shared:
                rows.append((name, tlb, cell(split), cell(shared),
                             percent(split["value"] / shared["value"] - 1)))
    if rows:
        shown.append(table("Cycles of whole programs in the model",
                           ("program", "TLB of", "split", "shared", "added"), rows))
    return Markup("".join(shown)) or None


def modelled(study):
    """What the model counts for the null call, by TLB, mode and global pages."""
    units = [unit for kind, benchmark, unit in study.by_kind if (kind, benchmark) == ("model", "Null")]
    rows = []
    for tlb in study.tlbs:
        for isolation in MODES:
            for global_ in ("on", "off"):
                found = [study.one("model", "Null", unit, tlb=tlb, isolation=isolation,
                                   **{"global": global_}) for unit in units]
                if any(found):
                    rows.append((tlb, isolation, global_, *map(cell, found)))
    if not rows:
        return None
    return table("One null call in the model", ("TLB of", "mode", "global",
                                                *(unit.removesuffix("/op") for unit in units)), rows)


def formulas(study):
    """How cycles are estimated for each CPU of the study that is described."""
    rows = [(name, element("td", element("code", model.formula(cpu)), class_="text"))
            for name, cpu in model.cpus().items() if name in study.tlbs]
    return table("The cycles of the model", ("TLB of", "formula"), rows) if rows else ""


def wall(study, titles):
    """Ratios of time with their spread."""
    records = [record for record in study.records if record["kind"] == "wall"]
    rows = [(titles.get(record["benchmark"], record["benchmark"]), record["door"] or "–",
             cell(record), f"{number(record['low'])} to {number(record['high'])}") for record in records
            if all(record[knob] in (DEFAULTS[knob], "") for knob in ("global", "copy", "resident", "ipc"))]
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


def boots(study):
    """The command that repeats each boot, and how many figures are from it."""
    counts = {}
    for record in study.records:
        counts[record["boot"]] = counts.get(record["boot"], 0) + 1
    rows = [(boot["boot"], f"{counts.get(boot['boot'], 0):,}",
             element("td", element("code", boot["log"])),
             element("td", element("code", boot["command"]), class_="text"))
            for boot in study.boots]
    return table("Boots", ("boot", "figures", "log", "command"), rows) if rows else None
