#!/usr/bin/env python3
"""Somebody at the console: types at busybox's login shell through a pseudo-terminal, as `make run`
has it, and looks at what comes back. Prints KTAP.

    test/boot/terminal.py [--build DIRECTORY] [--append KNOBS] [--screen /dev/stderr]
"""
import argparse
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 20  # seconds for anything to show; only a failure takes that long
# Where is the cursor? So asks who edits a line, and who wants to know the size of the screen.
CURSOR_QUERY, CURSOR_REPORT, LAST_CELL = "\x1b[6n", "\x1b[%d;%dR", "\x1b[999;999H"
OTHER_SCREEN_LEFT = "\x1b[?1049l"
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
    line_begin = rf"\n|{re.escape(OTHER_SCREEN_LEFT)}"
    return len(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", re.split(line_begin, text)[-1])) + 1


class Terminal:
    """A machine, seen from the keyboard and the screen before it."""

    def __init__(self, args):
        self.screen = open(args.screen, "w", encoding="utf-8")  # pylint: disable=consider-using-with
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
        self.screen.write(text)
        self.screen.flush()
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
        if self.machine.poll() is None:
            os.killpg(self.machine.pid, signal.SIGKILL)
            self.machine.wait()
        os.close(self.master)
        self.screen.close()


def line(keys, *patterns):
    """A step: types the keys and Enter, and expects the patterns, then the prompt."""
    return [(keys, ""), ("\n", r"\n"), *(("", pattern) for pattern in patterns), ("", PROMPT)]


# The terminal is a program's own, and its signals reach it, only once it runs: cat shows that it does.
CAT = [("sh -c 'echo go; exec cat'\n", r"^go\n"), ("there\n", r"there\nthere\n")]


def ended_by(key, status):
    """A step: a key ends a program with this status."""
    return [*CAT, (key, PROMPT), *line("echo status $?", rf"^status {status}$")]


def shown(text):
    """A pattern for what vi shows of an insertion: in as many pieces as it came in, and a blank only
    where the screen was not."""
    return r"(?:\x1b\[\d+;\d+H)*".join(re.escape(letter).replace(r"\ ", " ?") for letter in text)


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
    ("Ctrl-C ends a program", ended_by(CONTROL["C"], 130)),
    ("Ctrl-\\ ends a program", ended_by(CONTROL["\\"], 131)),
    ("Ctrl-D ends its input", ended_by(CONTROL["D"], 0)),
    ("Ctrl-C ends a pipeline",
     [("sh -c 'echo go; yes | cat >/dev/null'\n", r"^go\n"), (CONTROL["C"], PROMPT)]),
    ("Ctrl-C ends a program that sleeps",
     [("sh -c 'echo go; exec sleep 1000'\n", r"^go\n"), (CONTROL["C"], PROMPT)]),
    ("Ctrl-Z stops a program",
     [*CAT, (CONTROL["Z"], r"\[1\]\+  Stopped .*exec cat"), ("", PROMPT)] +
     line("jobs", r"^\[1\]\+  Stopped .*exec cat")),
    ("fg",
     [("fg\n", r"exec cat.\n"), ("again\n", r"again\nagain\n"), (CONTROL["Z"], r"Stopped"),
      ("", PROMPT), ("fg %1\n", r"exec cat.\n"), ("more\n", r"more\nmore\n"), (CONTROL["C"], PROMPT)] +
     line("jobs; echo none", r"^none$")),
    ("bg",
     line("sleep 1000 &") + line("kill -STOP $!; sleep 0.2") +
     line("jobs", r"^\[1\]\+  Stopped \(signal\) +sleep 1000") + line("bg", r"^\[1\] sleep 1000") +
     line("jobs", r"^\[1\]\+  Running +sleep 1000")),
    ("kill %1", line("kill %1; wait", r"^\[1\]\+  Terminated +sleep 1000")),
    ("a job in the background may not read the terminal",
     line("cat &") + line("sleep 0.2") + line("jobs", r"^\[1\]\+  Stopped \(tty input\) +cat$") +
     [("fg\n", r"^cat\n"), ("now it may\n", r"now it may\nnow it may\n"), (CONTROL["D"], PROMPT)]),
    ("a job in the background ends", line("sleep 0.1 & wait", r"^\[1\]\+  Done +sleep 0\.1$")),
    ("stty",
     line("stty -a", r"^speed \d+ baud; rows 25; columns 80;", r"^isig icanon iexten echo echoe ") +
     line("stty size", r"^25 80$")),
    ("without echo",
     [("stty -echo; echo go; read word; stty echo; echo got $word\n", r"^go$"),
      ("hidden\n", r"\A\ngot hidden$"), ("", PROMPT)]),
    ("tty", line("tty", r"^/dev/(console|tty\w*)$")),
    ("vi writes a file",
     [("vi /tmp/note\n", r"- /tmp/note 1/1"), ("ifirst line\nlast line", shown("last line")),
      (ESCAPE, r"- /tmp/note \[Modified\] 2/2"), ("1GO", r"I /tmp/note \[Modified\] 1/3"),
      ("before both", shown("before both")), (ESCAPE, r"- /tmp/note \[Modified\] 1/3"), (":wq\n", PROMPT)] +
     line("cat /tmp/note", r"^before both\nfirst line\nlast line\n")),
    ("vi changes a file",
     [("vi /tmp/note\n", r"- /tmp/note 1/3"), (DOWN + "x", r"\[2;1Hirst line"), ("dd", r"Delete 1 lines"),
      ("p", r"Put 1 lines"), (UP + END + "a, and more", shown(", and more")), (ESCAPE, r"- /tmp/note .* 2/3"),
      (":%s/irst/1st/\n", r"\[3;1H1st line"), ("u", r"\[3;1Hirst line"), (":x\n", PROMPT)] +
     line("cat /tmp/note", r"^before both\nlast line, and more\nirst line\n")),
    ("less", [("seq 100 | less\n", r"K24\n.*standard input"), (" ", r"K48\n"), ("q", PROMPT)]),
    ("top", [("top\n", r"Mem: \d+K used"), ("", r"PID +PPID USER"), ("q", PROMPT)]),
    ("study", line("study Null", r"^Null +int80 +\d+ +\d+ +[+-]\d+ +2 and 0$", r"study: 1 of 1, done$")),
    ("postern-top",
     [("postern-top -d 0.1\n", r"^cr3_writes +\d+$"), ("", r"^entries_int80 +\d+ +\d+$"), ("q", PROMPT)] +
     line("postern-top -n 1 | grep -c cr3_writes", r"^1$")),
    ("Ctrl-Z in vi, and fg",
     [("vi /tmp/note\n", r"- /tmp/note"), (CONTROL["Z"], r"Stopped"), ("", PROMPT),
      ("fg\n", r"- /tmp/note"), (":q\n", PROMPT)]),
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
    parser.add_argument("--screen", default="/dev/null", help="a file for what the terminal shows")
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
