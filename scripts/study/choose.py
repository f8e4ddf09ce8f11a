"""The least exposure for at most a given cost.

A mode costs what its benchmarks take more than in the cheapest mode: one of them, or the geometric mean
of those that every mode has been measured on. It exposes the bytes that a process's directory maps for
the supervisor.
"""
from study import modes
from study.report_data import Study


class NoAnswer(Exception):
    """What is asked cannot be told; the text says why."""


def share(text):
    """0.05 of "5%" or "5 %"."""
    try:
        return float(text.strip().removesuffix("%")) / 100
    except ValueError:
        raise NoAnswer(f"COST={text} is no share such as 5%") from None


def ranked(folder, tlb, workload):
    """(modes, what they are judged by), cheapest first."""
    study = Study(folder)
    kind, unit = ("model", "cycles/op") if tlb else ("icount", "instr/op")
    if workload:
        study.by_kind = {key: rows for key, rows in study.by_kind.items()
                         if key[0] == "exposure" or key[1] == workload}
    found, common = modes.modes(study, kind, unit, tlb)
    if not found:
        raise NoAnswer(f"{folder} has no {unit} of "
                       f"{workload or 'benchmarks'}{' for ' + tlb if tlb else ''} in two modes")
    return found, common


def answer(folder, at_most, tlb="", workload=""):
    """The lines that answer."""
    found, judged_by = ranked(folder, tlb, workload)
    mean = "" if workload else "the geometric mean over "
    yield (f"cost: {'cycles of ' + tlb if tlb else 'instructions'}, "
           f"{mean}{', '.join(judged_by)}; against {found[0].name}")
    yield f"{'modes that none beats in both':<44} {'cost':>9} {'exposed bytes':>15}"
    for mode in found:
        if mode.on_front:
            yield f"{mode.name:<44} {100 * mode.cost:>+8.2f}% {mode.exposed:>15,}"
    choice = modes.least_exposed(found, at_most)
    yield f"the least exposure for at most {100 * at_most:g} %: " + (
        f"{choice.name}, at {100 * choice.cost:+.2f} % and {choice.exposed:,} bytes"
        if choice else "there is none")
