"""Where the instructions of a call go: each that was executed belongs to one part of it.

    entry     the caller's stub and the door's landing, until the dispatcher is called
    switch    what changes CR3 and the stack, both ways
    dispatch  from the dispatcher to the handler, and what is looked at before the return
    copy      user memory: checks, walks, and the copying itself
    body      the handler and what it calls
    exit      from the dispatcher's return to the caller
"""
import bisect
import re
import subprocess

import profile_operation
from study.report_data import PARTS

# By function; the first that matches. The gate page's functions are without their variant's name.
FUNCTIONS = (
    (r"gate_bounce_\w+|(copy|walk|window|bounce|direct|unsafe|vector)_\w+|clear_user\w*", "copy"),
    (r"syscall_(dispatch|other)|sys_ni_syscall|return_work|trap_dispatch", "dispatch"),
    (r"gate_(exit|iret|sysexit|sysret|null_selectors)", "exit"),
    (r"gate_\w+", "entry"),
)
# Instructions of the gate page that switch, one after another, as objdump writes them.
SWITCH = re.compile(
    r"push %(?P<saved>e..)\n(?:mov \S+\(%esp\),%(?P=saved)\nmov %(?P=saved),\S+\(%esp\)\n"
    r"mov %(?P=saved),%cr3\n)?pop %(?P=saved)\n"
    r"|mov \S+\(%esp\),%(?P<scratch>e..)\nmov %(?P=scratch),\S+\(%esp\)\nmov %(?P=scratch),%cr3\n"
    r"|mov (?:\S+\(%esp\)|%e..),%esp\n"
    r"|mov %esp,%e..\n(?!call)")
# Of the caller's stub and the vDSO: what runs after the door.
BACK = re.compile(r"(pop|ret)\b")


def disassembly(path, *options):
    """[(address, text)] of a file's instructions."""
    text = subprocess.run(["objdump", "-d", "-w", "--no-show-raw-insn", *options, path], check=True,
                          capture_output=True, text=True).stdout
    return [(int(match[1], 16), " ".join(match[2].split()))
            for match in re.finditer(r"^ *([0-9a-f]+):\t(.*)$", text, re.MULTILINE)]


def switching(gate):
    """The addresses of the gate page's instructions that change CR3 or the stack."""
    starts, text = [], ""
    for _, instruction in gate:
        starts.append(len(text))
        text += instruction + "\n"
    found = set()
    for match in SWITCH.finditer(text):
        first = bisect.bisect_left(starts, match.start())
        found.update(address for address, _ in gate[first:bisect.bisect_left(starts, match.end())])
    return found


def leading_back(build, door):
    """The addresses of the instructions in the vDSO and the benchmark that run after the door."""
    user = disassembly(f"{build}/initrd/bin/bench") + disassembly(f"{build}/vdso-{door}.so")
    return {address for address, text in user if BACK.match(text)}


def part_of_function(name):
    """The part that a function of the kernel or of the gate page belongs to."""
    name = re.sub(r"^(split|shared)(_resident)?_(?=gate_)", "", name)
    return next((part for pattern, part in FUNCTIONS if re.fullmatch(pattern, name)), "body")


def parts_of(profile, build, isolation, door):
    """{part: instructions} of an operation; their sum is what the benchmark counts."""
    gate = switching(disassembly(f"{build}/postern.elf", "-j", f".gate.{isolation}"))
    back = leading_back(build, door)
    found = dict.fromkeys(PARTS, 0)
    for address, count in profile.addresses.items():
        name = profile_operation.place(address, profile.symbols)
        if name in ("user", "vDSO"):
            part = "exit" if address in back else "entry"
        else:
            part = "switch" if address in gate else part_of_function(name)
        found[part] += count
    assert sum(found.values()) == profile.total(), "a part is missing"
    return found


def records(build, benchmark, isolation, door, **settings):
    """The records of one call, by the plugin that counts from outside. settings: their other fields."""
    profile = profile_operation.Profile(build, benchmark, isolation, door)
    for part, count in parts_of(profile, build, isolation, door).items():
        yield {"system": "postern", "benchmark": benchmark, "isolation": isolation, "door": door,
               "kind": "part", "part": part, "unit": "instr/op", "value": count} | settings
