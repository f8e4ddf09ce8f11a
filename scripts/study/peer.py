"""The peer: Debian's own i386 Linux kernels, in the same QEMU, with the same benchmark as their first
program. 32-bit Linux isolates page tables in its PAE kernel alone (pti=on).

    PYTHONPATH=scripts python3 -m study.peer [--build DIR] [NAME...]    the records, as lines of JSON

apt fetches the kernels and checks their signatures; they are unpacked in build/peer/, where the logs
are kept too: a boot whose log is there is not run again.
"""
import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass

from study import records

QEMU = "qemu-system-i386"
CPU = "core2duo-v1"
TIME_LIMIT = 600
# Everything that a Linux can be asked.
NAMES = ("micro", "Ring", "programs")
# What `programs` runs; each is a name of busybox.
APPLETS = ("sh", "sort", "uniq", "sha256sum", "tar", "rm")


@dataclass(frozen=True)
class System:
    """A kernel and how it is booted."""
    name: str     # as records have it
    flavour: str  # of Debian's package
    knobs: str


SYSTEMS = (System("linux-pae-pti", "686-pae", "pti=on"),
           System("linux-pae", "686-pae", "pti=off"),
           System("linux", "686", "pti=off"))


class PeerError(Exception):
    """A kernel that cannot be had, or a boot that failed; its text says which."""


def output(command, **settings):
    """What a command prints; PeerError if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          **settings)
    if done.returncode:
        errors = done.stderr.decode("utf-8", "replace").strip()
        raise PeerError(f"{shlex.join(command)}: {errors or done.returncode}")
    return done.stdout


def package_of(flavour):
    """The package that Debian's package of no version depends on: linux-image-6.1.0-50-686:i386."""
    listing = output(["apt-cache", "depends", f"linux-image-{flavour}:i386"]).decode()
    if not (match := re.search(rf"Depends: (linux-image-\d\S*-{flavour})(:i386)?$", listing,
                               re.MULTILINE)):
        raise PeerError(f"apt knows no linux-image-{flavour}:i386")
    return match[1] + ":i386"


def fetch(flavour, folder):
    """The path of a flavour's kernel, fetched unless it is there. Its name has the version."""
    package = package_of(flavour)
    kernel = os.path.join(folder, package.removeprefix("linux-image-").removesuffix(":i386"))
    if not os.path.exists(kernel):
        output(["apt-get", "-qq", "download", package], cwd=folder, timeout=TIME_LIMIT)
        archive = next(name for name in os.listdir(folder) if name.endswith(".deb"))
        files = output(["dpkg-deb", "--fsys-tarfile", archive], cwd=folder)
        image = output(["tar", "-xO", "--wildcards", "./boot/vmlinuz-*"], input=files)
        os.remove(os.path.join(folder, archive))
        with open(kernel, "wb") as file:
            file.write(image)
    return kernel


def make_initramfs(build, folder):
    """The archive with the benchmark as /init; its path."""
    root, path = os.path.join(folder, "root"), os.path.join(folder, "initramfs.cpio")
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "dev", "proc", "tmp"):
        os.makedirs(os.path.join(root, name))
    for name in ("bench", "nothing", "busybox"):
        source = os.path.join(build, "stage", "bin", name)
        if os.path.exists(source):
            shutil.copy(source, os.path.join(root, "bin"))
    os.symlink("bin/bench", os.path.join(root, "init"))
    for name in APPLETS:
        os.symlink("busybox", os.path.join(root, "bin", name))
    output(["find", ".", "-exec", "touch", "-h", "-d", "@0", "{}", "+"], cwd=root)
    names = sorted(output(["find", "."], cwd=root).splitlines())
    with open(path, "wb") as archive:
        archive.write(output(["cpio", "-o", "-H", "newc", "--reproducible", "--owner=0:0", "--quiet"],
                             cwd=root, input=b"\n".join(names)))
    return path


def command_of(system, kernel, initramfs, names):
    """The command that boots it and measures."""
    knobs = f"console=ttyS0 quiet panic=-1 mitigations=off {system.knobs} -- {' '.join(names)}"
    return ["scripts/qemu", "--qemu", QEMU, "--cpu", CPU, "--icount", "--timeout",
            str(TIME_LIMIT), "--kernel", kernel, "--initrd", initramfs, "--append", knobs]


def boot_id(command, *paths):
    """The same for the same command, QEMU and files."""
    total = hashlib.sha256(shlex.join(command).encode() + output([QEMU, "--version"]))
    for path in paths:
        with open(path, "rb") as file:
            total.update(file.read())
    return total.hexdigest()[:16]


def log_of(command, path):
    """What the boot prints, or has printed."""
    if not os.path.exists(path):
        text = output(command, stdin=subprocess.DEVNULL)
        with open(path, "wb") as file:
            file.write(text)
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def measure(build, names=NAMES, say=lambda text: None):
    """(records, boots) of every system; a boot is what boots.jsonl has of it."""
    folder = os.path.join(build, "peer")
    os.makedirs(folder, exist_ok=True)
    initramfs = make_initramfs(build, folder)
    rows, boots = [], []
    for system in SYSTEMS:
        kernel = fetch(system.flavour, folder)
        say(f"{system.name}: {os.path.basename(kernel)} {system.knobs}")
        command = command_of(system, kernel, initramfs, names)
        boot = boot_id(command, kernel, initramfs)
        log = os.path.join(folder, f"{system.name}-{boot}.log")
        settings = {"system": system.name, "cpu": CPU, "boot": boot}
        rows += records.parse(log_of(command, log), settings, "icount")
        boots.append({"boot": boot, "command": shlex.join(command), "log": log})
    return rows, boots


def main():
    """Prints the records."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("names", nargs="*", metavar="NAME", help="as bench has them")
    args = parser.parse_args()
    try:
        rows, _ = measure(args.build, args.names or NAMES,
                          lambda text: print(f"peer: {text}", file=sys.stderr))
    except PeerError as error:
        sys.exit(f"peer: {error}")
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
