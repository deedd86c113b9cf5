// A system call and its result in the words of strace(1). Names, arguments and results are read from the declarations.

import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { errnoText, restart } from "../../abi/errno.ts";
import { syscallNumbers } from "../../abi/numbers.ts";
import type { PendingCall } from "../../kernel/entry/call.ts";
import { octal } from "../../kernel/syscall/arg-file.ts";
import type { Syscall } from "../../kernel/syscall/declaration.ts";
import type { Task } from "../../kernel/task/task.ts";

/** Texts for results that no program sees. strace src/syscall.c, print_err_ret(). */
const restarts: Record<number, string> = {
  [restart.ERESTARTSYS]: "ERESTARTSYS (To be restarted if SA_RESTART is set)",
  [restart.ERESTARTNOINTR]: "ERESTARTNOINTR (To be restarted)",
  [restart.ERESTARTNOHAND]: "ERESTARTNOHAND (To be restarted if no handler)",
  [restart.ERESTART_RESTARTBLOCK]: "ERESTART_RESTARTBLOCK (Interrupted by signal)",
};

const hex = (n: number): string => (n === 0 ? "0" : `0x${n.toString(16)}`);

/** The result as strace writes it: `3`, `-1 ENOENT (…)`. */
export const resultText = (task: Task, call: PendingCall | undefined, result: number): string => {
  if (result >= 0) {
    const { hexResult, octalResult, remark } = call?.entry.syscall ?? {};
    const text = hexResult ? hex(result) : octalResult ? octal(result) : String(result);
    const more = call && remark?.({ task, abi: call.abi, ret: result, all: call.args });
    return more ? `${text} (${more})` : text;
  }
  const kept = restarts[-result];
  return kept ? `? ${kept}` : `-1 ${errnoText(-result)}`;
};

/** The name of a call by its number. */
const missingName = (column: 0 | 1, number: number): string | undefined =>
  Object.entries(syscallNumbers).findLast(([, numbers]) => numbers[column] === number)?.[0];

/** The name of a call that the kernel lacks; one without a name is `syscall_0x…`. */
const unknownName = (task: Task): string =>
  missingName(task.compat ? i386.column : x64.column, task.origAx) ?? `syscall_${hex(task.origAx)}`;

/** A call that the kernel lacks is shown with six registers, and by its number if the number has no name. */
const unknownCall = (task: Task): string => {
  const registers = [0, 1, 2, 3, 4, 5].map((i) => hex((task.args[2 * i + 1] as number) * 0x1_0000_0000 + (task.args[2 * i] as number)));
  return `${unknownName(task)}(${registers.join(", ")}`;
};

/** Names of the arguments that the caller gives, and of those that the kernel fills. */
const split = ({ args, shown }: Syscall): { readonly given: readonly string[]; readonly filled: readonly string[] } => {
  const keys = shown ?? Object.keys(args);
  const firstOut = keys.findIndex((key) => args[key]?.out);
  return firstOut < 0 ? { given: keys, filled: [] } : { given: keys.slice(0, firstOut), filled: keys.slice(firstOut) };
};

const show = (task: Task, call: PendingCall, keys: readonly string[], ret: number): string[] => {
  const context = { task, abi: call.abi, ret, all: call.args };
  return keys.map((key) => call.entry.syscall.args[key]?.show(call.args[key], context) ?? "").filter((text) => text !== "");
};

/** The caller's arguments as strace writes them: `AT_FDCWD, "/etc/passwd", O_RDONLY`. Reads the caller's memory. */
export const givenArguments = (task: Task, call: PendingCall): string => show(task, call, split(call.entry.syscall).given, 0).join(", ");

/** The parts of a call's line that are known when it begins. */
export interface BegunCall {
  readonly name: string;
  /** The line up to the arguments that the kernel fills: `read(0`. */
  readonly head: string;
  /** Arguments that the kernel fills: written with the result. */
  readonly rest: readonly string[];
  /** Undefined: the number has no table entry. */
  readonly abi: Abi | undefined;
}

/** The call that a task begins. `call` is undefined for a number without a table entry. */
export const beginCall = (task: Task, call: PendingCall | undefined): BegunCall => {
  if (!call) return { name: unknownName(task), head: unknownCall(task), rest: [], abi: undefined };
  const { name } = call.entry.syscall;
  return { name, head: `${name}(${givenArguments(task, call)}`, rest: split(call.entry.syscall).filled, abi: call.abi };
};

/** The arguments that the kernel fills, after it has. */
export const filledArguments = (task: Task, call: PendingCall | undefined, { rest }: BegunCall, result: number): readonly string[] =>
  call ? show(task, call, rest, result) : [];

/** The arguments that follow a head, with the comma that they need. */
export const following = (head: string, rest: readonly string[]): string =>
  `${rest.length > 0 && !head.endsWith("(") ? ", " : ""}${rest.join(", ")}`;

/** ` [i386]` if the call is not of the program's own ABI. Most calls of an x32 program are the 64-bit ones. */
export const abiRemark = (task: Task, { abi }: BegunCall): string =>
  abi && abi !== task.program.abi && !(abi === x64 && task.program.abi === x32) ? ` [${abi.name}]` : "";
