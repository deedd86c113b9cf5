// gdb's remote serial protocol for a debugger: packets in, packets out, without a transport.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html

import type { Task } from "../../kernel/core/task.ts";
import { Problem } from "../../problem.ts";
import type { Debugger } from "../debugger.ts";
import { peek } from "../memory.ts";
import { readAll, readOne, writeAll, writeOne } from "../registers.ts";
import type { Stop, WatchKind } from "../stop.ts";
import { FilePackets } from "./file-packets.ts";
import { GeneralQueries } from "./general-queries.ts";
import { NonStop } from "./non-stop.ts";
import { hex, hexNumber, latin1, notification, PacketReader, packet, textOf, unhex } from "./packet.ts";
import { FAULT, INVALID, MOST_READ, NONE, OK } from "./replies.ts";
import { actionOf, actionsOf, plainActions, type ThreadAction } from "./resume.ts";
import { stopText } from "./stop-text.ts";
import { ANY, PacketThreads, type ThreadId } from "./thread-ids.ts";

const watchKinds: Readonly<Record<string, WatchKind>> = { "2": "write", "3": "read", "4": "access" };

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
  private _queue: Promise<void> = Promise.resolve();
  /** Packets that have not been served. */
  private _waiting = 0;
  private _isRunning = false;
  private _nonStop: NonStop | undefined = undefined;
  /** The run between packets, in non-stop mode. */
  private _background: Promise<void> | undefined = undefined;
  private _isClosed = false;
  private _general: ThreadId = ANY;
  private _resumed: ThreadId = ANY;
  /** Called when gdb ends the session: the program ends with it, or runs on. */
  onEnd: (how: "kill" | "detach") => void = () => {};

  constructor(debug: Debugger, send: (bytes: Uint8Array) => void) {
    this._debug = debug;
    this._send = send;
    this._files = new FilePackets(debug.timeline);
    this._ids = new PacketThreads(debug);
    this._queries = new GeneralQueries(debug, this._ids, {
      task: () => this._task,
      acknowledge: () => void (this._acknowledges = false),
      setNonStop: (isOn) => this._setNonStop(isOn),
      kill: () => this.onEnd("kill"),
    });
    debug.isEachAlone = false;
  }

  /** Bytes from gdb. Packets are served in turn; an interrupt at once. */
  receive(bytes: Uint8Array): void {
    for (const one of this._reader.read(bytes)) {
      if (one === "interrupt") {
        if (this._isRunning) this._debug.interrupt();
      } else if (one === "nak") {
        if (this._last && this._acknowledges) this._send(this._last);
      } else if (one === "bad") {
        if (this._acknowledges) this._send(latin1("-"));
      } else if (one !== "ack") {
        if (this._acknowledges) this._send(latin1("+"));
        this._waiting++;
        if (this._background) this._debug.interrupt();
        this._queue = this._queue.then(() => this._serve(one.data));
      }
    }
  }
  /** The connection is gone: the program stops soon. */
  close(): void {
    this._isClosed = true;
    this._debug.interrupt();
  }
  /** Resolves when all packets that were received have been served. */
  get idle(): Promise<void> {
    return this._queue;
  }
  private async _serve(data: Uint8Array): Promise<void> {
    await this._background;
    let reply: string | Uint8Array | undefined;
    try {
      reply = await this._reply(data);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._print(`${problem.message}\n`);
      reply = INVALID;
    }
    if (reply !== undefined) this._write(reply);
    this._waiting--;
    if (this._nonStop?.isRunning && this._waiting === 0 && !this._isClosed) this._runOn(this._nonStop);
  }
  private _runOn(nonStop: NonStop): void {
    this._background = nonStop.run(() => this._waiting > 0 || this._isClosed).finally(() => (this._background = undefined));
  }
  private _write(data: string | Uint8Array): void {
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

  // Stops.
  private _textOf(stop: Stop): string {
    return stopText(stop, this._debug, this._ids, this._queries.knows);
  }
  private _stopText(stop: Stop): string {
    if (stop.why.kind === "condition") this._print(`stopped before ${stop.why.text}\n`);
    if (stop.why.kind !== "ended") this._general = this._resumed = { pid: stop.pid, tid: stop.tid };
    return this._textOf(stop);
  }
  private async _run(work: () => Promise<Stop>): Promise<string> {
    this._isRunning = true;
    try {
      return this._stopText(await work());
    } finally {
      this._isRunning = false;
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

  private async _reply(data: Uint8Array): Promise<string | Uint8Array | undefined> {
    const text = textOf(data);
    const rest = text.slice(1);
    const { _debug: debug } = this;
    switch (text[0]) {
      case "!":
        return OK;
      case "?":
        return this._nonStop ? this._nonStop.status() : this._stopText(debug.stop ?? (await debug.restart()));
      case "g":
        return this._task ? hex(readAll(this._task)) : NONE;
      case "G": {
        const bytes = unhex(rest);
        const task = this._task;
        if (!bytes || !task) return INVALID;
        return debug.writeRegisters(task.pid, (of) => writeAll(of, bytes)) ? OK : INVALID;
      }
      case "p": {
        const n = hexNumber(rest);
        const task = this._task;
        const bytes = n === undefined || !task ? undefined : readOne(task, n);
        return bytes ? hex(bytes) : INVALID;
      }
      case "P": {
        const [, n, value] = /^([0-9a-f]+)=([0-9a-f]+)$/i.exec(rest) ?? [];
        const bytes = value === undefined ? undefined : unhex(value);
        const task = this._task;
        if (!bytes || !task || n === undefined) return INVALID;
        return debug.writeRegisters(task.pid, (of) => writeOne(of, Number.parseInt(n, 16), bytes)) ? OK : INVALID;
      }
      case "m":
      case "x":
        return this._readMemory(rest, text[0] === "x");
      case "M":
      case "X":
        return this._writeMemory(data, text);
      case "H": {
        const id = this._ids.parse(rest.slice(1));
        if (!id) return INVALID;
        if (id.tid > 0 && !debug.task(id.tid)) return NONE;
        if (rest[0] === "g") this._general = id;
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
        return this._point(text[0] === "Z", rest);
      case "c":
      case "s":
      case "C":
      case "S":
        return this._resume(plainActions(text, this._resumed));
      case "b":
        return this._back(rest);
      case "D":
        return this._detach(rest);
      case "k":
        this.onEnd("kill");
        return undefined;
      case "R":
        await debug.restart();
        return undefined;
      case "v":
        return this._v(text);
      case "q":
      case "Q":
        return this._queries.reply(text);
      default:
        return "";
    }
  }

  // Memory.
  private _readMemory(rest: string, isBinary: boolean): string | Uint8Array {
    const [, at, count] = /^([0-9a-f]+),([0-9a-f]+)$/i.exec(rest) ?? [];
    const [address, length] = [at === undefined ? undefined : hexNumber(at), count === undefined ? undefined : hexNumber(count)];
    const task = this._task;
    if (address === undefined || length === undefined || !task) return INVALID;
    const bytes = new Uint8Array(Math.min(length, isBinary ? MOST_READ * 2 : MOST_READ));
    const done = peek(task.mem, address, bytes);
    if (done === 0 && length > 0) return FAULT;
    const read = bytes.subarray(0, done);
    if (!isBinary) return hex(read);
    const out = new Uint8Array(done + 1);
    out[0] = "b".charCodeAt(0);
    out.set(read, 1);
    return out;
  }
  private _writeMemory(data: Uint8Array, text: string): string {
    const [head, at, count] = /^[MX]([0-9a-f]+),([0-9a-f]+):/i.exec(text) ?? [];
    const [address, length] = [at === undefined ? undefined : hexNumber(at), count === undefined ? undefined : hexNumber(count)];
    const task = this._task;
    if (address === undefined || length === undefined || head === undefined || !task) return INVALID;
    const bytes = text[0] === "X" ? data.subarray(head.length) : unhex(text.slice(head.length));
    if (bytes?.length !== length) return INVALID;
    if (length === 0) return OK;
    return this._debug.write(task.process.pid, address, bytes) ? OK : FAULT;
  }
  private _point(isAdded: boolean, rest: string): string {
    const [, type, at, kind, more = ""] = /^([0-4]),([0-9a-f]+),([0-9a-f]+)((?:;.*)?)$/i.exec(rest) ?? [];
    const [address, length] = [at === undefined ? undefined : hexNumber(at), kind === undefined ? undefined : hexNumber(kind)];
    const pid = this._task?.process.pid ?? this._general.pid;
    if (type === undefined) return /^\d/.test(rest) ? "" : INVALID;
    if (address === undefined || length === undefined) return INVALID;
    const { _debug: debug } = this;
    const on = watchKinds[type];
    if (on === undefined) {
      const conditions = isAdded ? conditionsOf(more) : [];
      if (!conditions) return INVALID;
      const how = type === "0" ? "swbreak" : "hwbreak";
      if (isAdded) debug.addBreakpoint(pid, address, how, conditions);
      else debug.removeBreakpoint(pid, address, how);
    } else {
      const watch = { pid, address, length, on };
      if (length === 0 || length > 1 << 20) return INVALID;
      if (isAdded) debug.addWatch(watch);
      else debug.removeWatch(watch);
    }
    return OK;
  }

  // Running.
  private async _resume(actions: readonly ThreadAction[] | undefined): Promise<string> {
    const { _debug: debug } = this;
    if (!actions) return INVALID;
    if (this._nonStop) return this._nonStop.resume(actions);
    const chosen = debug.threads.map((task) => ({ task, action: actionOf(actions, task) }));
    const stepped = chosen.find(({ task, action }) => action?.kind === "step" && task === debug.current) ?? chosen.find(isStepped);
    const going = new Set(chosen.filter(({ action }) => action).map(({ task }) => task.pid));
    if (going.size === 0) return NONE;
    for (const { task, action } of chosen) if (action) debug.giveSignal(task.pid, action.signal);
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
    else this.onEnd("detach");
    return OK;
  }
  private async _v(text: string): Promise<string | Uint8Array | undefined> {
    if (text === "vCont?") return "vCont;c;C;s;S;r;t";
    if (text.startsWith("vCont;")) return this._resume(actionsOf(text.slice(6), this._ids));
    if (text === "vStopped") return this._nonStop?.next() ?? OK;
    if (text === "vCtrlC") return this._nonStop?.interrupt() ?? OK;
    if (text.startsWith("vFile:")) return this._files.reply(text, this._task?.process.pid ?? 0);
    if (text.startsWith("vKill")) {
      const pid = hexNumber(text.slice(6));
      if (pid !== undefined && this._debug.threads.some(({ process }) => process.pid !== pid)) this._debug.kill(pid);
      else this.onEnd("kill");
      return OK;
    }
    if (text.startsWith("vRun")) {
      // The program is that of the command line; a run begins again.
      return this._stopText(await this._debug.restart());
    }
    return "";
  }
}
const isStepped = ({ action }: { readonly action: ThreadAction | undefined }): boolean => action?.kind === "step";

/** The conditions of a breakpoint: ";X" LENGTH "," BYTES, one after the other. Commands are not known. */
const conditionsOf = (text: string): readonly Uint8Array[] | undefined => {
  const found: Uint8Array[] = [];
  let rest = text.startsWith(";") ? text.slice(1) : text;
  while (rest !== "") {
    const [head, count = ""] = /^X([0-9a-f]{1,4}),/i.exec(rest) ?? [];
    const digits = 2 * Number.parseInt(count, 16);
    const bytes = head === undefined ? undefined : unhex(rest.slice(head.length, head.length + digits));
    if (head === undefined || bytes?.length !== digits / 2) return undefined;
    found.push(bytes);
    rest = rest.slice(head.length + digits);
    if (rest.startsWith(";")) rest = rest.slice(1);
  }
  return found;
};
