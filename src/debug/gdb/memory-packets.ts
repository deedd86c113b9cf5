// Packets of memory, breakpoints and watchpoints: m, x, M, X, Z and z.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Packets.html
import type { Task } from "../../kernel/core/task.ts";
import type { Debugger } from "../debugger.ts";
import { peek } from "../memory.ts";
import type { PointActions } from "../points.ts";
import type { WatchKind } from "../stop.ts";
import { hex, hexNumber, unhex } from "./packet.ts";
import { FAULT, INVALID, MOST_READ, OK } from "./replies.ts";

const watchKinds: Readonly<Record<string, WatchKind>> = { "2": "write", "3": "read", "4": "access" };

/**
 * The conditions of a breakpoint: ";X" LENGTH "," BYTES, one after the other. Then ";cmds:" PERSISTS "," and
 * commands of the same form.
 */
const pointActions = (text: string): PointActions | undefined => {
  const conditions: Uint8Array[] = [];
  const commands: Uint8Array[] = [];
  let found = conditions;
  let persists = false;
  let rest = text.startsWith(";") ? text.slice(1) : text;
  while (rest !== "") {
    const [begin, isKept] = /^cmds:([01]),/.exec(rest) ?? [];
    if (begin !== undefined && found === conditions) {
      found = commands;
      persists = isKept === "1";
      rest = rest.slice(begin.length);
    }
    const [head, count = ""] = /^X([0-9a-f]{1,4}),/i.exec(rest) ?? [];
    const digits = 2 * Number.parseInt(count, 16);
    const bytes = head === undefined ? undefined : unhex(rest.slice(head.length, head.length + digits));
    if (head === undefined || bytes?.length !== digits / 2) return undefined;
    found.push(bytes);
    rest = rest.slice(head.length + digits);
    if (rest.startsWith(";")) rest = rest.slice(1);
  }
  return { conditions, commands, persists };
};

/** m and x. `rest`: the packet behind its letter. */
export const readMemory = (task: Task | undefined, rest: string, isBinary: boolean): string | Uint8Array => {
  const [, at, count] = /^([0-9a-f]+),([0-9a-f]+)$/i.exec(rest) ?? [];
  const [address, length] = [at === undefined ? undefined : hexNumber(at), count === undefined ? undefined : hexNumber(count)];
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
};
/** M and X. */
export const writeMemory = (debug: Debugger, task: Task | undefined, data: Uint8Array, text: string): string => {
  const [head, at, count] = /^[MX]([0-9a-f]+),([0-9a-f]+):/i.exec(text) ?? [];
  const [address, length] = [at === undefined ? undefined : hexNumber(at), count === undefined ? undefined : hexNumber(count)];
  if (address === undefined || length === undefined || head === undefined || !task) return INVALID;
  const bytes = text[0] === "X" ? data.subarray(head.length) : unhex(text.slice(head.length));
  if (bytes?.length !== length) return INVALID;
  if (length === 0) return OK;
  return debug.write(task.process.pid, address, bytes) ? OK : FAULT;
};
/** Z and z. `pid`: the process of the point. */
export const setPoint = (debug: Debugger, pid: number, isAdded: boolean, rest: string): string => {
  const [, type, at, kind, more = ""] = /^([0-4]),([0-9a-f]+),([0-9a-f]+)((?:;.*)?)$/i.exec(rest) ?? [];
  const [address, length] = [at === undefined ? undefined : hexNumber(at), kind === undefined ? undefined : hexNumber(kind)];
  if (type === undefined) return /^\d/.test(rest) ? "" : INVALID;
  if (address === undefined || length === undefined) return INVALID;
  const on = watchKinds[type];
  if (on === undefined) {
    const actions = isAdded ? pointActions(more) : {};
    if (!actions) return INVALID;
    const how = type === "0" ? "swbreak" : "hwbreak";
    if (isAdded) debug.addBreakpoint(pid, address, how, actions);
    else debug.removeBreakpoint(pid, address, how);
  } else {
    const watch = { pid, address, length, on };
    if (length === 0 || length > 1 << 20) return INVALID;
    if (isAdded) debug.addWatch(watch);
    else debug.removeWatch(watch);
  }
  return OK;
};
