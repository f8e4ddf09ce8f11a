#!/usr/bin/env python3
"""Writes damaged copies of a tiny ELF program into a directory, the same ones each time.

    mutate_elf.py DIRECTORY

000.elf is the sound one (it exits with status 42); the others are truncated or have one bit of their
headers flipped. test/guest/elf.c runs them all.
"""
import os
import struct
import sys

BASE = 0x08048000
CODE = bytes.fromhex("b801000000" "bb2a000000" "cd80")  # exit(42)
HEADERS = 52 + 32
STRIDE = 5  # every fifth bit: a hundred and some files


def program():
    """A static executable with one segment."""
    size = HEADERS + len(CODE)
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    header = struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, BASE + HEADERS, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, BASE, BASE, size, size, 5, 0x1000)
    return ident + header + segment + CODE


def mutants(image):
    """The sound program, then its damaged copies."""
    yield image
    for length in (0, 1, 4, 16, 51, 52, 60, 83, HEADERS):
        yield image[:length]
    for bit in range(0, HEADERS * 8, STRIDE):
        copy = bytearray(image)
        copy[bit // 8] ^= 1 << bit % 8
        yield bytes(copy)


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    for number, content in enumerate(mutants(program())):
        path = os.path.join(directory, f"{number:03}.elf")
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o755)


main()
