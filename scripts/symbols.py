#!/usr/bin/env python3
"""Makes the kernel's symbol table for backtraces.

    symbols.py IMAGE.nm > symbols.S      from the output of `nm -n`; an empty file gives an empty table

The table goes into .rodata.symbols, the last of the read-only data, so that filling it in moves no
function: the addresses of the first link hold in the second.
"""
import sys


def text_symbols(lines):
    """(address, name) of functions, by address; aliases of one address keep the first name."""
    seen = {}
    for line in lines:
        fields = line.split()
        if len(fields) == 3 and fields[1] in "tT" and not fields[2].startswith("."):
            seen.setdefault(int(fields[0], 16), fields[2])
    return sorted(seen.items())


def main():
    with open(sys.argv[1], encoding="ascii") as nm:
        symbols = text_symbols(nm)
    print('\t.section .rodata.symbols, "a", @progbits')
    print("\t.globl symbol_count, symbol_table")
    print(f"symbol_count:\n\t.long {len(symbols)}\nsymbol_table:")
    for index, (address, _) in enumerate(symbols):
        print(f"\t.long {address:#x}, .Lname{index}")
    for index, (_, name) in enumerate(symbols):
        print(f'.Lname{index}:\t.asciz "{name}"')
    print('\t.section .note.GNU-stack, "", @progbits')


main()
