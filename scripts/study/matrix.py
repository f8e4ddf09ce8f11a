"""The matrix: reads matrix.txt (which says what stands in it) into the boots of a study.

A boot is what one run of QEMU measures: every possible combination of some values, interleaved.
"""
import itertools
from dataclasses import dataclass, field

KINDS = ("icount", "model", "wall", "part", "exposure")
SECTIONS = ("quick", "default", "full")
GROUP = 10  # benchmarks, on the average
TABLES = ("axes", "boot axes", "workloads")


class MatrixError(Exception):
    """A line that cannot be understood; its text names file and line."""


@dataclass
class Boot:
    """What one run of QEMU measures. values: those of each axis that changes while a system runs;
    usual: which of these are nothing but the default; fixed: the value of each other axis.
    excluded: the combinations that are impossible."""
    kind: str
    workload: str  # the lists' names, for people
    benchmarks: list
    values: dict
    usual: list
    fixed: dict
    excluded: list = field(default_factory=list, repr=False)

    def combinations(self):
        """{axis: value} of each combination that is possible."""
        for chosen in itertools.product(*self.values.values()):
            cell = dict(zip(self.values, chosen)) | self.fixed
            if not any(rule.items() <= cell.items() for rule in self.excluded):
                yield cell

    def cells(self):
        """How many there are, roughly: what is not capitalised is a group of benchmarks."""
        members = sum(1 if name[0].isupper() else GROUP for name in self.benchmarks)
        return members * sum(1 for _ in self.combinations())

    def name(self):
        """For people."""
        return " ".join([self.kind, self.workload or "pages", *self.fixed.values()])


class Matrix:
    """A matrix file. axes and boot_axes: {name: values, the default first}."""

    def __init__(self, path):
        self.path, self.line = path, 0
        self.axes, self.boot_axes, self.workloads = {}, {}, {}
        self.impossible = []
        self.rows = {section: [] for section in SECTIONS}
        with open(path, encoding="utf-8") as file:
            self.read(file)

    def fail(self, why):
        """Refuses the line that is being read."""
        raise MatrixError(f"{self.path}:{self.line}: {why}")

    def read(self, lines):
        """Every line, into the table or the rows of its section."""
        section = None
        for self.line, line in enumerate(lines, 1):
            line = line.split("#")[0].strip()
            if line.startswith("[") and line.endswith("]"):
                section = line[1:-1]
                if section not in (*TABLES, "impossible", *SECTIONS):
                    self.fail(f"there is no section [{section}]")
            elif line and section is None:
                self.fail("a line before the first section")
            elif line and section in TABLES:
                self.read_list(section, line)
            elif line and section == "impossible":
                self.impossible.append(dict(self.read_pair(word) for word in line.split()))
            elif line:
                self.rows[section].append(self.read_row(line.split()))

    def read_list(self, section, line):
        """NAME: VALUE..."""
        name, colon, values = line.partition(":")
        table = {"axes": self.axes, "boot axes": self.boot_axes, "workloads": self.workloads}[section]
        if not colon or not values.split():
            self.fail("a line here is NAME: VALUE...")
        if name in table:
            self.fail(f"{name} is there twice")
        table[name] = values.split()

    def read_pair(self, word):
        """(axis, value) of AXIS=VALUE; the value has been declared."""
        name, equals, value = word.partition("=")
        known = (self.axes | self.boot_axes).get(name)
        if not equals or known is None:
            self.fail(f"{word} is no AXIS=VALUE of an axis that is declared above")
        if value not in known:
            self.fail(f"{name} has no value {value}; it has {' '.join(known)}")
        return name, value

    def read_values(self, word):
        """(axis, its values in the order declared) of AXIS=VALUE|VALUE or AXIS=*."""
        name, _, values = word.partition("=")
        if values == "*" and name in self.axes | self.boot_axes:
            return name, (self.axes | self.boot_axes)[name]
        return name, [self.read_pair(f"{name}={value}")[1] for value in values.split("|")]

    def read_row(self, words):
        """(kind, lists' names, {axis: values}) of a row; those not named have their default."""
        kind, names = words[0], [word for word in words[1:] if "=" not in word]
        if kind not in KINDS:
            self.fail(f"there is no kind {kind}; there are {' '.join(KINDS)}")
        if (kind == "exposure") == bool(names):
            self.fail("every row names workloads, but exposure, which has none")
        for name in (part for word in names for part in word.split("+")):
            if name not in self.workloads:
                self.fail(f"there is no workload {name}; there are {' '.join(self.workloads)}")
        values = {name: found[:1] for name, found in (self.axes | self.boot_axes).items()}
        varied = dict(self.read_values(word) for word in words[1:] if "=" in word)
        if kind == "part" and not set(varied) <= {"isolation", "door"}:
            self.fail("calls are taken apart by isolation and door alone")
        values |= varied
        return kind, names or [""], values

    def benchmarks(self, names):
        """Those of LIST+LIST...; without a list, what prints the exposure."""
        if not names:
            return ["/bin/exposure"]
        return [bench for name in names.split("+") for bench in self.workloads[name]]

    def boots(self, section):
        """The boots of a section, in the order of the file, each once."""
        rows = self.rows["default"] + self.rows["full"] if section == "full" else self.rows[section]
        seen = []
        for kind, lists, values in rows:
            # what a directory maps is asked of a system whose every process is so
            changing = {} if kind == "exposure" else {axis: values[axis] for axis in self.axes}
            fixed = {axis: values[axis] for axis in values if axis not in changing}
            usual = [axis for axis in changing if values[axis] == self.axes[axis][:1]]
            for names, *chosen in itertools.product(lists, *fixed.values()):
                boot = Boot(kind, names, self.benchmarks(names), changing, usual,
                            dict(zip(fixed, chosen)), self.impossible)
                if boot not in seen and boot.cells():
                    seen.append(boot)
        return seen
