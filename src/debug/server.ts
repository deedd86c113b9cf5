// gdb's remote serial protocol for a debugger: packets in, packets out, without a transport.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html

import type { Task } from "../kernel/core/task.ts";

import { Problem } from "../problem.ts";
import type { Debugger } from "./debugger.ts";
import { FilePackets } from "./file-packets.ts";
import { peek } from "./memory.ts";
import { monitor } from "./monitor.ts";
import { hex, hexNumber, latin1, MOST_PACKET, PacketReader, packet, textOf, unhex } from "./packet.ts";
import { objectOf, regionReply, searchReply, threadText } from "./queries.ts";
import { descriptionOf, readAll, readOne, writeAll, writeOne } from "./registers.ts";
import { FAULT, INVALID, MOST_READ, NONE, OK, word } from "./replies.ts";
import { gdbSignal, linuxSignal } from "./signals.ts";
import type { Stop, WatchKind } from "./stop.ts";

const SIGINT = 2;
const SIGTRAP = 5;
const watchKinds: Readonly<Record<string, WatchKind>> = { "2": "write", "3": "read", "4": "access" };
const watchWords: Readonly<Record<WatchKind, string>> = { write: "watch", read: "rwatch", access: "awatch" };

/** A thread in a packet. 0: any; -1: all. */
interface ThreadId {
  readonly pid: number;
  readonly tid: number;
}
/** What vCont asks of a thread. */
interface Action {
  readonly kind: "continue" | "step";
  readonly signal: number;
  readonly within?: readonly [from: number, to: number];
  readonly thread: ThreadId | undefined;
}

/** One connection of gdb. */
export class GdbServer {
  private readonly _debug: Debugger;
  private readonly _send: (bytes: Uint8Array) => void;
  private readonly _reader = new PacketReader();
  private readonly _files: FilePackets;
  private readonly _checkpoints = new Map<string, string>();
  private _acknowledges = true;
  private _last: Uint8Array | undefined = undefined;
  private _queue: Promise<void> = Promise.resolve();
  private _isRunning = false;
  private _isMulti = false;
  /** swbreak+, hwbreak+: gdb understands these reasons. */
  private _knows = new Set<string>();
  private _general: ThreadId = { pid: 0, tid: 0 };
  private _resumed: ThreadId = { pid: 0, tid: 0 };
  /** Called when gdb ends the session: the program ends with it, or runs on. */
  onEnd: (how: "kill" | "detach") => void = () => {};

  constructor(debug: Debugger, send: (bytes: Uint8Array) => void) {
    this._debug = debug;
    this._send = send;
    this._files = new FilePackets(debug.timeline);
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
        this._queue = this._queue.then(() => this._serve(one.data));
      }
    }
  }
  /** Resolves when all packets that were received have been served. */
  get idle(): Promise<void> {
    return this._queue;
  }
  private async _serve(data: Uint8Array): Promise<void> {
    let reply: string | Uint8Array | undefined;
    try {
      reply = await this._reply(data);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this._print(`${problem.message}\n`);
      reply = INVALID;
    }
    if (reply !== undefined) this._write(reply);
  }
  private _write(data: string | Uint8Array): void {
    this._last = packet(typeof data === "string" ? latin1(data) : data);
    this._send(this._last);
  }
  /** Text for gdb's console; gdb reads it while it waits. */
  private _print(text: string): void {
    this._write(`O${hex(new TextEncoder().encode(text))}`);
  }

  // Threads.
  private _idText({ pid, tid }: ThreadId): string {
    return this._isMulti ? `p${word(pid)}.${word(tid)}` : word(tid);
  }
  private _idOf(text: string): ThreadId | undefined {
    const number = (part: string): number | undefined => (part === "-1" ? -1 : hexNumber(part));
    const [, p, t] = /^p(-1|[0-9a-f]+)(?:\.(-1|[0-9a-f]+))?$/i.exec(text) ?? [];
    if (p !== undefined) {
      const [pid, tid] = [number(p), t === undefined ? -1 : number(t)];
      return pid === undefined || tid === undefined ? undefined : { pid, tid };
    }
    const tid = number(text);
    return tid === undefined ? undefined : { pid: tid > 0 ? (this._debug.task(tid)?.process.pid ?? 0) : tid, tid };
  }
  private _taskOf({ pid, tid }: ThreadId): Task | undefined {
    const { threads, current } = this._debug;
    if (tid > 0) return this._debug.task(tid);
    const own = pid > 0 ? threads.filter(({ process }) => process.pid === pid) : threads;
    return current && own.includes(current) ? current : own[0];
  }
  private get _task(): Task | undefined {
    return this._taskOf(this._general);
  }

  // Stops.
  private _stopText({ pid, tid, why }: Stop): string {
    const ended = (status: number): string => {
      const signal = status & 0x7f;
      const process = this._isMulti ? `;process:${word(pid)}` : "";
      return signal === 0
        ? `W${word((status >> 8) & 0xff).padStart(2, "0")}${process}`
        : `X${word(gdbSignal(signal)).padStart(2, "0")}${process}`;
    };
    if (why.kind === "ended") return ended(why.status);
    const reasons: string[] = [];
    let signo = SIGTRAP;
    switch (why.kind) {
      case "interrupt":
        signo = SIGINT;
        break;
      case "signal":
        signo = why.signo;
        break;
      case "breakpoint":
        if (this._knows.has(why.how)) reasons.push(`${why.how}:`);
        break;
      case "watch":
        reasons.push(`${watchWords[why.on]}:${word(why.address)}`);
        break;
      case "syscall":
        reasons.push(`syscall_${why.way}:${word(why.nr)}`);
        break;
      case "child": {
        const child = this._debug.task(why.child);
        reasons.push(`${why.how}:${this._idText({ pid: child?.process.pid ?? why.child, tid: why.child })}`);
        break;
      }
      case "vforkdone":
        reasons.push("vforkdone:");
        break;
      case "exec":
        reasons.push(`exec:${hex(latin1(why.path))}`);
        break;
      case "history":
        reasons.push(`replaylog:${why.end}`);
        break;
      case "condition":
        this._print(`stopped before ${why.text}\n`);
    }
    const task = this._debug.task(tid);
    const threads = this._debug.threads.map(({ pid: id }) => id);
    const known: string[] = [];
    if (task) {
      // rip and rsp, or eip and esp.
      const { registers } = descriptionOf(task);
      for (const name of ["rip", "eip", "rsp", "esp"]) {
        const n = registers.findIndex((register) => register.name === name);
        if (n >= 0) known.push(`${word(n).padStart(2, "0")}:${hex(readOne(task, n) as Uint8Array)}`);
      }
    }
    void threads;
    this._general = this._resumed = { pid, tid };
    const parts = [`thread:${this._idText({ pid, tid })}`, "core:0", ...reasons, ...known];
    return `T${word(gdbSignal(signo)).padStart(2, "0")}${parts.join(";")};`;
  }
  private async _run(work: () => Promise<Stop>): Promise<string> {
    this._isRunning = true;
    try {
      return this._stopText(await work());
    } finally {
      this._isRunning = false;
    }
  }

  private async _reply(data: Uint8Array): Promise<string | Uint8Array | undefined> {
    const text = textOf(data);
    const rest = text.slice(1);
    const { _debug: debug } = this;
    switch (text[0]) {
      case "!":
        return OK;
      case "?":
        return this._stopText(debug.stop ?? (await debug.restart()));
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
        const id = this._idOf(rest.slice(1));
        if (!id) return INVALID;
        if (id.tid > 0 && !debug.task(id.tid)) return NONE;
        if (rest[0] === "g") this._general = id;
        else if (rest[0] === "c") this._resumed = id;
        else return INVALID;
        return OK;
      }
      case "T": {
        const id = this._idOf(rest);
        return id && debug.threads.some(({ pid }) => pid === id.tid) ? OK : NONE;
      }
      case "Z":
      case "z":
        return this._point(text[0] === "Z", rest);
      case "c":
      case "s":
      case "C":
      case "S":
        return this._resume(this._plain(text));
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
        return this._query(text);
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
    const [, type, at, kind] = /^([0-4]),([0-9a-f]+),([0-9a-f]+)$/i.exec(rest) ?? [];
    const [address, length] = [at === undefined ? undefined : hexNumber(at), kind === undefined ? undefined : hexNumber(kind)];
    const pid = this._task?.process.pid ?? this._general.pid;
    if (type === undefined) return /^\d/.test(rest) ? "" : INVALID;
    if (address === undefined || length === undefined) return INVALID;
    const { _debug: debug } = this;
    const on = watchKinds[type];
    if (on === undefined) {
      if (isAdded) debug.addBreakpoint(pid, address, type === "0" ? "swbreak" : "hwbreak");
      else debug.removeBreakpoint(pid, address);
    } else {
      const watch = { pid, address, length, on };
      if (length === 0 || length > 1 << 20) return INVALID;
      if (isAdded) debug.addWatch(watch);
      else debug.removeWatch(watch);
    }
    return OK;
  }

  // Running.
  private _plain(text: string): Action | undefined {
    const [, command, signal, at] = /^([csCS])([0-9a-f]{2})?(?:;?([0-9a-f]+))?$/i.exec(text) ?? [];
    if (command === undefined || at !== undefined) return undefined;
    const isUpper = command === command.toUpperCase();
    if (isUpper !== (signal !== undefined)) return undefined;
    return {
      kind: command.toLowerCase() === "s" ? "step" : "continue",
      signal: signal === undefined ? 0 : Number.parseInt(signal, 16),
      thread: this._resumed,
    };
  }
  private async _resume(action: Action | undefined): Promise<string> {
    const { _debug: debug } = this;
    if (!action) return INVALID;
    const wanted = linuxSignal(action.signal);
    const { stop } = debug;
    if (debug.awaitsSignal && stop?.why.kind === "signal") {
      if (stop.why.signo !== wanted) debug.replaceSignal(wanted);
    } else if (wanted !== 0) {
      const task = this._taskOf(action.thread ?? { pid: 0, tid: 0 }) ?? this._task;
      if (task) debug.send(task.pid, wanted);
    }
    if (action.kind === "continue") return this._run(() => debug.continue());
    const task = (action.thread && this._taskOf(action.thread)) ?? this._task;
    if (!task) return NONE;
    return this._run(() => debug.step(task.pid, action.within));
  }
  private async _back(rest: string): Promise<string> {
    const { _debug: debug } = this;
    const task = this._taskOf(this._resumed) ?? this._task;
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
    if (text === "vCont?") return "vCont;c;C;s;S;r";
    if (text.startsWith("vCont;")) return this._resume(this._actions(text.slice(6)));
    if (text.startsWith("vFile:")) return this._files.reply(text, this._task?.process.pid ?? 0);
    if (text.startsWith("vKill")) {
      this.onEnd("kill");
      return OK;
    }
    if (text.startsWith("vRun")) {
      // The program is that of the command line; a run begins again.
      return this._stopText(await this._debug.restart());
    }
    return "";
  }
  /** The action that decides: a step, or that of the thread with a signal, or the first. */
  private _actions(text: string): Action | undefined {
    const actions: Action[] = [];
    for (const part of text.split(";")) {
      const [, what, id] = /^(c|C[0-9a-f]{2}|s|S[0-9a-f]{2}|r[0-9a-f]+,[0-9a-f]+)(?::(.+))?$/i.exec(part) ?? [];
      if (what === undefined) return undefined;
      const thread = id === undefined ? undefined : this._idOf(id);
      if (id !== undefined && !thread) return undefined;
      const letter = what[0] as string;
      if (letter === "r") {
        const [from, to] = what
          .slice(1)
          .split(",")
          .map((n) => hexNumber(n) as number) as [number, number];
        actions.push({ kind: "step", signal: 0, within: [from, to], thread });
      } else {
        const signal = what.length > 1 ? Number.parseInt(what.slice(1), 16) : 0;
        actions.push({ kind: letter.toLowerCase() === "s" ? "step" : "continue", signal, thread });
      }
    }
    return actions.find(({ kind }) => kind === "step") ?? actions.find(({ signal }) => signal !== 0) ?? actions[0];
  }
  // Queries.
  private async _query(text: string): Promise<string | Uint8Array> {
    const { _debug: debug } = this;
    const [, name = ""] = /^([A-Za-z]+)/.exec(text) ?? [];
    const rest = text.slice(name.length);
    switch (name) {
      case "qSupported": {
        const features = rest.slice(1).split(";");
        this._isMulti = features.includes("multiprocess+");
        for (const how of ["swbreak", "hwbreak"]) if (features.includes(`${how}+`)) this._knows.add(how);
        const own = [
          `PacketSize=${word(MOST_PACKET - 16)}`,
          "QStartNoAckMode+;multiprocess+;swbreak+;hwbreak+;vContSupported+;ReverseStep+;ReverseContinue+;binary-upload+",
          "qXfer:features:read+;qXfer:auxv:read+;qXfer:exec-file:read+;qXfer:siginfo:read+;qXfer:threads:read+",
          "QCatchSyscalls+;QPassSignals+;fork-events+;vfork-events+;exec-events+;qSearch:memory+",
        ];
        debug.events.fork = features.includes("fork-events+");
        debug.events.vfork = features.includes("vfork-events+");
        debug.events.exec = features.includes("exec-events+");
        return own.join(";");
      }
      case "QStartNoAckMode":
        this._acknowledges = false;
        return OK;
      case "qC": {
        const task = this._task;
        return task ? `QC${this._idText({ pid: task.process.pid, tid: task.pid })}` : NONE;
      }
      case "qAttached":
        return "0";
      case "qfThreadInfo": {
        const ids = debug.threads.map((task) => this._idText({ pid: task.process.pid, tid: task.pid }));
        return ids.length === 0 ? "l" : `m${ids.join(",")}`;
      }
      case "qsThreadInfo":
        return "l";
      case "qThreadExtraInfo": {
        const id = this._idOf(rest.slice(1));
        const task = id && debug.task(id.tid);
        return task ? hex(latin1(threadText(task))) : NONE;
      }
      case "qXfer":
        return this._transfer(rest);
      case "QPassSignals": {
        const numbers = rest
          .slice(1)
          .split(";")
          .filter((part) => part !== "")
          .map((part) => hexNumber(part) ?? -1);
        if (numbers.includes(-1)) return INVALID;
        debug.passes = new Set(numbers.map(linuxSignal).filter((signo) => signo > 0));
        return OK;
      }
      case "QProgramSignals":
        return OK;
      case "QCatchSyscalls": {
        const [, on, list = ""] = /^:([01])((?:;[0-9a-f]+)*)$/i.exec(rest) ?? [];
        if (on === undefined) return INVALID;
        const numbers = list
          .split(";")
          .slice(1)
          .map((part) => hexNumber(part) as number);
        debug.catches = on === "0" ? undefined : numbers.length === 0 ? "all" : new Set(numbers);
        return OK;
      }
      case "qRcmd": {
        const line = unhex(rest.slice(1));
        if (!line) return INVALID;
        // gdbserver's command.
        if (/^\s*exit\s*$/.test(textOf(line))) {
          this.onEnd("kill");
          return OK;
        }
        const answer = await monitor(debug, textOf(line), this._checkpoints);
        return answer === "" ? OK : hex(new TextEncoder().encode(answer));
      }
      case "qMemoryRegionInfo":
        return regionReply(this._task, hexNumber(rest.slice(1)));
      case "qSearch":
        return searchReply(this._task, rest);
      case "qSymbol":
        return OK;
      case "qGetTLSAddr":
        return "";
      case "qHostInfo":
        return "triple:7838365f36342d2d6c696e75782d676e75;ptrsize:8;endian:little;ostype:linux;";
      case "qProcessInfo": {
        const task = this._task;
        if (!task) return NONE;
        const is32 = descriptionOf(task).registers[0]?.size === 4;
        return `pid:${word(task.process.pid)};parent-pid:${word(task.process.parent?.pid ?? 0)};triple:${hex(latin1(`${is32 ? "i386" : "x86_64"}--linux-gnu`))};ptrsize:${is32 ? 4 : 8};endian:little;ostype:linux;`;
      }
      default:
        return "";
    }
  }
  private _transfer(rest: string): string | Uint8Array {
    const [, object, annex = "", at, count] = /^:([a-z0-9-]+):read:([^:]*):([0-9a-f]+),([0-9a-f]+)$/i.exec(rest) ?? [];
    if (object === undefined) return /^:[a-z0-9-]+:write:/.test(rest) ? "" : INVALID;
    const task = this._task;
    if (!task) return NONE;
    const bytes = objectOf(this._debug, task, object, annex, (one) => this._idText({ pid: one.process.pid, tid: one.pid }));
    if (typeof bytes === "string") return bytes;
    const [offset, length] = [Number.parseInt(at as string, 16), Number.parseInt(count as string, 16)];
    const part = bytes.subarray(offset, offset + Math.min(length, MOST_READ));
    const out = new Uint8Array(part.length + 1);
    out[0] = (offset + part.length < bytes.length ? "m" : "l").charCodeAt(0);
    out.set(part, 1);
    return out;
  }
}
