"""The findings: sentences computed from the data, their figures between asterisks. A sentence whose figures
are not there is not said."""
from figures import DOORS, MODES
from study import modes, report_curves
from study.report_data import PARTS, PART_NAMES, PROGRAMS, value_of
from study.report_html import number, percent

DOOR_NAMES = {"int80": "int $0x80", "sysenter": "sysenter", "syscall": "syscall", "callgate": "a call gate"}
BATCHED = 16
SPOKEN_OF = (0, 32)     # pages touched on each side, in the sentence on global pages


def listed(words, last="and"):
    """a, b and c."""
    words = list(words)
    return ", ".join(words[:-1]) + f" {last} " + words[-1] if len(words) > 1 else "".join(words)


def call_cost(study):
    """What split adds to the null call, by door."""
    added = {}
    for door in DOORS:
        split, shared = (value_of(study.instructions("Null", isolation=mode, door=door))
                         for mode in MODES)
        if split and shared:
            added.setdefault(split - shared, []).append(DOOR_NAMES[door])
    writes = value_of(study.one("icount", "Null", "cr3/op", isolation="split"))
    if added:
        costs = listed(f"*{number(cost)}*{' instructions' if not place else ''} to a system call "
                       f"through {listed(doors, 'or')}" for place, (cost, doors) in
                       enumerate(added.items()))
        yield (f"Keeping the kernel out of the user’s page directory adds {costs}, and *{writes}* "
               "CR3 writes to each.")


def exposure(study):
    """What is hidden for it."""
    split, shared = (modes.exposed_bytes(study, {"isolation": mode, "global": "on", "copy": "walk",
                                                 "resident": "off", "ipc": "direct"}) for mode in MODES)
    if split and shared:
        yield (f"For this, a user directory maps *{number(split)}* bytes of the kernel instead of "
               f"*{number(shared)}*: {number(round(shared / split))} times less.")


def program_cost(study, kind, unit, tlb=""):
    """{program: share that split adds} for the figures of a kind."""
    found = {}
    for benchmark, name in PROGRAMS.items():
        split, shared = (value_of(study.one(kind, benchmark, unit, isolation=mode, tlb=tlb))
                         for mode in MODES)
        if split and shared:
            found[name] = split / shared - 1
    return found


def programs(study):
    """What whole programs pay."""
    counted = program_cost(study, "icount", "instr/op")
    modelled = program_cost(study, "model", "cycles/op", study.tlb)
    if counted:
        yield ("Whole programs pay " + listed(f"*{percent(share)}* ({name})"
                                              for name, share in counted.items()) + " in instructions" +
               ("." if not modelled else ", and in the model’s cycles (" + study.tlb + ") " +
                listed(f"*{percent(share)}* ({name})" for name, share in modelled.items()) + "."))


def global_pages(study):
    """What isolation adds in the model, and what global pages save of it, for two working sets."""
    on, off = (report_curves.added(study, study.tlb, value) for value in ("on", "off"))
    sizes = [pages for pages in SPOKEN_OF if on.get(pages, 0) > 0 and pages in off]
    if not sizes:
        return
    yield (f"In the model ({study.tlb}) isolation adds " +
           listed(f"*{number(on[pages])}* cycles to a call "
                  f"{f'between {pages} pages' if pages else 'that touches no other page'}"
                  for pages in sizes) +
           "; global pages save " +
           listed(f"*{number(off[pages] - on[pages])}* ({percent(1 - on[pages] / off[pages])})"
                  for pages in sizes) +
           " of what it would be without them.")


def ways_round(study):
    """Calls that need no switch, or share one."""
    null = value_of(study.instructions("Null"))
    resident = value_of(study.instructions("ResidentGetpid"))
    batch = value_of(study.instructions("Batch16"))
    direct, kernel = (value_of(study.instructions(name)) for name in ("IpcRoundTrip", "IpcRoundTripKernel"))
    said = []
    if null and resident:
        said.append(f"a call answered in the gate page takes *{resident}* instructions instead of "
                    f"*{null}* and no CR3 write")
    if null and batch:
        said.append(f"one of {BATCHED} calls in a batch *{number(round(batch / BATCHED, 1))}*")
    if direct and kernel:
        said.append(f"a message and its answer that go straight from one directory to the other "
                    f"*{direct}* instead of *{number(kernel)}*")
    if said:
        yield "It can be avoided: " + listed(said) + "."


def parts(study):
    """Which part of the null call the modes differ in."""
    split, shared = ({part: value_of(study.one("part", "Null", "instr/op", part=part, isolation=mode))
                      for part in PARTS} for mode in MODES)
    if None in split.values() or None in shared.values():
        return
    differing = [PART_NAMES[part] for part in PARTS if split[part] != shared[part]]
    yield (f"Of the *{sum(split.values())}* instructions of a null call by int $0x80, "
           f"*{split['switch']}* change CR3 and the stack; in shared it is "
           f"*{shared['switch']}* of *{sum(shared.values())}*. The modes differ in "
           f"{listed(differing)}" + (" alone." if len(differing) == 1 else "."))


def linux(null):
    """The same call in Linux. null: the row of the table of peers."""
    if null and null.linux_on:
        isolation = (f"; {null.linux_on - null.linux_off} of them are the isolation’s"
                     if null.linux_off else "")
        yield (f"Linux’s null call takes *{number(null.linux_on)}* instructions with page-table "
               f"isolation, {number(round(null.linux_on / null.postern['value'], 1))} times Postern’s"
               f"{isolation}.")
