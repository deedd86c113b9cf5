// gdb's q and Q packets: features, threads, objects, settings.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/General-Query-Packets.html
import type { Task } from "../../kernel/core/task.ts";
import type { Debugger } from "../debugger.ts";
import { descriptionOf } from "../registers.ts";
import { monitor } from "./monitor.ts";
import { hex, hexNumber, latin1, MOST_PACKET, textOf, unhex } from "./packet.ts";
import { startFeatures } from "./programs.ts";
import { objectOf, regionReply, siginfoOf, threadText } from "./queries.ts";
import { INVALID, MOST_READ, NONE, OK, word } from "./replies.ts";
import { searchReply } from "./search.ts";
import type { ServerLog } from "./server-log.ts";
import { linuxSignal } from "./signals.ts";
import { ANY, isMeant, type PacketThreads } from "./thread-ids.ts";
import { ThreadLocals } from "./thread-locals.ts";

/** What queries need of their connection. */
interface Connection {
  /** The thread of Hg. */
  task(): Task | undefined;
  /** QStartNoAckMode. */
  acknowledge(): void;
  setNonStop(isOn: boolean): void;
  kill(): void;
  readonly startsPrograms: boolean;
  readonly log: ServerLog;
  /** Text for gdb's console. */
  print(text: string): void;
}
const FEATURES = [
  "QStartNoAckMode+;multiprocess+;swbreak+;hwbreak+;vContSupported+;ReverseStep+;ReverseContinue+;binary-upload+",
  "qXfer:features:read+;qXfer:auxv:read+;qXfer:exec-file:read+;qXfer:siginfo:read+;qXfer:siginfo:write+;qXfer:threads:read+;qXfer:osdata:read+",
  "QCatchSyscalls+;QPassSignals+;fork-events+;vfork-events+;exec-events+;qSearch:memory+;QNonStop+;QThreadEvents+;QThreadOptions=3;no-resumed+",
  "ConditionalBreakpoints+;BreakpointCommands+;qXfer:libraries-svr4:read+;augmented-libraries-svr4-read+",
];

/** The queries of one connection. */
export class GeneralQueries {
  private readonly _debug: Debugger;
  private readonly _ids: PacketThreads;
  private readonly _connection: Connection;
  private readonly _checkpoints = new Map<string, string>();
  private _locals = new ThreadLocals();
  /** The object that gdb has begun to read. */
  private _read: { readonly name: string; readonly bytes: Uint8Array } | undefined = undefined;
  /** Processes that gdb has attached to: its end lets them go. */
  readonly attached = new Set<number>();
  /** swbreak+, hwbreak+: gdb understands these reasons. */
  readonly knows = new Set<string>();

  constructor(debug: Debugger, ids: PacketThreads, connection: Connection) {
    this._debug = debug;
    this._ids = ids;
    this._connection = connection;
  }
  async reply(text: string): Promise<string | Uint8Array> {
    const { _debug: debug, _ids: ids, _connection: connection } = this;
    const [, name = ""] = /^([A-Za-z]+)/.exec(text) ?? [];
    const rest = text.slice(name.length);
    const task = connection.task();
    switch (name) {
      case "qSupported":
        return this._supported(rest.slice(1).split(";"));
      case "QStartNoAckMode":
        connection.acknowledge();
        return OK;
      case "QNonStop":
        if (!/^:[01]$/.test(rest)) return INVALID;
        connection.setNonStop(rest === ":1");
        return OK;
      case "QThreadEvents":
        if (!/^:[01]$/.test(rest)) return INVALID;
        debug.events.threads = rest === ":1";
        return OK;
      case "QThreadOptions":
        return this._threadOptions(rest.slice(1).split(";"));
      case "qC":
        return task ? `QC${ids.textOf(task)}` : NONE;
      case "qAttached":
        return this.attached.has(hexNumber(rest.slice(1)) ?? task?.process.pid ?? 0) ? "1" : "0";
      case "qfThreadInfo": {
        const texts = debug.threads.map((one) => ids.textOf(one));
        return texts.length === 0 ? "l" : `m${texts.join(",")}`;
      }
      case "qsThreadInfo":
        return "l";
      case "qThreadExtraInfo": {
        const id = ids.parse(rest.slice(1));
        const one = id && debug.task(id.tid);
        return one ? hex(latin1(threadText(one) || "runs")) : NONE;
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
      case "qRcmd":
        return this._command(rest.slice(1));
      case "qMemoryRegionInfo":
        return regionReply(task, hexNumber(rest.slice(1)));
      case "qSearch":
        return searchReply(task, rest);
      case "qSymbol":
        return task ? this._locals.symbol(task.process.pid, rest) : OK;
      case "qGetTLSAddr": {
        const [id, offset, map] = rest.slice(1).split(",");
        const thread = id === undefined ? undefined : ids.parse(id);
        const one = thread && debug.task(thread.tid);
        const [from, lm] = [hexNumber(offset ?? ""), hexNumber(map ?? "")];
        if (!one || from === undefined || lm === undefined) return INVALID;
        return this._locals.address(one, from, lm);
      }
      case "qHostInfo":
        return "triple:7838365f36342d2d6c696e75782d676e75;ptrsize:8;endian:little;ostype:linux;";
      case "qProcessInfo": {
        if (!task) return NONE;
        const is32 = descriptionOf(task).registers[0]?.size === 4;
        return `pid:${word(task.process.pid)};parent-pid:${word(task.process.parent?.pid ?? 0)};triple:${hex(latin1(`${is32 ? "i386" : "x86_64"}--linux-gnu`))};ptrsize:${is32 ? 4 : 8};endian:little;ostype:linux;`;
      }
      default:
        return "";
    }
  }
  private _supported(features: readonly string[]): string {
    const { events } = this._debug;
    const has = (name: string): boolean => features.includes(`${name}+`);
    this._ids.isMulti = has("multiprocess");
    for (const how of ["swbreak", "hwbreak"]) if (has(how)) this.knows.add(how);
    events.fork = has("fork-events");
    events.vfork = has("vfork-events");
    events.exec = has("exec-events");
    events.noResumed = has("no-resumed");
    events.clones.clear();
    events.ends.clear();
    return [`PacketSize=${word(MOST_PACKET - 16)}`, ...FEATURES, ...(this._connection.startsPrograms ? [startFeatures] : [])].join(";");
  }
  /** Each thread gets the options of the last part that means it: bit 0 clones, bit 1 its end. */
  private _threadOptions(parts: readonly string[]): string {
    const { events, threads } = this._debug;
    const all = parts.map((part) => {
      const [options = "", thread] = part.split(":");
      return { bits: hexNumber(options), thread: thread === undefined ? ANY : this._ids.parse(thread) };
    });
    if (all.some(({ bits, thread }) => bits === undefined || bits > 3 || !thread)) return INVALID;
    for (const task of threads) {
      const found = all.findLast(({ thread }) => thread && isMeant(thread, task));
      for (const [bit, set] of [events.clones, events.ends].entries())
        if (found) set[((found.bits ?? 0) >> bit) & 1 ? "add" : "delete"](task.pid);
    }
    return OK;
  }
  /** Another program runs. */
  forget(): void {
    this._checkpoints.clear();
    this.attached.clear();
    this._locals = new ThreadLocals();
    this._debug.events.clones.clear();
    this._debug.events.ends.clear();
  }
  private async _command(digits: string): Promise<string> {
    const line = unhex(digits);
    if (!line) return INVALID;
    // gdbserver's command.
    if (/^\s*exit\s*$/.test(textOf(line))) {
      this._connection.kill();
      return OK;
    }
    await this._debug.settle();
    const { text, isUnknown } = await monitor(this._debug, this._connection.log, textOf(line), this._checkpoints);
    await this._debug.unsettle();
    if (isUnknown) {
      this._connection.print(text);
      return INVALID;
    }
    return text === "" ? OK : hex(new TextEncoder().encode(text));
  }
  private _transfer(rest: string): string | Uint8Array {
    // The thread of Hg may have ended while others live.
    const any = this._connection.task() ?? this._debug.current;
    const task = /^:(threads|osdata):/.test(rest) ? any : this._connection.task();
    if (!task) return NONE;
    const [, written, offset, data] = /^:([a-z0-9-]+):write:[^:]*:([0-9a-f]+):(.*)$/is.exec(rest) ?? [];
    if (written === "siginfo") return this._writeSignal(task, Number.parseInt(offset as string, 16), latin1(data as string));
    const [, object, annex = "", at, count] = /^:([a-z0-9-]+):read:([^:]*):([0-9a-f]+),([0-9a-f]+)$/i.exec(rest) ?? [];
    if (object === undefined) return /^:[a-z0-9-]+:write:/.test(rest) ? "" : INVALID;
    const [from, length] = [Number.parseInt(at as string, 16), Number.parseInt(count as string, 16)];
    // A transfer that goes on is of the object as it was at its beginning.
    const name = `${object} ${annex} ${task.pid}`;
    const bytes =
      from > 0 && this._read?.name === name ? this._read.bytes : objectOf(this._debug, task, object, annex, (one) => this._ids.textOf(one));
    if (typeof bytes === "string") return bytes;
    this._read = from + length < bytes.length ? { name, bytes } : undefined;
    const part = bytes.subarray(from, from + Math.min(length, MOST_READ));
    const out = new Uint8Array(part.length + 1);
    out[0] = (from + part.length < bytes.length ? "m" : "l").charCodeAt(0);
    out.set(part, 1);
    return out;
  }
  private _writeSignal(task: Task, offset: number, data: Uint8Array): string {
    const changed = siginfoOf(this._debug, task, offset, data);
    return changed && this._debug.changeSignal(task.pid, changed) ? word(data.length) : "E00";
  }
}
