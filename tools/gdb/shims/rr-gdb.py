# rr's commands in gdb, in the words of trapgate debug. A tick is an instruction; events are those of rr.py.
import bisect
import os
import re

import gdb

with open(os.environ["RR_EVENTS"]) as kept:
    events = kept.read().split("\n")
with open(os.environ["RR_EXECS"]) as kept:
    execs = kept.read().split("\n")
first = None
last_goal = "0"
checkpoints = {}
# rr stays with the process in which it began.
followed = ""
last_checkpoint = 0
back, forward = [], []
ended_at = None


def is_running():
    return gdb.selected_inferior().pid != 0


def needs_program():
    if not is_running():
        raise gdb.GdbError("The program is not being run.")


def when():
    return gdb.execute("monitor when", to_string=True)


def moment():
    needs_program()
    return re.match(r"\d+:\d+", when()).group(0)


def key(at):
    return tuple(int(n) for n in at.split(":"))


sought = {}


def completed():
    """The number of events up to now: an event's own one at its moment."""
    if moment() in sought:
        return sought[moment()]
    return max(1, bisect.bisect_right([key(at) for at in events], key(moment())))


def instructions():
    return int(moment().split(":")[0]) - first


def connect(at=None):
    here = moment() if is_running() else None
    try:
        attach(at)
    except gdb.error:
        attach(here)
        raise gdb.GdbError("No event found matching specified ticks target.")


def attach(at):
    words = os.environ["RR_SERVER"] + followed + (f" --at {at}" if at else "") + " " + os.environ["RR_RECORDING"]
    if is_running():
        gdb.execute("disconnect", to_string=True)
    gdb.execute(f"target extended-remote | {words}", to_string=True)


def stopped():
    print("\nProgram stopped.")
    gdb.execute("frame")


def go(where):
    """The run at a moment, in a new server: rr makes a new session, too."""
    connect(where)
    stopped()


def at_event(number):
    if number <= 1:
        return None
    if number > len(events):
        return "end"
    sought[events[number - 1]] = number
    return events[number - 1]


def command(name, kind=gdb.COMMAND_SUPPORT, prefix=False):
    def make(function):
        class Made(gdb.Command):
            __doc__ = f"rr's {name}."

            def invoke(self, words, from_tty):
                function(words.strip())

        Made(name, kind, gdb.COMPLETE_NONE, prefix)
        return function

    return make


def run(words):
    global last_goal, ended_at
    if is_running():
        print("The program being debugged has been started already.\nStart it from the beginning? (y or n)")
    if words and not words.isdigit():
        return
    goal = words or last_goal
    if goal.startswith("c"):
        return restart(goal[1:])
    last_goal = goal
    to = at_event(int(goal))
    if to == "end":
        connect()
        gdb.execute("monitor goto end", to_string=True)
        ended_at = key(moment())[0]
        gdb.execute("maintenance flush register-cache", to_string=True)
        print("Program received signal SIGKILL, Killed.")
        return
    go(to)


def restart(words):
    global last_goal
    if not re.fullmatch(r"\d+", words) or int(words) not in checkpoints:
        print(f"Checkpoint {words} not found; restart failed.")
        return
    last_goal = f"c{words}"
    go(checkpoints[int(words)][0])


def mark(words):
    global last_checkpoint
    at = moment()
    where = gdb.execute("frame", to_string=True).split("\n")[0]
    number = last_checkpoint = last_checkpoint + 1
    checkpoints[number] = (at, where)
    print(f"Checkpoint {number} at {where}")


def list_checkpoints(words):
    if not checkpoints:
        print("No checkpoints.")
        return
    print("ID\tWhen\tWhere")
    for number, (at, where) in checkpoints.items():
        print(f"{number}\t{at}\t{where}")


def drop(words):
    if not words:
        raise gdb.GdbError("'delete checkpoint' requires an argument")
    if not re.fullmatch(r"-?\d+", words):
        raise gdb.GdbError(f"Invalid checkpoint number {words}.")
    if int(words) not in checkpoints:
        raise gdb.GdbError(f"No checkpoint number {words}.")
    del checkpoints[int(words)]


def history(of, to, way):
    here = moment()
    if way == "back" and of and of[-1] == here:
        of.pop()
    if not of:
        print(f"Can't go {way}. No more history entries.")
        return
    to.append(here)
    go(of[-1] if way == "back" else of.pop())


for name, function in {
    "run": run,
    "r": run,
    "restart": restart,
    "checkpoint": mark,
    "check": mark,
    "info checkpoints": list_checkpoints,
    "info checkpoint": list_checkpoints,
    "delete checkpoint": drop,
    "when": lambda _: print(f"Completed event: {completed()}"),
    "when-ticks": lambda _: print(f"Current tick: {instructions()}"),
    "when-tid": lambda _: print(f"Current tid: {gdb.selected_thread().ptid[1] or gdb.selected_thread().ptid[0]}"),
    "when-end": lambda _: print(f"Event at end of recording: {len(events)}"),
    "seek-ticks": lambda words: go(f"{first + int(words)}:0"),
    "elapsed-time": lambda _: print(f"Elapsed Time (s): {re.search(r'([0-9.]+) s of', when()).group(1)}"),
    "back": lambda _: history(back, forward, "back"),
    "forward": lambda _: history(forward, back, "forward"),
}.items():
    command(name)(function)


def on_stop(event):
    """rr says at the end that the program is killed, and then that it has ended."""
    global ended_at
    # At the end of history gdb names no reason.
    if type(event) is gdb.StopEvent and not getattr(event, "details", None):
        # Before the process executes another program rr stops for no signal.
        if moment() in execs:
            print("Program stopped.")
            return
        at, end = (int(n) for n in re.match(r"(\d+):.*known to (\d+)", when()).groups())
        # The last instruction ends the program.
        if end - at <= 1:
            print("Program received signal SIGKILL, Killed." if ended_at != at else "[Inferior 1 exited normally]")
            ended_at = at
            return
    ended_at = None
    # rr says so for an interrupt.
    if isinstance(event, gdb.SignalEvent) and event.stop_signal == "SIGINT":
        print("Program stopped.")
    if isinstance(event, gdb.BreakpointEvent):
        back.append(moment())
        forward.clear()


def on_exit(event):
    """rr's recordings end so, whatever has ended the program."""
    if not hasattr(event, "exit_code"):
        print(f"[Inferior 1 (process {event.inferior.pid}) exited normally]")


gdb.events.stop.connect(on_stop)
gdb.events.exited.connect(on_exit)
connect()
first = int(moment().split(":")[0])
if int(os.environ["RR_EVENT"]) > 1:
    event = int(os.environ["RR_EVENT"])
    # The end of a slice may lie within an instruction that repeats.
    for number in range(event, event + 4):
        try:
            own = gdb.selected_inferior().pid
            connect(at_event(number))
            sought[moment()] = event
            if gdb.selected_inferior().pid != own:
                followed = f" --on-fork {gdb.selected_inferior().pid}"
            break
        except gdb.GdbError:
            pass
