// Threads in packets: pPID.TID or TID; 0 is any, -1 all.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Packets.html, "thread-id syntax"
import type { Task } from "../../kernel/core/task.ts";
import type { Debugger } from "../debugger.ts";
import { hexNumber } from "./packet.ts";
import { word } from "./replies.ts";

/** A thread in a packet. 0: any; -1: all. */
export interface ThreadId {
  readonly pid: number;
  readonly tid: number;
}
/** Any thread. */
export const ANY: ThreadId = { pid: 0, tid: 0 };

/** How one connection names threads. */
export class PacketThreads {
  private readonly _debug: Debugger;
  /** gdb knows processes. */
  isMulti = false;
  constructor(debug: Debugger) {
    this._debug = debug;
  }
  text({ pid, tid }: ThreadId): string {
    return this.isMulti ? `p${word(pid)}.${word(tid)}` : word(tid);
  }
  textOf(task: Task): string {
    return this.text({ pid: task.process.pid, tid: task.pid });
  }
  /** Reads one; undefined: it has not the form. */
  parse(text: string): ThreadId | undefined {
    const number = (part: string): number | undefined => (part === "-1" ? -1 : hexNumber(part));
    const [, p, t] = /^p(-1|[0-9a-f]+)(?:\.(-1|[0-9a-f]+))?$/i.exec(text) ?? [];
    if (p !== undefined) {
      const [pid, tid] = [number(p), t === undefined ? -1 : number(t)];
      return pid === undefined || tid === undefined ? undefined : { pid, tid };
    }
    const tid = number(text);
    return tid === undefined ? undefined : { pid: tid > 0 ? (this._debug.task(tid)?.process.pid ?? 0) : tid, tid };
  }
  /** The thread that is meant, or one of those. */
  taskOf({ pid, tid }: ThreadId): Task | undefined {
    const { threads, current } = this._debug;
    if (tid > 0) return this._debug.task(tid);
    const own = pid > 0 ? threads.filter(({ process }) => process.pid === pid) : threads;
    return current && own.includes(current) ? current : own[0];
  }
}
/** True if a thread is one of those that are meant. */
export const isMeant = ({ pid, tid }: ThreadId, task: Task): boolean =>
  (tid > 0 ? task.pid === tid : true) && (pid > 0 ? task.process.pid === pid : true);
