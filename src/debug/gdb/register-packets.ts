// Packets that read and write registers: p, P and G.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Packets.html
import type { Task } from "../../kernel/core/task.ts";
import type { Debugger } from "../debugger.ts";
import { readAll, readOne, writeAll, writeOne } from "../registers.ts";
import { hex, hexNumber, unhex } from "./packet.ts";
import { INVALID, OK } from "./replies.ts";

/** The reply to p, without its name. */
export const readRegister = (task: Task | undefined, text: string): string => {
  const n = hexNumber(text);
  const bytes = n === undefined || !task ? undefined : readOne(task, n);
  return bytes ? hex(bytes) : INVALID;
};
/** The reply to P, without its name. */
export const writeRegister = async (debug: Debugger, task: Task | undefined, text: string): Promise<string> => {
  const [, n, value] = /^([0-9a-f]+)=([0-9a-f]+)$/i.exec(text) ?? [];
  const bytes = value === undefined ? undefined : unhex(value);
  if (!bytes || !task || n === undefined || value === undefined) return INVALID;
  await debug.endCall();
  const before = readRegister(debug.task(task.pid), n);
  if (before === value.toLowerCase()) return OK;
  return debug.writeRegisters(task.pid, (of) => writeOne(of, Number.parseInt(n, 16), bytes)) ? OK : INVALID;
};
/** The reply to G, without its name. */
export const writeAllRegisters = async (debug: Debugger, task: Task | undefined, text: string): Promise<string> => {
  const bytes = unhex(text);
  if (!bytes || !task) return INVALID;
  await debug.endCall();
  const now = debug.task(task.pid);
  if (now && hex(readAll(now)) === text.toLowerCase()) return OK;
  return debug.writeRegisters(task.pid, (of) => writeAll(of, bytes)) ? OK : INVALID;
};
