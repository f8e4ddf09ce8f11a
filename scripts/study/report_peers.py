"""The same operations elsewhere: as measured with PEER=linux, else as baselines.txt has them."""
from dataclasses import dataclass

from study import tables
from study.report_data import PEERS, value_of


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
    measured: list      # the records of Linux, with isolation and without, or None


def rows():
    """The rows of baselines.txt that are an operation itself, and not a difference or a share; of two
    figures the one by int $0x80, None where there is none."""
    for benchmark, part, title, *cells in tables.baselines():
        if not part:
            yield benchmark, title, [cell[0] if cell else None for cell in cells]


def titles():
    """What each benchmark is called for people."""
    return {benchmark: title for benchmark, title, _ in rows()}


def peers(study):
    """A Peer for each operation that Postern has a figure for."""
    for benchmark, title, (pti_on, pti_off, xv6, target) in rows():
        if record := study.instructions(benchmark):
            measured = [study.instructions(benchmark, system=system) for system in PEERS[:2]]
            linux = [value_of(found) or noted for found, noted in zip(measured, (pti_on, pti_off))]
            yield Peer(benchmark, title, record, *linux, xv6, target, measured)
