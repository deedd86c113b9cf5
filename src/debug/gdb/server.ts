// gdb's remote serial protocol for a debugger: packets in, packets out, without a transport.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html

import type { Task } from "../../kernel/core/task.ts";
import { Problem } from "../../problem.ts";
import type { Debugger } from "../debugger.ts";
import { readAll } from "../registers.ts";
import type { Stop } from "../stop.ts";
import { CommandOutput } from "./command-output.ts";
import { FilePackets } from "./file-packets.ts";
import { GeneralQueries } from "./general-queries.ts";
import { readMemory, setPoint, writeMemory } from "./memory-packets.ts";
import { NonStop } from "./non-stop.ts";
import { hex, hexNumber, latin1, notification, PacketReader, packet, textOf } from "./packet.ts";
import { NextProgram, type StartProgram, type WantedProgram } from "./programs.ts";
import { readRegister, writeAllRegisters, writeRegister } from "./register-packets.ts";
import { INVALID, NONE, OK } from "./replies.ts";
import { actionOf, actionsOf, plainActions, type ThreadAction } from "./resume.ts";
import { ServerLog } from "./server-log.ts";
import { stopText } from "./stop-text.ts";
import { ANY, PacketThreads, type ThreadId } from "./thread-ids.ts";

/** One connection of gdb. */
export class GdbServer {
  private readonly _debug: Debugger;
  private readonly _send: (bytes: Uint8Array) => void;
  private readonly _reader = new PacketReader();
  private readonly _files: FilePackets;
  private readonly _queries: GeneralQueries;
  private readonly _ids: PacketThreads;
  private _acknowledges = true;
  private _last: Uint8Array | undefined = undefined;
  private _queue: Promise<void>;
  /** Packets that have not been served, and the last one that has come. */
  private _waiting = 0;
  private _received = "";
  private _isRunning = false;
  /** A `monitor` command is served. */
  private _monitor: { isForgotten: boolean } | undefined = undefined;
  private _interrupts = false;
  private _nonStop: NonStop | undefined = undefined;
  /** The run between packets, in non-stop mode. */
  private _background: Promise<void> | undefined = undefined;
  private _isClosed = false;
  private _general: ThreadId = ANY;
  private _resumed: ThreadId = ANY;
  /** `!`: the session goes on without a program, and gdb starts others. */
  private _isExtended = false;
  private readonly _start: StartProgram | undefined;
  private readonly _next = new NextProgram();
  /** A line of the log that `monitor set debug` turns on. */
  onLog: (line: string) => void = () => {};
  private readonly _log = new ServerLog((line) => this.onLog(line));
  private readonly _output = new CommandOutput((text) => {
    if (this._isRunning && !this._isClosed) this._write(`O${hex(latin1(text))}`);
    else this.onLog(new TextDecoder().decode(latin1(text)));
  });
  /** Called when gdb ends the session: the program ends with it, or runs on. */
  onEnd: (how: "kill" | "detach") => void = () => {};
  /** Called with the rest of a run that gdb has let go, while the session goes on. */
  onReleased: (rest: Promise<void>) => void = () => {};

  /**
   * `start`: for vRun. Absent: a run of the one program begins again. `earlier`: the end of the connection
   * before.
   */
  constructor(debug: Debugger, send: (bytes: Uint8Array) => void, start?: StartProgram, earlier: Promise<void> = Promise.resolve()) {
    this._queue = earlier;
    this._debug = debug;
    this._send = send;
    this._start = start;
    this._files = new FilePackets(debug, (line) => this.onLog(line));
    this._ids = new PacketThreads(debug);
    this._queries = new GeneralQueries(debug, this._ids, {
      task: () => this._task,
      acknowledge: () => void (this._acknowledges = false),
      setNonStop: (isOn) => this._setNonStop(isOn),
      kill: () => this.onEnd("kill"),
      startsPrograms: start !== undefined,
      log: this._log,
      print: (text) => this._print(text),
    });
    debug.isEachAlone = false;
    debug.print = (text) => this._output.add(text);
  }

  /** Bytes from gdb. Packets are served in turn; an interrupt at once. */
  receive(bytes: Uint8Array): void {
    for (const one of this._reader.read(bytes)) {
      if (one === "interrupt") {
        // A step may be over already: then it is for the next run, as with gdbserver.
        this._interrupts = this._monitor === undefined;
        if (this._isRunning || this._monitor) this._debug.giveUp();
      } else if (one === "nak") {
        if (this._last && this._acknowledges) this._send(this._last);
      } else if (one === "bad") {
        if (this._acknowledges) this._send(latin1("-"));
      } else if (one !== "ack") {
        if (this._acknowledges) this._send(latin1("+"));
        const text = textOf(one.data);
        // gdb sends a packet again if a slow start has not acknowledged it in time, and wants one reply.
        if (this._acknowledges && this._waiting > 0 && text === this._received) continue;
        this._received = text;
        this._waiting++;
        if (this._background) this._debug.interrupt();
        // gdb has gone on, by Ctrl-C, and waits for the reply to this packet.
        if (this._monitor) {
          this._monitor.isForgotten = true;
          this._debug.giveUp();
        }
        this._queue = this._queue.then(() => this._serve(one.data, text));
      }
    }
  }
  /** The connection is gone: the program stops soon. Resolves then. */
  async close(): Promise<void> {
    this._isClosed = this._interrupts = true;
    if (this._waiting > 0 || this._background) this._debug.giveUp();
    await this._queue;
    await this._background;
  }
  /** Resolves when all packets that were received have been served. */
  get idle(): Promise<void> {
    return this._queue;
  }
  private async _serve(data: Uint8Array, text: string): Promise<void> {
    await this._background;
    this._log.note("remote", () => `got: ${text}`);
    // Without a peer only the end of the program is of use.
    if (this._isClosed && !/^[kD]/.test(text)) return;
    const monitor = text.startsWith("qRcmd,") ? { isForgotten: false } : undefined;
    let reply: string | Uint8Array | undefined;
    try {
      this._monitor = monitor;
      reply = await this._reply(data, text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._print(`${problem.message}\n`);
      reply = INVALID;
    } finally {
      this._monitor = undefined;
    }
    if (reply !== undefined && !monitor?.isForgotten) this._write(reply);
    this._waiting--;
    if (this._nonStop?.isRunning && this._waiting === 0 && !this._isClosed) this._runOn(this._nonStop);
  }
  private _runOn(nonStop: NonStop): void {
    const hasMore = (): boolean => this._waiting > 0 || this._isClosed;
    // The protocol has no text for gdb's console in this mode.
    const complain = ({ message }: Problem): void => this.onLog(`${message}\nThe threads stand where they were.\n`);
    this._background = nonStop.run(hasMore, complain).finally(() => (this._background = undefined));
  }
  private _write(data: string | Uint8Array): void {
    this._log.note("remote", () => `sent: ${typeof data === "string" ? data : textOf(data)}`);
    this._last = packet(typeof data === "string" ? latin1(data) : data);
    this._send(this._last);
  }
  /** Text for gdb's console; gdb reads it while it waits. */
  private _print(text: string): void {
    this._write(`O${hex(new TextEncoder().encode(text))}`);
  }
  private get _task(): Task | undefined {
    return this._ids.taskOf(this._general);
  }
  /** A thread for its memory: another one of the process, if that of Hg has ended while others run. */
  private get _anyTask(): Task | undefined {
    return this._task ?? this._ids.taskOf({ pid: this._general.pid, tid: -1 });
  }

  // Stops.
  private _textOf(stop: Stop): string {
    this._log.note("threads", () => `${stop.pid}.${stop.tid} stops: ${stop.why.kind}`);
    return stopText(stop, this._debug, this._ids, this._queries.knows);
  }
  private _stopText(stop: Stop): string {
    if (stop.why.kind === "condition") this._print(`stopped before ${stop.why.text}\n`);
    if (stop.why.kind === "call-ended")
      this._print("The program being debugged exited while in a function called from GDB.\nIt stands where it stood before the call.\n");
    if (stop.why.kind !== "ended") this._general = this._resumed = { pid: stop.pid, tid: stop.tid };
    return this._textOf(stop);
  }
  private async _run(work: () => Promise<Stop>): Promise<string> {
    this._isRunning = true;
    this._log.note("event-loop", () => "the program runs");
    if (this._interrupts) setTimeout(() => this._isRunning && this._interrupts && this._debug.giveUp());
    try {
      let stop = await work();
      const { kind } = stop.why;
      if (this._interrupts && kind === "step") stop = { ...stop, why: { kind: "interrupt" } };
      if (kind === "step" || kind === "interrupt") this._interrupts = false;
      return this._stopText(stop);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // An error would be no stop: gdb takes the program for one that may have gone on.
      this._interrupts = false;
      this._print(`${problem.message}\nThe program stands where it was.\n`);
      const task = this._task ?? this._debug.current;
      return this._stopText({ pid: task?.process.pid ?? 0, tid: task?.pid ?? 0, why: { kind: "halted" } });
    } finally {
      this._output.flush();
      this._isRunning = false;
      this._log.note("event-loop", () => "the program rests");
    }
  }
  private _setNonStop(isOn: boolean): void {
    this._debug.isEachAlone = isOn;
    this._nonStop = isOn
      ? new NonStop(
          this._debug,
          (stop) => this._textOf(stop),
          (text) => this._send(notification(text)),
        )
      : undefined;
  }

  private async _reply(data: Uint8Array, text: string): Promise<string | Uint8Array | undefined> {
    const rest = text.slice(1);
    const { _debug: debug } = this;
    switch (text[0]) {
      case "!":
        this._isExtended = true;
        return OK;
      case "?":
        if (!debug.hasProgram) return this._nonStop ? OK : "W00";
        return this._nonStop ? this._nonStop.status() : this._stopText(debug.stop ?? (await debug.restart()));
      case "g":
        return this._task ? hex(readAll(this._task)) : NONE;
      case "G":
        return writeAllRegisters(debug, this._task, rest);
      case "p":
        return readRegister(this._task, rest);
      case "P":
        return writeRegister(debug, this._task, rest);
      case "m":
      case "x":
        return readMemory(this._anyTask, rest, text[0] === "x");
      case "M":
      case "X":
        return writeMemory(debug, this._anyTask, data, text);
      case "H": {
        const id = this._ids.parse(rest.slice(1));
        if (!id) return INVALID;
        if (id.tid > 0 && !debug.task(id.tid)) return NONE;
        // "Any thread" is the one of now, as in gdbserver.
        if (rest[0] === "g") this._general = id.pid <= 0 && id.tid <= 0 && this._task ? this._general : id;
        else if (rest[0] === "c") this._resumed = id;
        else return INVALID;
        return OK;
      }
      case "T": {
        const id = this._ids.parse(rest);
        return id && debug.threads.some(({ pid }) => pid === id.tid) ? OK : NONE;
      }
      case "Z":
      case "z":
        return setPoint(debug, this._general.pid > 0 ? this._general.pid : (this._task?.process.pid ?? 0), text[0] === "Z", rest);
      case "c":
      case "s":
      case "C":
      case "S":
        return this._resume(plainActions(text, this._resumed));
      case "b":
        return this._back(rest);
      case "D":
        await debug.settle();
        return this._detach(rest);
      case "k":
        await debug.settle();
        if (this._goesOn) debug.unload();
        else this.onEnd("kill");
        return undefined;
      case "R":
        await this._restart(this._next.last);
        return undefined;
      case "v":
        return this._v(text);
      case "q":
      case "Q": {
        const [name = ""] = /^Q\w+/.exec(text) ?? [];
        return (this._start && this._next.reply(name, text.slice(name.length))) ?? this._queries.reply(text);
      }
      default:
        return "";
    }
  }

  // Running.
  private async _resume(actions: readonly ThreadAction[] | undefined): Promise<string> {
    const { _debug: debug } = this;
    if (!actions) return INVALID;
    await debug.settle();
    if (this._nonStop) return this._nonStop.resume(actions);
    const chosen = debug.threads.map((task) => ({ task, action: actionOf(actions, task) }));
    const stepped = chosen.find(({ task, action }) => action?.kind === "step" && task === debug.current) ?? chosen.find(isStepped);
    const going = new Set(chosen.filter(({ action }) => action).map(({ task }) => task.pid));
    if (going.size === 0) return NONE;
    for (const { task, action } of chosen) if (action) debug.giveSignal(task.pid, action.signal);
    debug.holdsNew = actions.every(({ thread }) => (thread?.tid ?? 0) > 0);
    // A step of the thread that runs concerns no other, and one in the past must not open a branch.
    if (!stepped || (debug.timeline.isAtEnd && stepped.task !== debug.current)) debug.hold(({ pid }) => !going.has(pid));
    else if (debug.kernel.scheduler.isHeld(stepped.task)) debug.hold(({ pid }) => pid !== stepped.task.pid);
    if (!stepped) return this._run(() => debug.continue());
    return this._run(() => debug.step(stepped.task.pid, stepped.action?.within));
  }
  private async _back(rest: string): Promise<string> {
    const { _debug: debug } = this;
    const task = this._ids.taskOf(this._resumed) ?? this._task;
    if (rest === "c") return this._run(() => debug.continueBack());
    if (rest === "s" && task) return this._run(() => debug.stepBack(task.pid));
    return rest === "s" ? NONE : "";
  }
  private _detach(rest: string): string {
    const pid = rest.startsWith(";") ? hexNumber(rest.slice(1)) : undefined;
    if (rest !== "" && pid === undefined) return INVALID;
    const { _debug: debug } = this;
    const pids = new Set(debug.threads.map(({ process }) => process.pid));
    if (pid !== undefined && (pids.size > 1 || !pids.has(pid))) debug.detach(pid);
    else this._release();
    return OK;
  }
  private async _v(text: string): Promise<string | Uint8Array | undefined> {
    if (/^v(Kill|Attach|Run)/.test(text)) await this._debug.settle();
    if (text === "vCont?") return "vCont;c;C;s;S;r;t";
    if (text.startsWith("vCont;")) return this._resume(actionsOf(text.slice(6), this._ids));
    if (text === "vStopped") return this._nonStop?.next() ?? OK;
    if (text === "vCtrlC") return this._nonStop?.interrupt() ?? OK;
    if (text.startsWith("vFile:")) return this._files.reply(text, this._task?.process.pid ?? 0);
    if (text.startsWith("vAttach;")) {
      const pid = hexNumber(text.slice(8));
      const { _debug: debug } = this;
      if (pid === undefined || !debug.hasProgram || !debug.attach(pid)) return NONE;
      this._queries.attached.add(pid);
      return this._nonStop ? OK : this._stopText({ pid, tid: pid, why: { kind: "halted" } });
    }
    if (text.startsWith("vKill")) {
      const pid = hexNumber(text.slice(6));
      if (pid !== undefined && this._debug.threads.some(({ process }) => process.pid !== pid)) this._debug.kill(pid);
      // gdb may close files of other processes first, so the connection is its to end.
      else this._debug.unload();
      return OK;
    }
    if (text.startsWith("vRun")) {
      const wanted = this._next.read(text.slice(4));
      return wanted ? this._stopText(await this._restart(wanted)) : INVALID;
    }
    return "";
  }
  /** The session goes on without its program: gdb can start another one. */
  private get _goesOn(): boolean {
    return this._isExtended && this._start !== undefined && this._debug.hasProgram;
  }
  /** The program runs to its end without gdb. */
  private _release(): void {
    if (!this._goesOn) {
      this.onEnd("detach");
      return;
    }
    this.onReleased(this._debug.finish());
    this._debug.unload();
  }
  /** Starts a program: another one, or the last one again. */
  private async _restart(wanted: WantedProgram): Promise<Stop> {
    const { _debug: debug } = this;
    if (this._start) {
      debug.load(await this._start(wanted));
      this._queries.forget();
    }
    const stop = await debug.restart();
    if (this._nonStop) this._setNonStop(true);
    return stop;
  }
}
const isStepped = ({ action }: { readonly action: ThreadAction | undefined }): boolean => action?.kind === "step";
