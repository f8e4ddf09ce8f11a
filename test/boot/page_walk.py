"""What QEMU's own page walk finds in the directory of a running process, beside what Postern reports."""
import os
import re
import socket
import subprocess
import tempfile
import time

USER_LIMIT = 0xc0000000
PAGE_SIZE = 0x1000
GATE_REGION = 0xffc00000
VDSO = 0xffffe000


def ask(path, command):
    """The monitor's answer to a command; `quit` has none."""
    answer = b""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.settimeout(10)
        monitor.connect(path)
        for prompts in (1, 2):
            while answer.count(b"(qemu) ") < prompts and (part := monitor.recv(65536)):
                answer += part
            if prompts == 1:
                monitor.sendall(command.encode() + b"\n")
    return answer.decode("ascii", "replace")


def pages(answer):
    """{address: flags} of `info tlb`, whose flags are letters in columns; large pages are split."""
    found = {}
    for address, flags in re.findall(r"^([0-9a-f]{8,16}): [0-9a-f]+ ([-XGPDACTUW]{9})",
                                     answer.replace("\r", ""), re.MULTILINE):
        address = int(address, 16)
        for offset in range(0, 0x400000 if "P" in flags else PAGE_SIZE, PAGE_SIZE):
            found[address + offset] = flags
    return found


def reported(output):
    """The supervisor pages of /bin/exposure's ranges: {address: (writable, global)}."""
    found = {}
    for start, last, flags in re.findall(r"^([0-9a-f]{8})-([0-9a-f]{8}) +\d+  ([w-][g-]) ",
                                         output, re.MULTILINE):
        for address in range(int(start, 16), int(last, 16), PAGE_SIZE):
            found[address] = flags[0] == "w", flags[1] == "g"
    return found


def problems(seen, report, isolation):
    """Where the two differ, and what neither may have."""
    supervisor = {a: ("W" in f, "G" in f) for a, f in seen.items() if "U" not in f}
    user = [a for a, f in seen.items() if "U" in f and a >= USER_LIMIT]
    found = [f"{a:08x}: the page walk has {supervisor.get(a)}, the report {report.get(a)}"
             for a in sorted(set(supervisor) | set(report)) if supervisor.get(a) != report.get(a)]
    if user != [VDSO]:
        found.append(f"open to user mode: {[hex(a) for a in user]}")
    if isolation == "split" and any(a < GATE_REGION for a in supervisor):
        found.append("split maps more than the gate region")
    return found


def compare(command, isolation):
    """Boots /bin/exposure, which then runs in circles, and looks at it from outside. (log, problems)"""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "monitor")
        command = command + [f"--append=isolation={isolation} loglevel=warning -- /bin/exposure -w",
                             f"--extra=-monitor unix:{path},server=on,wait=off"]
        with open(os.path.join(directory, "log"), "w+", encoding="utf-8") as log, \
                subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as machine:
            output, seen = "", {}
            # pages of a program are not there while the clock's interrupt is on the kernel directory
            while machine.poll() is None and not any(a < USER_LIMIT for a in seen):
                time.sleep(0.2)
                log.seek(0)
                output = log.read()
                if " ranges, " in output:
                    seen = pages(ask(path, "info tlb"))
            if seen:
                ask(path, "quit")
        return output, problems(seen, reported(output), isolation) if seen else ["no page walk"]
