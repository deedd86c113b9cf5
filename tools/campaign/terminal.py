# A person at a terminal, for the campaign's kind "terminal": runs a command as a job of a shell on a pty, types, resizes and
# sends signals, and says how it ended. Reads one JSON object from standard input, writes one to standard output.
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

given = json.load(sys.stdin)
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
reports, to_driver = os.pipe()


def shell():
    """The job's shell: it continues a job that stops, and looks at the modes of the terminal whenever it has it."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for sig in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(sig, signal.SIG_IGN)

    def say(**what):
        os.write(to_driver, (json.dumps(what) + "\n").encode())

    job = os.fork()
    if job == 0:
        for sig in (signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(sig, signal.SIG_DFL)
        os.setpgid(0, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 64)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        # Until the terminal is the job's.
        while os.tcgetpgrp(0) != os.getpid():
            time.sleep(0.001)
        os.execvp(given["command"][0], given["command"])
    try:
        os.setpgid(job, job)
    except OSError:
        pass
    os.tcsetpgrp(slave, job)
    say(job=job)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        same = termios.tcgetattr(slave) == before
        os.tcsetpgrp(slave, os.getpgrp())
        if not os.WIFSTOPPED(status):
            say(end=os.waitstatus_to_exitcode(status), modes=same)
            os._exit(0)
        say(stopped=True, modes=same)
        if not same:
            termios.tcsetattr(slave, termios.TCSANOW, before)
        os.tcsetpgrp(slave, job)
        os.kill(-job, signal.SIGCONT)


if os.fork() == 0:
    shell()
os.close(to_driver)

began = time.monotonic()
state = {"job": None, "end": None, "stops": 0, "modes": [], "bytes": 0}
tail = b""
pending = b""
said = b""
ended_at = None


def pump(seconds, until=lambda: False):
    """Lets output, typed bytes and reports of the shell through, for so long."""
    global tail, pending, said, ended_at
    limit = time.monotonic() + seconds
    while ended_at is None and not until():
        left = limit - time.monotonic()
        if left <= 0:
            return
        readable, writable, _ = select.select([master, reports], [master] if pending else [], [], min(left, 0.02))
        if master in readable:
            got = os.read(master, 65536)
            state["bytes"] += len(got)
            tail = (tail + got)[-4000:]
        if writable:
            pending = pending[os.write(master, pending[:256]):]
        if reports in readable:
            said += os.read(reports, 65536)
            while b"\n" in said:
                line, said = said.split(b"\n", 1)
                report = json.loads(line)
                state["job"] = report.get("job", state["job"])
                if "modes" in report:
                    state["modes"].append(report["modes"])
                if "stopped" in report:
                    state["stops"] += 1
                if "end" in report:
                    state["end"] = report["end"]
                    ended_at = time.monotonic()


def send(number):
    if state["job"] and ended_at is None:
        try:
            os.kill(state["job"], number)
        except ProcessLookupError:
            pass


pump(given["start"], lambda: b"ready" in tail)
state["ready"] = b"ready" in tail
for what, *rest in given["steps"]:
    if what == "keys":
        pending += rest[0].encode("latin1")
    elif what == "resize":
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rest[0], rest[1], 0, 0))
    elif what == "signal":
        send(rest[0])
    pump(rest[-1] if what == "wait" else 0.01)
state["early"] = ended_at is not None

# ^C three times within a second, then SIGTERM three times: how long until the end, from the last one of each?
pending = b""
for name, act in (("interrupt", lambda: os.write(master, b"\x03")), ("terminate", lambda: send(signal.SIGTERM))):
    for _ in range(3):
        if ended_at is None:
            act()
            acted = time.monotonic()
            pump(0.3)
    pump(given["patience"])
    if ended_at is not None and name not in state and not state["early"]:
        state[name] = max(0, round(ended_at - acted, 3))
        break
if ended_at is None:
    send(signal.SIGKILL)
    pump(5)
    state["killed"] = True
state["tail"] = tail.decode("latin1")[-1500:]
print(json.dumps(state))
