#!/usr/bin/env python3
# rr's test scripts call this as rr: `record` and `replay` in the words of trapgate.
import json
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


# Instructions from one event to the next, if there is no call between.
SLICE = 1000


def events_of(recording):
    """The moments of rr's events: two for each call, its begin and its end, and one where a slice of time is over."""
    kept = recording + ".events"
    if not os.path.exists(kept):
        words = ["query", "calls", "--json", "--limit", "1000000", recording]
        lines = subprocess.run([*TRAPGATE, *words], capture_output=True, text=True).stdout.splitlines()
        moments, last, execs = [], 0, []
        for line in lines:
            call = json.loads(line)
            moment = call["moment"]
            if call["name"].startswith("execve") and call["result"] == 0:
                execs.append(moment)
            at = int(moment.split(":")[0])
            moments += [f"{n}:0" for n in range(last + SLICE, at, SLICE)]
            moments += [moment, moment]
            last = at
        with open(kept, "w") as file:
            file.write("\n".join(moments))
        with open(recording + ".execs", "w") as file:
            file.write("\n".join(execs))
    with open(kept) as file:
        return file.read().split("\n")


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
    if command == "dump":
        print("\n".join(events_of(recording)))
        sys.exit(0)
    if command != "replay":
        refuse(f"command {command}")
    if any(option in ("-a", "--autopilot") for option, _ in options):
        sys.exit(subprocess.run([*TRAPGATE, "replay", recording]).returncode)
    if ("-d", "lldb") in options:
        refuse("lldb")
    if any(option == "-t" for option, _ in options):
        refuse("trace of events")
    begins = {"-f": "--on-fork", "--onfork": "--on-fork", "-p": "--on-exec", "--onprocess": "--on-exec"}
    followed = [word for option, name in options if option in begins for word in (begins[option], name)]
    with open(argv) as file:
        program = file.read().split("\0")[0]
    event = "0" if followed else next((word for option, word in options if option == "-g"), "0")
    events_of(recording)
    os.environ["RR_EVENTS"] = recording + ".events"
    os.environ["RR_EXECS"] = recording + ".execs"
    os.environ["RR_EVENT"] = event
    os.environ["RR_SERVER"] = " ".join([*TRAPGATE, "debug", "--until-exec", *os.environ.get("RR_STAY", "").split(), *followed, "--root", "/", "--listen", "-"])
    os.environ["RR_RECORDING"] = recording
    own = [option[2:] for option, _ in options if option.startswith("-o")]
    words, rest = own[:], []
    while words:
        word = words.pop(0)
        rest += [word, words.pop(0)] if word in ("-ix", "-iex", "-x", "-ex") and words else [word]
    gdb = ["gdb", "-q", *rest, "-iex", "set sysroot /", "-iex", "set unwindonsignal on", "-iex", "set print inferior-events off", "-iex", "set prompt (rr) ", program, "-x", "@FOLDER@/rr-gdb.py"]
    os.execvp("gdb", gdb)


main()
