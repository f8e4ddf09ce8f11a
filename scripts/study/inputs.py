"""What the figures of a boot depend on, as hashes: two boots with the same id print the same."""
import hashlib
import json
import os
import subprocess
from dataclasses import asdict

STUDY = os.path.dirname(os.path.abspath(__file__))
# What turns a run of QEMU into records: for every kind, and for some.
SCRIPTS = ("../qemu", "measure.py", "records.py")
KIND_SCRIPTS = {"model": ("model.py", "cpus.ini", "../plugin"),
                "part": ("parts.py", "../profile_operation.py", "../plugin")}
TESTS = b"test/"  # no workload runs them


def sha256(*parts):
    """Of bytes, one after another."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.hexdigest()


def contents(path):
    """A file's bytes."""
    with open(path, "rb") as file:
        return file.read()


def cpio_entries(archive):
    """(name, mode, content) of each file of a newc archive (cpio(5))."""
    at = 0
    while archive[at:at + 6] == b"070701":
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name_at = at + 110
        data_at = (name_at + name_size + 3) & ~3
        at = (data_at + size + 3) & ~3
        yield archive[name_at:name_at + name_size - 1], mode, archive[data_at:data_at + size]


def initrd_hash(path):
    """Of every name, and of the content of what a workload can run or read."""
    parts = []
    for name, mode, content in cpio_entries(contents(path)):
        matters = not name.removeprefix(b"./").startswith(TESTS)
        parts.append(b"%s %o %s\n" % (name, mode, sha256(content).encode() if matters else b"-"))
    return sha256(*parts)


def first_line(command):
    """What a program says of its version."""
    done = subprocess.run([*command, "--version"], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().splitlines()[0]


def scripts(kind):
    """The hashes of the sources that make the records."""
    paths = [os.path.join(STUDY, name) for name in SCRIPTS + KIND_SCRIPTS.get(kind, ())]
    paths += [os.path.join(folder, name) for path in paths for folder, _, names in os.walk(path)
              for name in sorted(names)]
    return [sha256(contents(path)) for path in sorted(paths) if os.path.isfile(path)]


class Inputs:
    """Everything but the boot itself."""

    def __init__(self, build, machine):
        self.qemu = first_line([machine])
        self.kernel = sha256(contents(f"{build}/postern.elf"))
        self.initrd = initrd_hash(f"{build}/initrd.cpio")

    def versions(self):
        """What every machine that has a part in a study must have."""
        return {"qemu": self.qemu, "kernel": self.kernel, "initrd": self.initrd}

    def boot_id(self, boot):
        """The id of a boot."""
        text = json.dumps([self.versions(), scripts(boot.kind), asdict(boot)], sort_keys=True)
        return sha256(text.encode())[:16]
