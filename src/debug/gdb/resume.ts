// vCont and its older forms: which threads go on, and how.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Packets.html
import type { Task } from "../../kernel/core/task.ts";
import { hexNumber } from "./packet.ts";
import { linuxSignal } from "./signals.ts";
import { isMeant, type PacketThreads, type ThreadId } from "./thread-ids.ts";

/** What threads are to do. `halt`: in non-stop mode. */
export interface ThreadAction {
  readonly kind: "continue" | "step" | "halt";
  /** Linux's number; 0: none. */
  readonly signal: number;
  readonly within?: readonly [from: number, to: number];
  /** Undefined: all threads that no earlier action means. */
  readonly thread: ThreadId | undefined;
}
/** The actions of vCont, without its name; undefined: it has not the form. */
export const actionsOf = (text: string, ids: PacketThreads): readonly ThreadAction[] | undefined => {
  const actions: ThreadAction[] = [];
  for (const part of text.split(";")) {
    const [, what, id] = /^(c|C[0-9a-f]{2}|s|S[0-9a-f]{2}|t|r[0-9a-f]+,[0-9a-f]+)(?::(.+))?$/i.exec(part) ?? [];
    if (what === undefined) return undefined;
    const thread = id === undefined ? undefined : ids.parse(id);
    if (id !== undefined && !thread) return undefined;
    const letter = what[0] as string;
    if (letter === "r") {
      const [from = 0, to = 0] = what
        .slice(1)
        .split(",")
        .map((n) => hexNumber(n));
      actions.push({ kind: "step", signal: 0, within: [from, to], thread });
    } else {
      const signal = what.length > 1 ? linuxSignal(Number.parseInt(what.slice(1), 16)) : 0;
      actions.push({ kind: letter === "t" ? "halt" : letter.toLowerCase() === "s" ? "step" : "continue", signal, thread });
    }
  }
  return actions;
};
/** The actions of c, s, C and S; undefined: it has not the form. */
export const plainActions = (text: string, thread: ThreadId): readonly ThreadAction[] | undefined => {
  const [, command, signal, at] = /^([csCS])([0-9a-f]{2})?(?:;?([0-9a-f]+))?$/i.exec(text) ?? [];
  if (command === undefined || at !== undefined) return undefined;
  if ((command === command.toUpperCase()) !== (signal !== undefined)) return undefined;
  const number = signal === undefined ? 0 : linuxSignal(Number.parseInt(signal, 16));
  const kind = command.toLowerCase() === "s" ? "step" : "continue";
  // The thread of Hc steps; all others go on.
  return thread.tid > 0
    ? [
        { kind, signal: number, thread },
        { kind: "continue", signal: 0, thread: undefined },
      ]
    : [{ kind, signal: number, thread: undefined }];
};
/** The first action that means a thread. */
export const actionOf = (actions: readonly ThreadAction[], task: Task): ThreadAction | undefined =>
  actions.find(({ thread }) => !thread || isMeant(thread, task));
