"""Whether every instruction of the gate pages was struck by an interrupt or an NMI."""
import re
import subprocess

# Stubs that nothing reaches while the sweep runs, by vector, and what no NMI can strike.
NOT_REACHED = {
    2: "an NMI's own stub: NMIs are blocked until its iret (SDM 3A 6.7.1)",
    9: "coprocessor segment overrun: no CPU since the 387 raises it",
    11: "#NP: no descriptor with P=0 can be made; set_thread_area refuses it",
    12: "#SS: QEMU checks no segment limits, and nothing else of the user's raises it",
    15: "reserved: never raised",
    17: "#AC: QEMU checks no alignment, though CR0.AM is set",
    18: "#MC: the machine is well",
    19: "#XM: QEMU raises no SIMD exceptions",
    20: "#VE: only in a guest of VMX",
    21: "#CP: control-flow enforcement is off",
}
# QEMU counts nothing for an instruction in whose middle it raises one of these, so what is due between
# that instruction and the stub's first comes before both.
FIRST_NOT_STRUCK = (0, 5, 10, 14, 16)

# Where interrupts are on in ring 0, and nowhere else, by symbol and instruction.
INTERRUPTED = [
    (r"callgate", 0, "a call gate leaves IF set: the cli has not run yet"),
    (r"sysexit", r"sysexit", "an NMI ended the shadow of the sti"),
    (r"\w+", r"sysexit|lret", "likewise, behind an answer"),
    (r"\w+", r"mov +%esp,%eax", "the dispatcher is called with interrupts on"),
    (r"\w+", r"call .*<syscall_dispatch>", "likewise"),
    (r"bounce_\w+", 0, "so are the copies, before they clear IF"),
    (r"bounce_\w+", r"ret", "and after they restored it"),
]


def instructions(elf, variant, objdump):
    """{offset: (symbol, offset in it, text)} of one gate page, without what fills the gaps."""
    text = subprocess.run([objdump, "-d", "-w", "-j", f".gate.{variant}", elf], check=True,
                          capture_output=True, text=True).stdout
    found, symbol, start = {}, "", 0
    for line in text.splitlines():
        if match := re.match(rf"([0-9a-f]+) <{variant}_gate_(\w+)>:", line):
            start, symbol = int(match[1], 16) & 0xfff, match[2].replace("start", "vector_0")
        elif match := re.match(r"([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)", line):
            if set(match[2].split()) != {"00"}:
                offset = int(match[1], 16) & 0xfff
                found[offset] = symbol, offset - start, match[3].strip()
    return found


def struck(output, variant):
    """{"irq": offsets, "nmi": offsets} that a log of the sweep names."""
    found = {"irq": set(), "nmi": set()}
    for kind, offset in re.findall(rf"# struck {variant} (irq|nmi) ([0-9a-f]{{3}})", output):
        found[kind].add(int(offset, 16))
    return found


def may_be_interrupted(where):
    """True if ring 0 has interrupts on there."""
    symbol, offset, text = where
    return any(re.fullmatch(s, symbol) and (what == offset if isinstance(what, int)
                                            else re.fullmatch(what, text))
               for s, what, _ in INTERRUPTED)


def problems(elf, variant, output, objdump="objdump"):
    """What is not covered, or struck where it should not be, in words."""
    code = instructions(elf, variant, objdump)
    seen = struck(output, variant)
    found = []
    for offset, (symbol, inside, text) in sorted(code.items()):
        vector = re.fullmatch(r"vector_(\d+)", symbol)
        reached = seen["nmi"] | seen["irq"]
        if symbol in ("direct", "sysenter_direct") and variant.endswith("resident"):
            continue  # a process that the gate page answers has no slot: it is refused at once
        if vector and int(vector[1]) in NOT_REACHED:
            if offset in reached:
                found.append(f"{variant} {symbol}+{inside} was struck, but is listed as unreachable")
        elif offset not in reached and not (vector and inside == 0
                                            and int(vector[1]) in FIRST_NOT_STRUCK):
            found.append(f"{variant} {symbol}+{inside} was not struck: {text}")
    for offset in sorted(seen["irq"]):
        if offset not in code or not may_be_interrupted(code[offset]):
            found.append(f"{variant} {offset:#x} was struck by an interrupt: IF should be clear there")
    if not code:
        found.append(f"{variant}: no instructions")
    return found
