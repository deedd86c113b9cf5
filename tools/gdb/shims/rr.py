#!/usr/bin/env python3
# rr's test scripts call this as rr: `record` and `replay` in the words of trapgate.
import os
import subprocess
import sys

TRAPGATE = ["@NODE@", "@TRAPGATE@"]
CPU = "x86-64-v3,+rdrand,+rdseed,+rdtscp"
# Options with a word of their own behind them.
WITH_WORD = {"-c", "-i", "-v", "-f", "-p", "-g", "-t", "-d", "--onprocess", "--onfork"}


def split(words):
    """Options in front, and the words after them."""
    options = []
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "--":
            break
        options.append((option, words.pop(0) if option in WITH_WORD else None))
    return options, words


def refuse(what):
    print(f"rr: trapgate has no {what}", file=sys.stderr)
    sys.exit(96)


def main():
    _, words = split(sys.argv[1:])
    command = words.pop(0) if words else ""
    options, words = split(words)
    folder = os.environ.get("_RR_TRACE_DIR", ".")
    recording = os.path.join(folder, "run.recording")
    argv = os.path.join(folder, "argv")
    if command == "record":
        variables = [f"{name}={value}" for name, value in os.environ.items() if not name.startswith("_RR")]
        given = [word for option, word in options if option == "-v"] + [option[6:] for option, _ in options if option.startswith("--env=")]
        with open(argv, "w") as file:
            file.write("\0".join(words))
        environment = [word for variable in variables + given for word in ("-e", variable)]
        sys.exit(subprocess.run([*TRAPGATE, "record", "-o", recording, "--root", "/", "--cpu", CPU, *environment, "--", *words]).returncode)
    if command != "replay":
        refuse(f"command {command}")
    if any(option in ("-a", "--autopilot") for option, _ in options):
        sys.exit(subprocess.run([*TRAPGATE, "replay", recording]).returncode)
    if ("-d", "lldb") in options:
        refuse("lldb")
    if any(option in ("-f", "-p", "--onprocess", "--onfork", "-t") for option, _ in options):
        refuse("start in another process")
    with open(argv) as file:
        program = file.read().split("\0")[0]
    event = next((word for option, word in options if option == "-g"), "0")
    os.environ["RR_EVENT"] = event
    os.environ["RR_SERVER"] = " ".join([*TRAPGATE, "debug", *os.environ.get("RR_STAY", "").split(), "--listen", "-"])
    os.environ["RR_RECORDING"] = recording
    own = [option[2:] for option, _ in options if option.startswith("-o")]
    words, rest = own[:], []
    while words:
        word = words.pop(0)
        rest += [word, words.pop(0)] if word in ("-ix", "-iex", "-x", "-ex") and words else [word]
    gdb = ["gdb", "-q", *rest, "-iex", "set sysroot /", "-iex", "set prompt (rr) ", program, "-x", "@FOLDER@/rr-gdb.py"]
    os.execvp("gdb", gdb)


main()
