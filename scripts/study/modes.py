"""The modes of a study: what each costs, what it exposes, and which of them no other beats in both."""
import math
from dataclasses import dataclass, field

from study.report_data import DEFAULTS, KNOBS, PROGRAMS, mode_name


@dataclass
class Mode:
    """A setting of the knobs. cost: of the benchmarks that every mode has, the geometric mean, as a
    share more than the cheapest mode's; exposed: bytes of the kernel that a user directory maps."""
    name: str
    knobs: dict
    exposed: int
    costs: dict = field(repr=False)
    cost: float = 0.0
    on_front: bool = False

    def is_near_default(self):
        """At most one knob besides isolation is not the default."""
        return sum(self.knobs[knob] != DEFAULTS[knob] for knob in KNOBS[1:]) <= 1


def exposed_bytes(study, knobs):
    """What all kinds of pages are together, of the recorded setting that differs from these in least;
    None where the isolation mode was not measured."""
    found = {}
    for record in study.find("exposure", "", "bytes", isolation=knobs["isolation"]):
        differing = sum(record[knob] not in (knobs[knob], "") for knob in KNOBS)
        found.setdefault((differing, mode_name(record)), []).append(record["value"])
    return sum(found[min(found)]) if found else None


def costs_by_knobs(study, kind, unit, tlb):
    """{the knobs' values: {benchmark: figure}} of single operations, by the default door and CPU."""
    found = {}
    for (of_kind, benchmark, of_unit), records in study.by_kind.items():
        if (of_kind, of_unit) != (kind, unit):
            continue
        for record in records:
            if record["system"] == "postern" and record.get("tlb", "") == tlb and \
                    record["door"] in (DEFAULTS["door"], "") and record["cpu"] == study.cpu and \
                    not record["parameters"] and benchmark not in PROGRAMS:
                knobs = tuple(record.get(knob) or DEFAULTS[knob] for knob in KNOBS)
                found.setdefault(knobs, {})[benchmark] = record["value"]
    return found


def modes(study, kind="icount", unit="instr/op", tlb=""):
    """Every mode with its cost, cheapest first; what they are compared by is what all have."""
    found = []
    for values, costs in costs_by_knobs(study, kind, unit, tlb).items():
        knobs = dict(zip(KNOBS, values))
        exposed = exposed_bytes(study, knobs)
        if exposed:
            found.append(Mode(mode_name(knobs), knobs, exposed, costs))
    common = set.intersection(*(set(mode.costs) for mode in found)) if found else set()
    common = {name for name in common if all(mode.costs[name] > 0 for mode in found)}
    if not common:
        return [], []
    for mode in found:
        mode.cost = math.exp(sum(math.log(mode.costs[name]) for name in common) / len(common))
    cheapest = min(mode.cost for mode in found)
    for mode in found:
        mode.cost = mode.cost / cheapest - 1
    for mode in found:
        mode.on_front = not any(
            other.cost <= mode.cost and other.exposed <= mode.exposed and
            (other.cost, other.exposed) != (mode.cost, mode.exposed) for other in found)
    return sorted(found, key=lambda mode: (mode.cost, mode.exposed)), sorted(common)


def least_exposed(found, at_most):
    """The mode that exposes least among those that cost at most that share more; None: there is none."""
    fitting = [mode for mode in found if mode.cost <= at_most]
    return min(fitting, default=None, key=lambda mode: (mode.exposed, mode.cost))
