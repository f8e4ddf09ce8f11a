"""GDB commands for Postern.

    gdb -x scripts/gdb/postern.py build/postern.elf

attaches to `make debug`, which waits on port 1234. The image holds the symbols of the kernel and of
both gate pages (split_gate_..., shared_gate_...), all at the addresses where they run.

    postern-trapframe [ADDRESS]    a trapframe: at ADDRESS, or of the running thread's entry
    postern-directory [CR3]        what a page directory maps, range by range
    postern-processes              every process, with its thread's state
"""
import struct

import gdb

KERNEL_BASE = 0xC0000000
KSTACK_SIZE = 0x2000
TRAPFRAME = ("edi esi ebp (esp) ebx edx ecx eax es ds vector error eip cs eflags esp ss").split()
DOORS = {0x80: "int80", 256: "sysenter", 257: "syscall", 258: "callgate"}


def words(address, count):
    """count 32-bit words of memory at a kernel address."""
    memory = gdb.selected_inferior().read_memory(address, 4 * count)
    return struct.unpack(f"<{count}I", bytes(memory))


def register(name):
    """A register as a number."""
    return int(gdb.parse_and_eval(f"${name}")) & 0xFFFFFFFF


def physical_words(address, count):
    """The same by physical address, through the emulator: works on every directory."""
    text = gdb.execute(f"monitor xp /{count}xw {address:#x}", to_string=True)
    return [int(word, 16) for line in text.splitlines() for word in line.split(":")[1].split()]


class Trapframe(gdb.Command):
    """postern-trapframe [ADDRESS]: print a trapframe."""

    def __init__(self):
        super().__init__("postern-trapframe", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Prints the registers, four a line."""
        if argument:
            address = int(gdb.parse_and_eval(argument)) & 0xFFFFFFFF
        else:
            top = (register("esp") | (KSTACK_SIZE - 1)) + 1 - 8
            address = top - 4 * len(TRAPFRAME)
        frame = dict(zip(TRAPFRAME, words(address, len(TRAPFRAME))))
        vector = frame["vector"]
        print(f"trapframe at {address:#010x}: {DOORS.get(vector, f'vector {vector}')}")
        for start in range(0, len(TRAPFRAME), 4):
            print("  ".join(f"{name:>7} {frame[name]:08x}" for name in TRAPFRAME[start:start + 4]))


class Directory(gdb.Command):
    """postern-directory [CR3]: print what a page directory maps."""

    def __init__(self):
        super().__init__("postern-directory", gdb.COMMAND_DATA)

    @staticmethod
    def pages(cr3):
        """(address, size, rights) of each present page, by address."""
        for upper, entry in enumerate(physical_words(cr3 & ~0xFFF, 1024)):
            if not entry & 1:
                continue
            if entry & 0x80:
                yield upper << 22, 1 << 22, entry & 0x106
                continue
            for lower, page in enumerate(physical_words(entry & ~0xFFF, 1024)):
                if page & 1:
                    yield (upper << 22 | lower << 12, 1 << 12,
                           entry & page & 6 | page & 0x100)

    def invoke(self, argument, from_tty):
        """Joins neighbouring pages of the same rights."""
        cr3 = int(gdb.parse_and_eval(argument)) if argument else register("cr3")
        start = end = rights = None
        for address, size, bits in list(self.pages(cr3)) + [(None, 0, None)]:
            if start is not None and (address != end or bits != rights):
                print(f"{start:08x}-{end - 1:08x} {(end - start) // 1024:8} KiB  "
                      f"{'user' if rights & 4 else 'kernel':6} {'w' if rights & 2 else '-'}"
                      f"{'g' if rights & 0x100 else '-'}")
                start = None
            if start is None:
                start = address
            end, rights = (address or 0) + size, bits


class Processes(gdb.Command):
    """postern-processes: print every process."""

    def __init__(self):
        super().__init__("postern-processes", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Walks process_list."""
        kind = gdb.lookup_type("struct process")
        offset = next(f.bitpos // 8 for f in kind.fields() if f.name == "all")
        head = gdb.parse_and_eval("&process_list")
        link = head["next"]
        print(f"{'pid':>5} {'parent':>6} {'mode':7} {'state':24} name")
        while link != head:
            process = (link.cast(gdb.lookup_type("char").pointer()) - offset).cast(kind.pointer())
            parent = int(process["parent"]["pid"]) if process["parent"] else 0
            mode = "-" if not process["space"] else \
                ("split", "shared")[int(process["space"]["isolation"])]
            state = "zombie" if process["zombie"] else str(process["thread"]["state"])
            print(f"{int(process['pid']):5} {parent:6} {mode:7} {state:24} "
                  f"{process['name'].string()}")
            link = link["next"]


gdb.execute("set pagination off")
gdb.execute("set architecture i386")
Trapframe()
Directory()
Processes()
try:
    gdb.execute("target remote localhost:1234")
except gdb.error as error:
    print(f"not attached: {error} (start `make debug` first)")
