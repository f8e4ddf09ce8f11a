#!/usr/bin/env python3
"""Runs the guest tests in Bochs, from the CD image, once for each isolation mode. The last line is
`N passed, N failed`; the logs are build/test/bochs-split.log and bochs-shared.log.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, "scripts")]
import ktap  # noqa: E402  pylint: disable=wrong-import-position

MODES = ("split", "shared")
TIMEOUT = 900  # seconds; some 120 on one core of 2020


def run(mode, args):
    """The Totals of one boot."""
    iso = os.path.join(args.build, "test", f"bochs-{mode}.iso")
    log = os.path.join(args.build, "test", f"bochs-{mode}.log")
    append = f"isolation={mode} loglevel=warning -- /test/run -i {mode} {args.tests}".strip()
    files = [os.path.join(args.build, name) for name in ("postern.elf", "initrd.cpio")]
    subprocess.run([os.path.join(ROOT, "scripts", "iso"), iso, *files, append], check=True)
    done = subprocess.run([os.path.join(ROOT, "scripts", "bochs"), "--iso", iso, "--log", log,
                           "--cpu", args.cpu, "--timeout", str(TIMEOUT)], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.stdout.decode("utf-8", "replace")
    totals = ktap.read(output.splitlines())
    if done.returncode or not totals.passed:
        totals.fail(f"scripts/bochs ends with {done.returncode}: {output[-200:]}")
    return totals


def main():
    """Runs both, side by side."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--cpu", default="ryzen", help="Bochs's CPU model")
    parser.add_argument("--tests", default="", help="only these guest tests")
    args = parser.parse_args()
    os.makedirs(os.path.join(args.build, "test"), exist_ok=True)

    both = ktap.Totals()
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(MODES)) as pool:
        for mode, totals in zip(MODES, pool.map(lambda mode: run(mode, args), MODES)):
            both.add(totals)
            print(f"{'FAIL' if totals.failed else 'ok':4} bochs, {mode}: {totals.passed} passed, "
                  f"{totals.failed} failed, {totals.skipped} skipped", flush=True)
            for failure in totals.failures[:20]:
                print(f"        {failure}")
    print(f"{both.skipped} skipped")
    print(f"{both.passed} passed, {both.failed} failed")
    sys.exit(both.failed > 0)


main()
