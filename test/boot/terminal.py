#!/usr/bin/env python3
"""Somebody at the console: types at busybox's login shell through a pseudo-terminal, as `make run`
has it, and looks at what comes back. Prints KTAP.

    test/boot/terminal.py [--build DIRECTORY] [--append KNOBS] [--show]
"""
import argparse
import os
import pty
import re
import select
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 20  # seconds for anything to show; only a failure takes that long
# Where is the cursor? So asks who edits a line, and who wants to know the size of the screen.
CURSOR_QUERY, CURSOR_REPORT, LAST_CELL = "\x1b[6n", "\x1b[%d;%dR", "\x1b[999;999H"
ANSWERED = "\a"
PROMPT = rf"postern:\S+# {ANSWERED}$"
ROWS, COLUMNS = 25, 80

CONTROL = {letter: chr(ord(letter) - 64) for letter in "ACDEUWZ\\"}
ESCAPE, UP, DOWN, RIGHT, LEFT = "\x1b", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, TAB, BACKSPACE = "\x1b[H", "\x1b[F", "\t", "\x7f"


class Failure(Exception):
    """What was expected did not come."""


def column_behind(text):
    """Where the cursor is after the text's last line."""
    if text.endswith(LAST_CELL):
        return COLUMNS
    return len(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text.rsplit("\n", 1)[-1])) + 1


class Terminal:
    """A machine, seen from the keyboard and the screen before it."""

    def __init__(self, args):
        self.show = args.show
        self.master, slave = pty.openpty()
        command = ["scripts/qemu", "--terminal", "--kernel", f"{args.build}/postern.elf",
                   "--initrd", f"{args.build}/initrd.cpio", f"--append={args.append}"]
        self.machine = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, start_new_session=True)
        os.close(slave)
        self.seen = ""  # since the last match

    def type(self, keys):
        """Presses keys."""
        os.write(self.master, keys.encode())

    def read(self, seconds):
        """What has come within some time; answers where the cursor is, as a terminal does. False
        if nothing comes any more."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 4096)
        except OSError:
            return False
        text = data.decode("utf-8", "replace")
        if self.show:
            sys.stderr.write(text)
        self.seen += text.replace("\r", "")
        while CURSOR_QUERY in self.seen:
            before, self.seen = self.seen.split(CURSOR_QUERY, 1)
            self.type(CURSOR_REPORT % (ROWS, column_behind(before)))
            self.seen = before + ANSWERED + self.seen
        return bool(data)

    def expect(self, pattern):
        """Waits until the screen shows the pattern behind what was matched before."""
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.seen, re.MULTILINE)):
            if time.monotonic() > deadline or not self.read(0.2):
                raise Failure(f"no {pattern!r} in {self.seen[-500:]!r}")
        self.seen = self.seen[match.end():]
        return match

    def end(self):
        """The exit status of a machine that is about to end."""
        deadline = time.monotonic() + PATIENCE
        while self.read(0.2) and time.monotonic() < deadline:
            pass
        try:
            return self.machine.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None

    def close(self):
        """Whatever has happened, nothing stays behind: Ctrl-A X is QEMU's way out."""
        if self.machine.poll() is None:
            self.type(CONTROL["A"] + "x")
            self.end()
        self.machine.kill()
        self.machine.wait()
        os.close(self.master)


def line(keys, *patterns):
    """A step: types the keys and Enter, and expects the patterns, then the prompt."""
    return [(keys, ""), ("\n", r"\n"), *(("", pattern) for pattern in patterns), ("", PROMPT)]


# The terminal is a program's own, and its signals reach it, only once it runs; so it says when.
def start(program):
    """What starts a program in the foreground, and shows that it is there."""
    return (f"sh -c 'echo go; exec {program}'\n", r"^go$")


def ended_by(status, program, key):
    """A step: a key ends a program with this status."""
    return [start(program), (key, PROMPT)] + line("echo status $?", rf"^status {status}$")


# (name, [(keys, pattern)]); a step begins and ends at the prompt.
STEPS = [
    ("a login shell prompts", [("", r"Postern, isolation=\w+\."), ("", PROMPT)]),
    ("a command", line("echo $((6 * 7))", r"^42$")),
    ("an erased character", line(f"echo ax{BACKSPACE}b", r"^ab$")),
    ("an inserted character", line(f"echo acd{LEFT}{LEFT}b", r"^abcd$")),
    ("the line's begin and end", line(f"cho on{HOME}e{END}e", r"^one$")),
    ("an erased line and an erased word",
     line(f"never{CONTROL['U']}echo right wrong{CONTROL['W']}left", r"^right left$")),
    ("the history", line(UP, r"^right left$") + line(UP + UP + DOWN, r"^right left$")),
    ("a completed name",
     line("touch /tmp/a-long-name") + line(f"ls /tmp/a-l{TAB}", r"^/tmp/a-long-name$")),
    ("a completed command", line(f"basen{TAB}/x/y", r"^y$")),
    ("Ctrl-C at the prompt", [(f"not this{CONTROL['C']}", r"\^C\n"), ("", PROMPT)]),
    ("Ctrl-C ends a program", ended_by(130, "sleep 1000", CONTROL["C"])),
    ("Ctrl-C ends a pipeline", ended_by(130, "yes | cat >/dev/null", CONTROL["C"])),
    ("Ctrl-\\ ends a program", ended_by(131, "sleep 1000", CONTROL["\\"])),
    ("a program reads lines until Ctrl-D",
     [start("cat"), ("some text\n", r"some text\nsome text\n"), (CONTROL["D"], PROMPT)]),
    ("Ctrl-Z stops a program",
     [start("sleep 1000"), (CONTROL["Z"], r"\[1\]\+  Stopped .*sleep 1000"), ("", PROMPT)] +
     line("jobs", r"^\[1\]\+  Stopped .*sleep 1000")),
    ("bg", line("bg", r"^\[1\] .*sleep 1000") + line("jobs", r"^\[1\]\+  Running .*sleep 1000")),
    ("kill %1", line("kill %1; wait", r"^\[1\]\+  Terminated .*sleep 1000")),
    ("fg",
     [start("cat"), (CONTROL["Z"], r"Stopped"), ("", PROMPT), ("fg\n", r"exec cat'?\n"),
      ("text\n", r"text\ntext\n"), (CONTROL["Z"], r"Stopped"), ("", PROMPT),
      ("fg %1\n", r"exec cat'?\n"), ("more\n", r"more\nmore\n"), (CONTROL["C"], PROMPT)] +
     line("jobs; echo none", r"^none$")),
    ("a job in the background may not read the terminal",
     line("cat &") + line("sleep 0.2") + line("jobs", r"^\[1\]\+  Stopped \(tty input\) +cat$") +
     line("kill %1; wait; echo gone", r"^gone$")),
    ("a job in the background ends",
     line("sleep 0.1 &") + line("wait", r"^\[1\]\+  Done +sleep 0\.1$")),
    ("stty",
     line("stty -a", r"^speed \d+ baud; rows 25; columns 80;", r" isig icanon ", r" echo echoe ") +
     line("stty size", r"^25 80$")),
    ("without echo",
     [("stty -echo; echo go; read word; stty echo; echo got $word\n", r"^go$"),
      ("hidden\n", r"\A\ngot hidden$"), ("", PROMPT)]),
    ("tty", line("tty", r"^/dev/(console|tty\w*)$")),
    ("vi writes a file",
     [("vi /tmp/note\n", r"- /tmp/note .*1/0"), ("ifirst line\nlast line", r"last line"),
      (ESCAPE, r"- /tmp/note .*2/2"), ("1GO", r"I /tmp/note .*1/3"), ("before both", r"before both"),
      (ESCAPE, r"- /tmp/note .*1/3"), (":wq\n", PROMPT)] +
     line("cat /tmp/note", r"^before both\nfirst line\nlast line\n")),
    ("vi changes a file",
     [("vi /tmp/note\n", r"- /tmp/note .*1/3"), (f"{DOWN}x", r"irst line"), ("dd", r"2/2"),
      ("p", r"3/3"), (f"{UP}{END}a, and more", r"and more"), (ESCAPE, r"- /tmp/note .*2/3"),
      (":%s/irst/1st/\n", r"1st line"), ("u", r"irst line"), (":x\n", PROMPT)] +
     line("cat /tmp/note", r"^before both\nlast line, and more\nirst line\n")),
    ("less", [("seq 100 | less\n", r"^24$"), (" ", r"^48$"), ("q", PROMPT)]),
    ("top", [("top\n", r"Mem: \d+K used"), ("", r"PID +PPID USER"), ("q", PROMPT)]),
    ("a shell in a shell", line("sh") + line("echo $SHLVL", r"^\d$") + line("exit")),
]


def run_steps(terminal):
    """Prints a result for each step; the first that fails is the last."""
    for number, (name, keys) in enumerate(STEPS, 1):
        try:
            for press, pattern in keys:
                terminal.type(press)
                terminal.expect(pattern)
        except Failure as failure:
            print(f"# {failure}\nnot ok {number} - {name}")
            return False
        print(f"ok {number} - {name}", flush=True)
    return True


def main():
    """One machine."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--append", default="")
    parser.add_argument("--last", default="exit", help="what ends the session: exit, poweroff")
    parser.add_argument("--show", action="store_true", help="what the terminal shows, on stderr")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)

    print(f"KTAP version 1\n1..{len(STEPS) + 1}")
    terminal = Terminal(args)
    try:
        if not run_steps(terminal):
            sys.exit(1)
        terminal.type(args.last + "\n")
        status = terminal.end()
        good = status == 0
        print(f"{'ok' if good else 'not ok'} {len(STEPS) + 1} - {args.last} ends the machine: {status}")
    finally:
        terminal.close()


main()
