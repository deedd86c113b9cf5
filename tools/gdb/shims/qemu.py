#!/usr/bin/env python3
# QEMU's makefile calls this as qemu: [-g SOCKET[,suspend=n]] PROG [ARG…]. A program waits for gdb in any case.
import os
import sys

socket = sys.argv[2].split(",")[0]
program, *args = sys.argv[3:]
if "/" not in program:
    program = "./" + program
variables = [word for name, value in os.environ.items() for word in ("-e", f"{name}={value}")]
words = ["debug", "--once", "--listen", f"unix:{socket}", "--root", "/", *variables, "--", program, *args]
os.execv("@NODE@", ["@NODE@", "@TRAPGATE@", *words])
