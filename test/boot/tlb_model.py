"""What the model of TLBs must say of test/programs/tlb.S, derived by hand, on the CPUs of tlb_cpus.ini."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
from study import model  # noqa: E402  pylint: disable=wrong-import-position

CPUS = os.path.join(ROOT, "test", "boot", "tlb_cpus.ini")

# The operations in the program's order: what it is, instructions, pages (one of them the code's, which
# never misses unless that is said), misses of the first-level TLBs. None: the kernel's part is in it.
OPERATIONS = [
    ("10 instructions", 10, 1, 0, 0),
    # two to a set
    ("8 pages in a row", 8, 9, 0, 0),
    # pages 0, 4 and 8 share a set of two: each finds that the other two have driven it out
    ("9 pages in a row", 9, 10, 0, 3),
    ("3 pages of one set", 3, 4, 0, 3),
    # 0 4 0 8: page 0 is never the oldest when room is needed, 4 and 8 drive out each other. By age of
    # entry instead of use it would be 3.
    ("the least recently used goes", 4, 4, 0, 2),
    # the word is of page 3, which is alone in its set, and of page 4, which makes three with 0 and 8
    ("a word in two pages", 3, 5, 0, 3),
    ("4 pages of code", 6, 4, 0, 0),
    # 5 in a TLB of 4, one after the other, again and again: every one misses. Four, had the instruction
    # that lies in two pages been taken for one of one.
    ("5 pages of code", 6, 5, 5, 0),
    ("3 lines of one set", 3, 2, 0, 0),
    ("a null call", None, None, None, None),
    ("4 pages and a null call", None, None, None, None),
]
LINES, CALL, CALL_AND_PAGES = 8, 9, 10


def run(execute, build, isolation, use_global):
    """The cells of one boot of the program."""
    folder = os.path.join(build, "test")
    counts = os.path.join(folder, f"tlb-{isolation}-{use_global}")
    os.makedirs(folder, exist_ok=True)
    status, output = execute(
        ["scripts/qemu", "--kernel", f"{build}/postern.elf", "--initrd", f"{build}/initrd.cpio",
         "--icount", "--extra", model.plugin(build, counts, path=CPUS),
         f"--append=loglevel=error isolation={isolation} global={use_global} -- /test/tlb"], 60)
    if status:
        raise model.ModelError(f"status {status}: {output[-300:]}")
    return model.read(counts, CPUS)


def expected(cpu, operation):
    """{unit: value} of an operation without a call."""
    _, instructions, pages, itlb, dtlb = operation
    answered = dtlb if cpu == "two-level" else 0
    walks = itlb + dtlb - answered
    if cpu == "roomy":
        itlb = dtlb = walks = 0
    accesses = walks if cpu == "pde-cached" else 2 * walks
    return {"instr/op": instructions, "cr3/op": 0, "pages/op": pages, "itlb-misses/op": itlb,
            "dtlb-misses/op": dtlb, "tlb2-hits/op": answered, "walks/op": walks,
            "walk-accesses/op": accesses, "cycles/op": instructions + 2.5 * accesses}


def without_calls(cells):
    """(passed, text) for each operation that the kernel has no part in, on each CPU."""
    for operation, cell in zip(OPERATIONS[:CALL], cells):
        for cpu, seen in cell.items():
            for unit, value in expected(cpu, operation).items():
                yield seen[unit] == value, f"{operation[0]}, {cpu}: {seen[unit]} {unit}, not {value}"
    seen = cells[LINES]["small"]["l1d-misses/op"]
    yield seen == 3, f"{OPERATIONS[LINES][0]}: {seen} misses, not 3"


def difference(cell, less):
    """What cell has more than less, of the CPU that has room for everything."""
    return {unit: cell["roomy"][unit] - less["roomy"][unit] for unit in cell["roomy"]}


def with_calls(cells, isolation):
    """The same for calls: 4 pages that are touched between two of them are 4 misses where CR3 is
    written, and none where it is not. Two accesses make a walk."""
    misses, writes = (4, 2) if isolation == "split" else (0, 0)
    seen = difference(cells[CALL_AND_PAGES], cells[CALL])
    for unit, value in {"instr/op": 4, "cr3/op": 0, "pages/op": 4, "itlb-misses/op": 0,
                        "dtlb-misses/op": misses, "walks/op": misses, "walk-accesses/op": 2 * misses}.items():
        yield seen[unit] == value, f"4 pages more in {isolation}: {seen[unit]} {unit}, not {value}"
    call = cells[CALL]["roomy"]
    yield call["cr3/op"] == writes, f"a null call in {isolation}: {call['cr3/op']} CR3 writes"
    walked = sum(call[unit] for unit in ("itlb-misses/op", "dtlb-misses/op"))
    yield bool(walked) == bool(writes), f"a null call in {isolation}: {walked} TLB misses"


def without_global(with_global, cells):
    """What global pages save a null call in split. After each of its two CR3 writes the gate page is
    executed and the CPU's page accessed; and the IDT is read once, on the user's directory."""
    seen = difference(cells[CALL], with_global[CALL])
    for unit, value in {"instr/op": 0, "cr3/op": 0, "itlb-misses/op": 2, "dtlb-misses/op": 3,
                        "walk-accesses/op": 10}.items():
        yield seen[unit] == value, f"global=off: {seen[unit]} {unit} more, not {value}"


def results(execute, build):
    """(passed, text) of everything."""
    split, shared = (run(execute, build, isolation, "on") for isolation in ("split", "shared"))
    for isolation, cells in (("split", split), ("shared", shared)):
        yield from without_calls(cells)
        yield from with_calls(cells, isolation)
    yield from without_global(split, run(execute, build, "split", "off"))
