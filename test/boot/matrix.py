"""The boot matrix: each row is a machine, a command line, and what must come of it."""
from dataclasses import dataclass, replace

FOUR_DOORS = "qemu64,lm=off"
PANIC = 101

# Thousands of instructions, of an icount run.
KERNEL_AT_MOST = 20_000  # from the boot loader to the first program
PROMPT_AT_MOST = 60_000  # from reset to what was typed at the shell's first prompt

# Of a warm copy: 64 KiB are 16,384 words, and `rep movs` or `rep stos` is an instruction for each.
COPY_64K_AT_MOST = 17_100
COPY_1_AT_MOST = 235

# The tests that copy much, or in odd places.
COPYING = ("pointers copies errnos poll pipe fifo files paths directories signal signal_frame sigframe "
           "fork exec memory mmap protect leak oom failalloc poison threads futex clone storm "
           "hazard_copy hazard_memory badargs badnumbers")


# GRUB measures time in loops, which take a minute where an instruction is a nanosecond.
GRUB = {"iso": True, "icount": False}


@dataclass
class Row:
    """One boot."""
    name: str
    append: str
    expect: tuple = ()        # regular expressions that the log must match
    refuse: tuple = (r"PANIC",)   # and that it must not
    status: int = 0
    cpu: str = FOUR_DOORS
    qemu: str = "qemu-system-x86_64"
    mem: str = "256"
    iso: bool = False
    icount: bool = True       # nothing depends on this host's speed or load
    ktap: bool = False        # the log holds KTAP results that count one by one
    script: str = ""          # this script's output must be what it is on this host
    busybox: bool = False     # means nothing without it
    typed: str = ""           # what the serial port receives
    at_most: tuple = ()       # (regular expression, the most that the number in it may be)
    timeout: int = 120        # on a busy host; a row of a quiet one takes seconds
    initrd: str = ""          # another one than the build's
    flavour: str = ""         # of the kernel: its instruments


HELLO = r"Hello, world! 6 \* 7 = 42, 1 / 3 = 0\.333333\r?\nargument 1: one"
I386 = "qemu-system-i386"


def hello(name, **settings):
    """A boot that says hello."""
    append = settings.pop("append", "") + " -- /bin/hello one"
    return Row(name, append.strip(), (HELLO,) + settings.pop("expect", ()), **settings)


def sabotage(name, what, *expect, mode="split", **settings):
    """A boot whose kernel is broken on purpose, and says so."""
    return Row(f"sabotage {name}", f"isolation={mode} sabotage=on -- /bin/sabotage {what}",
               (r"PANIC: ",) + expect + (r"backtrace:",), (), PANIC, **settings)


def script(name, knobs, **settings):
    """A boot into a script of busybox's shell whose output the host's kernel knows as well."""
    return Row(f"{name}, {knobs}", f"{knobs} loglevel=error -- /bin/sh /test/{name}",
               script=name, timeout=240, **settings)


DOORS = ("int80", "sysenter", "syscall", "callgate")
MODES = ("isolation=split", "isolation=shared")

# What a use after free or a forgotten initialisation in each part of the kernel would break.
POISONED = "poison fork exec memory mmap pipe fifo files paths directories rename attributes " \
    "filesystem descriptors poll signal signal_frame timers jobs stop tty tty_jobs tty_session " \
    "threads threads_exit futex proc system leak oom badargs failalloc"

# The kernel with all that watches it, and what it says of mistakes that pass otherwise.
SANITIZED = {"flavour": "kasan+ubsan+doublefetch", "mem": "64", "icount": False}
MISTAKES = (
    ("signed-overflow", r"UBSan: .*mistakes\.c:\d+:\d+: signed overflow of an addition"),
    ("shift", r"UBSan: .*: shift by too much"),
    ("misaligned", r"UBSan: .*: misaligned pointer"),
    ("index", r"UBSan: .*: index out of bounds"),
    ("null", r"UBSan: .*: null pointer"),
    ("heap-overrun", r"KASan: heap-out-of-bounds: write of 1 bytes at .* by touch_heap"),
    ("heap-underrun", r"of 20 bytes, address is at offset -1"),
    ("heap-freed", r"KASan: heap-use-after-free: read .*(\n.*)*freed by use_freed_heap"),
    ("heap-freed-twice", r"KASan: heap-use-after-free: second free"),
    ("frame-freed", r"KASan: frame-use-after-free"),
    ("stack-overrun", r"KASan: stack-out-of-bounds"),
    ("global-overrun", r"KASan: global-out-of-bounds"),
    ("double-fetch", r"double fetch: postern_sabotage reads .* again: in fetch_twice"),
    ("copy-overrun", r"KASan: heap-out-of-bounds: write of 21 bytes .* by copy_bytes"),
)

ROWS = [
    hello("hello, -kernel, split", append="isolation=split"),
    hello("hello, -kernel, shared", append="isolation=shared"),
    hello("hello, GRUB, split", append="isolation=split", **GRUB),
    hello("hello, GRUB, shared", append="isolation=shared", **GRUB),
    Row("hello, static PIE", "-- /bin/hello-pie one", (HELLO,)),
    Row("a user fault is one line", "-- /test/faults",
        (r"postern: faults\[\d+\]: divide error \(error 0\) at eip [0-9a-f]{8} esp bf[0-9a-f]{6}: "
         r"signal 8\r?\n",)),
    hello("hello, copy=direct", append="isolation=shared copy=direct"),
    hello("hello, global=off", append="global=off"),
    hello("hello, 16 MiB", mem="16", refuse=(r"PANIC", r"initrd:")),
    hello("hello, 2 GiB", mem="2048", expect=(r"MiB of memory beyond 896 MiB are left unused",)),
    hello("hello, every door by its name", append="door=callgate",
          expect=(r"doors: int80 sysenter syscall callgate \(default\)",)),
    hello("hello, 486", cpu="486", qemu=I386,
          expect=(r"int80 \(default\) sysenter \(absent\) syscall \(absent\) callgate",)),
    hello("hello, pentium", cpu="pentium", qemu=I386,
          expect=(r"int80 \(default\) sysenter \(absent\) syscall \(absent\) callgate",)),
    hello("hello, max", cpu="max", qemu=I386),
    hello("a door that the CPU lacks", cpu="pentium", qemu=I386, append="door=sysenter",
          expect=(r"door=sysenter: this CPU lacks it; using int80",)),
    hello("an unknown knob", append="colour=blue", expect=(r"unknown knob colour=blue; there are:",)),
    hello("a bad value", append="isolation=sideways",
          expect=(r"isolation=sideways: not one of split, shared; using split",)),
    Row("an impossible combination", "isolation=split copy=direct -- /bin/hello",
        (r"copy=direct with isolation=split: impossible", r"stopping"), (r"Hello",), PANIC),
    Row("an init that is not there", "init=/none", (r"PANIC: cannot start /none: error 2",), (), PANIC),
    Row("exit status", "-- /bin/poweroff 7", status=7),
    Row("a program that is not there", "-- /bin/none", (r"init: /bin/none: not found",), status=127),
    Row("trace=syscalls, in a batch", "trace=syscalls -- /test/batch",
        (r"trace: batch\[2\] getpid\(\) = 0x2\r?\n", r"trace: batch\[2\] postern_batch\(words="),
        ktap=True),
    Row("trace=syscalls", "trace=syscalls -- /test/cat /etc/motd",
        (r'trace: cat\[2\] open\(path="/etc/motd", flags=0x8000, mode=0\) = 0x3',
         r'trace: cat\[2\] write\(fd=1, buffer="Postern: the one small door in a"\.\.\., count=48\) = 0x30',)),
    sabotage("user pointer, split", "user-pointer",
             r"PANIC: page fault in the kernel, error 0, address bf[0-9a-f]{6}",
             r"do_postern_sabotage|sys_postern_sabotage"),
    sabotage("wrong directory", "return-cr3", r"user mode ran on directory"),
    sabotage("kernel stack overflow", "kernel-stack",
             r"PANIC: double fault: kernel stack overflow", r"overflow_kernel_stack"),
    sabotage("kernel stack overflow, shared", "kernel-stack",
             r"PANIC: double fault: kernel stack overflow", mode="shared"),
    sabotage("panic", "panic", r"PANIC: sabotage"),
    sabotage("write to the gate page", "write-gate",
             r"PANIC: page fault in the kernel, error 3, address c0[0-9a-f]{6}"),
    sabotage("writable gate page", "unseal",
             r"PANIC: protection: the kernel directory maps a sealed page writable at c0[0-9a-f]{6}"),
    sabotage("CPU page open to user mode", "open",
             r"PANIC: protection: the kernel directory opens [0-9a-f]{8} to user mode"),
    sabotage("user pointer, shared, SMAP", "user-pointer",
             r"PANIC: page fault in the kernel, error 1, address bf[0-9a-f]{6}", mode="shared",
             cpu="max", qemu=I386),
    *[script("session.sh", mode) for mode in MODES],
    *[script("scale.sh", mode, mem="128") for mode in MODES],
    *[script("programs.sh", f"{mode} door={door}") for mode in MODES for door in DOORS],
    Row("what busybox shows of the system", "loglevel=warning -- /bin/sh /test/system.sh", ktap=True,
        busybox=True, mem="128"),
    Row("a shell, 486", "", (r"psh stands in", HELLO), typed="hello one\nexit\n", cpu="486", qemu=I386,
        mem="16"),
    # in an icount run a cycle is an instruction
    Row("what a boot costs", "", typed="counters\npoweroff\n",
        at_most=((r", (\d+) thousand in the kernel", KERNEL_AT_MOST),
                 (r"thousand cycles +(\d+)", PROMPT_AT_MOST))),
    Row("guest tests, four doors", "loglevel=warning -- /test/run", ktap=True, timeout=480),
    Row("guest tests, kcov", "loglevel=warning -- /test/run kcov", ktap=True, flavour="kcov"),
    Row("guest tests, sanitizers", "loglevel=warning -- /test/run late_faults pipe",
        ktap=True, **SANITIZED),
    *[sabotage(f"that only sanitizers see, {what}", what, expected, **SANITIZED)
      for what, expected in MISTAKES],
    Row("guest tests, ipc=kernel", "ipc=kernel loglevel=warning -- /test/run ipc ipc_death", ktap=True),
    *[Row(f"guest tests, copy={copy}", f"{mode} copy={copy} loglevel=warning -- /test/run {COPYING}",
          ktap=True, timeout=480)
      for copy, mode in (("window", MODES[0]), ("bounce", MODES[0]), ("direct", MODES[1]))],
    *[Row(f"guest tests, SMAP, copy={copy}",
          f"isolation=shared copy={copy} loglevel=warning -- /test/pointers", ktap=True, cpu="max",
          qemu=I386) for copy in ("window", "bounce")],
    Row("guest tests, copies, 486", "loglevel=warning -- /test/run copies", ktap=True, cpu="486",
        qemu=I386),
    Row("guest tests, copies, SMAP", "loglevel=warning -- /test/run copies", ktap=True, cpu="max",
        qemu=I386),
    Row("bench: members of every group", "loglevel=warning -- /bin/bench --twice --marks "
        "--isolation=all --door=int80 --resident=all Null Ring/processes=4/kib=4 WorkingSet/pages=16 "
        "WorkingSetSwitch/pages=16 ShellExit CopyOut/size=4096 Exposure",
        (r"BenchmarkWorkingSet/isolation=split/door=int80/resident=on/pages=16 101 \d+ instr/op 2 cr3/op",
         r"BenchmarkWorkingSetSwitch/isolation=shared/door=int80/resident=off/pages=16 101 \d+ instr/op "
         r"2 cr3/op",
         r"BenchmarkRing/isolation=split/door=int80/resident=off/processes=4/kib=4 11 \d+ instr/op "
         r"16 cr3/op",
         r"BenchmarkShellExit/isolation=shared/door=int80/resident=off 1 \d+ instr/op \d+ cr3/op "
         r"\d+ calls/op"), ktap=True, busybox=True),
    Row("bench: a door that the CPU lacks", "-- /bin/bench --door=syscall Null PageFault",
        (r"# Null: this CPU has no such door", r"BenchmarkPageFault/isolation=split 101 "),
        (r"BenchmarkNull",), cpu="pentium", qemu=I386),
    Row("bench: a name that means nothing", "-- /bin/bench Null Nonsense",
        (r"bench: Nonsense: no such benchmark or group",), (r"BenchmarkNull",), status=2),
    Row("what copies cost", "loglevel=warning -- /bin/bench --door=int80 --copy=all "
        "CopyZeroes CopyOut/size=4096 CopyIn/size=4096", timeout=240,
        at_most=((r"CopyZeroes/isolation=split/door=int80/copy=walk/size=65536/offset=0/fresh=0 5 (\d+)",
                  COPY_64K_AT_MOST),
                 (r"CopyZeroes/isolation=split/door=int80/copy=walk/size=1/offset=0/fresh=0 5 (\d+)",
                  COPY_1_AT_MOST))),
    Row("guest tests, resident=on",
        "resident=on loglevel=warning -- /test/run doors isolation step fork signal sigframe threads "
        "tls", ktap=True, timeout=240),
    Row("guest tests, i386 core2duo", "loglevel=warning -- /test/run", ktap=True, timeout=480,
        cpu="core2duo-v1", qemu=I386),
    Row("guest tests, 486", "loglevel=warning -- /test/run", ktap=True, timeout=480, cpu="486",
        qemu=I386),
    Row("guest tests, pentium", "loglevel=warning -- /test/run", ktap=True, timeout=480,
        cpu="pentium", qemu=I386),
    Row("guest tests, SMEP SMAP UMIP", "loglevel=warning -- /test/run doors isolation step pointers "
        "faults signal tls", ktap=True, timeout=480, cpu="max", qemu=I386),
    Row("guest tests, SMAP, copy=direct", "isolation=shared copy=direct loglevel=warning -- "
        "/test/pointers", ktap=True, cpu="max", qemu=I386),
    *[Row(f"fuzz, {mode}", f"{mode} loglevel=error -- /bin/fuzz --seed 1 --runs 60",
          (r"fuzz: done calls=\d+ runs=60 .* failures=0 ",), (r"PANIC", r"fuzz: FAIL"), icount=True)
      for mode in MODES],
    Row("soak, a round", "sweep=on loglevel=warning -- /test/soak", ktap=True, timeout=480,
        icount=False),
    Row("guest tests, 24 MiB", "loglevel=warning -- /test/run fork leak oom memory storm", ktap=True,
        timeout=240, mem="24"),
    Row("guest tests, poison", "poison=on loglevel=warning -- /test/run " + POISONED, ktap=True,
        timeout=480),
    # with interrupts wherever the host's clock puts them
    Row("guest tests, wall clock", "loglevel=warning -- /test/run isolation time sched", ktap=True,
        timeout=240, icount=False),
    Row("guest tests, GRUB", "loglevel=warning -- /test/run doors isolation", ktap=True, timeout=240,
        **GRUB),
]

# Of `make test-sanitized`: what others boot to see that it works, where memory is not short.
SANITIZED_ROWS = [
    replace(row, name=f"sanitized: {row.name}", timeout=4 * row.timeout, **{**SANITIZED, "mem": "256"})
    for row in ROWS
    if (row.ktap or row.script) and row.cpu == FOUR_DOORS and not (row.iso or row.flavour or row.expect)
]

# Knobs, and what ends the session that test/boot/terminal.py types.
TERMINALS = [
    ("isolation=split", "exit"),
    ("isolation=shared", "poweroff"),
]

# Logs, and (passed, failed, skipped) as the reader must count them.
KTAP_LOGS = [
    ("KTAP version 1\nboot noise\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no such CPU\n1..3", (1, 1, 1)),
    ("KTAP version 1\n  KTAP version 1\n  ok 1 - a\n  ok 2 - b\n  1..2\nok 1 - both\n1..1", (2, 0, 0)),
    ("KTAP version 1\n1..0 # SKIP no such CPU", (0, 0, 1)),
    ("KTAP version 1\n1..2\nok 1 - a", (1, 1, 0)),
    ("KTAP version 1\nok 1 - a", (1, 1, 0)),
    ("KTAP version 1\n1..3\nok 1 - a\nok 3 - c", (2, 1, 0)),
    ("KTAP version 1\n1..1\nok 1 - a\nBail out! no memory", (1, 1, 0)),
    ("KTAP version 1\n1..1\nok 1 - a\nPANIC: page fault in the kernel", (1, 1, 0)),
]
