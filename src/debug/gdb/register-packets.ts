// Packets that read and write registers: p, P and G.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Packets.html
import type { Task } from "../../kernel/core/task.ts";
import type { Debugger } from "../debugger.ts";
import { readOne, writeAll, writeOne } from "../registers.ts";
import { hex, hexNumber, unhex } from "./packet.ts";
import { INVALID, OK } from "./replies.ts";

/** The reply to p, without its name. */
export const readRegister = (task: Task | undefined, text: string): string => {
  const n = hexNumber(text);
  const bytes = n === undefined || !task ? undefined : readOne(task, n);
  return bytes ? hex(bytes) : INVALID;
};
/** The reply to P, without its name. */
export const writeRegister = (debug: Debugger, task: Task | undefined, text: string): string => {
  const [, n, value] = /^([0-9a-f]+)=([0-9a-f]+)$/i.exec(text) ?? [];
  const bytes = value === undefined ? undefined : unhex(value);
  if (!bytes || !task || n === undefined) return INVALID;
  return debug.writeRegisters(task.pid, (of) => writeOne(of, Number.parseInt(n, 16), bytes)) ? OK : INVALID;
};
/** The reply to G, without its name. */
export const writeAllRegisters = (debug: Debugger, task: Task | undefined, text: string): string => {
  const bytes = unhex(text);
  if (!bytes || !task) return INVALID;
  return debug.writeRegisters(task.pid, (of) => writeAll(of, bytes)) ? OK : INVALID;
};
