"""The same operations elsewhere: as measured with PEER=linux, else as baselines.txt has them."""
from dataclasses import dataclass

from study.report_data import value_of

BASELINES = "scripts/baselines.txt"


@dataclass
class Peer:
    """An operation by int $0x80: figures, or None. target: the most that Postern may take."""
    benchmark: str
    title: str
    postern: dict       # the record
    linux_on: int
    linux_off: int
    xv6: int
    target: int


def first(cell):
    """The figure by int $0x80 of a cell of baselines.txt; None where it has a dash."""
    return None if cell == "-" else int(cell.split("/")[0])


def rows():
    """The rows of baselines.txt that are an operation itself, and not a difference or a share."""
    with open(BASELINES, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.split("|")]
            if not line.startswith("#") and not cells[1]:
                yield cells[0], cells[2], [first(cell) for cell in cells[3:]]


def titles():
    """What each benchmark is called for people."""
    return {benchmark: title for benchmark, title, _ in rows()}


def peers(study):
    """A Peer for each operation that Postern has a figure for."""
    for benchmark, title, (pti_on, pti_off, xv6, target) in rows():
        if record := study.instructions(benchmark):
            measured = [value_of(study.instructions(benchmark, system=system))
                        for system in ("linux-pae-pti", "linux-pae")]
            yield Peer(benchmark, title, record, measured[0] or pti_on, measured[1] or pti_off, xv6,
                       target)
