// The texts of one call: its arguments by their declarations, its result as strace writes it.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import type { VAddr } from "../../abi/brand.ts";
import { errnoText, restart } from "../../abi/errno.ts";
import { type SyscallName, syscallNumbers } from "../../abi/numbers.ts";
import type { Task } from "../../kernel/core/task.ts";
import { ptr } from "../../kernel/syscall/arg.ts";
import { octal } from "../../kernel/syscall/arg-file.ts";
import type { PendingCall } from "../../kernel/syscall/call.ts";
import type { ShowContext, Style, Syscall } from "../../kernel/syscall/declaration.ts";
import { plainStyle } from "./style.ts";

/** Texts for results that no program sees. strace src/syscall.c, print_err_ret(). */
export const restarts: Record<number, string> = {
  [restart.ERESTARTSYS]: "ERESTARTSYS (To be restarted if SA_RESTART is set)",
  [restart.ERESTARTNOINTR]: "ERESTARTNOINTR (To be restarted)",
  [restart.ERESTARTNOHAND]: "ERESTARTNOHAND (To be restarted if no handler)",
  [restart.ERESTART_RESTARTBLOCK]: "ERESTART_RESTARTBLOCK (Interrupted by signal)",
};

const hex = (n: number): string => (n === 0 ? "0" : `0x${n.toString(16)}`);
/** Calls whose result is a descriptor, shown with its path (-y). */
// biome-ignore format: table
const opens = new Set([
  "open", "openat", "openat2", "creat", "dup", "dup2", "dup3", "socket", "accept", "accept4", "epoll_create", "epoll_create1", "eventfd", "eventfd2",
  "signalfd", "signalfd4", "timerfd_create", "memfd_create", "pidfd_open", "pidfd_getfd", "inotify_init", "inotify_init1", "fanotify_init",
  "userfaultfd", "io_uring_setup", "perf_event_open", "bpf", "fsopen", "fsmount", "fspick", "open_tree", "mq_open", "landlock_create_ruleset",
  "open_by_handle_at", "memfd_secret",
]);

/** The name of a call by its number. */
const missingName = (column: 0 | 1, number: number): string | undefined =>
  (Object.entries(syscallNumbers) as [SyscallName, readonly [number | null, number | null]][]).findLast(
    ([, numbers]) => numbers[column] === number,
  )?.[0];
/** The name of a call, or `syscall_0x1ff`. */
export const callName = (task: Task, call: PendingCall | undefined): string =>
  call?.entry.syscall.name ?? missingName(task.compat ? i386.column : x64.column, task.origAx) ?? `syscall_${hex(task.origAx)}`;

/** A call that the kernel lacks is shown with six registers. */
const registersOf = (task: Task, count = 6): string[] => Array.from({ length: count }, (_, i) => hexWord(task, i));
/** The registers that the arguments of a call take. */
const countOf = ({ entry, abi }: PendingCall): number =>
  Object.values(entry.syscall.args).reduce((n, arg) => n + (arg.wide && abi.splits64 ? 2 : 1), 0);
const hexWord = (task: Task, i: number): string => {
  const [low, high] = [task.args[2 * i] as number, task.args[2 * i + 1] as number];
  return high === 0 ? hex(low) : `0x${high.toString(16)}${low.toString(16).padStart(8, "0")}`;
};

/** Names of the arguments that the caller gives, and of those that are shown after the call. */
const split = ({ args, shown }: Syscall): { readonly given: readonly string[]; readonly filled: readonly string[] } => {
  const keys = shown ?? Object.keys(args);
  const first = keys.findIndex((key) => args[key]?.out || args[key]?.after);
  if (first < 0) return { given: keys, filled: [] };
  const end = args[keys[first] as string]?.out ? first : first + 1;
  return { given: keys.slice(0, end), filled: keys.slice(end) };
};

/** The context of a call's texts. `before`: the text of `Arg.before`. */
const contextOf = (task: Task, call: PendingCall, ret: number, style: Style, before?: string): ShowContext => ({
  task,
  abi: call.abi,
  ret,
  style,
  all: call.args,
  before,
});
/** The texts of these arguments; arguments that the call ignores are left out. */
const show = (
  task: Task,
  call: PendingCall,
  keys: readonly string[],
  ret: number,
  style: Style,
  before: Readonly<Record<string, string>> = {},
): string[] =>
  keys
    .map((key) => {
      const arg = call.entry.syscall.args[key];
      if (!style.structures && arg?.decode === ptr.decode && !arg.plain)
        return ptr.show(call.args[key] as VAddr, contextOf(task, call, ret, style));
      return arg?.show(call.args[key], contextOf(task, call, ret, style, before[key])) ?? "";
    })
    .filter((text) => text !== "");

/**
 * The caller's arguments as strace writes them: `AT_FDCWD, "/etc/passwd", O_RDONLY`. Reads the caller's
 * memory.
 */
export const givenArguments = (task: Task, call: PendingCall): string =>
  show(task, call, split(call.entry.syscall).given, 0, plainStyle).join(", ");

/** The text of a result. */
export const resultText = (task: Task, call: PendingCall | undefined, result: number, style: Style = plainStyle): string => {
  if (result < 0) {
    const kept = restarts[-result];
    return kept ? `? ${kept}` : `-1 ${errnoText(-result)}`;
  }
  const { name = "", hexResult, octalResult, resultText: own, remark } = call?.entry.syscall ?? {};
  const context = call && contextOf(task, call, result, style);
  if (style.raw) return hex(result);
  const plain = hexResult ? hex(result) : octalResult ? octal(result) : opens.has(name) ? style.fd(task, result) : String(result);
  const text = own && context ? own(context) : plain;
  const more = context && style.structures && remark?.(context);
  return more ? `${text} (${more})` : text;
};

/** The parts of a call's line that are known when it begins. */
export interface BegunCall {
  readonly name: string;
  readonly call: PendingCall | undefined;
  /** Texts of the arguments up to the first one that the kernel fills. */
  readonly given: readonly string[];
  /** The line with them: `read(0`. */
  readonly head: string;
  /** Arguments that are written with the result. */
  readonly rest: readonly string[];
  /** Texts of arguments that the kernel changes. */
  readonly before: Readonly<Record<string, string>>;
  /** Undefined: the number has no table entry. */
  readonly abi: Abi | undefined;
}

/** The call that a task begins. `call` is undefined for a number without a table entry. */
export const beginCall = (task: Task, call: PendingCall | undefined, style: Style = plainStyle): BegunCall => {
  const name = callName(task, call);
  const begun = (given: readonly string[]) => ({ name, call, given, head: `${name}(${given.join(", ")}` });
  if (!call) return { ...begun(registersOf(task)), rest: [], before: {}, abi: undefined };
  const { args } = call.entry.syscall;
  if (style.raw) return { ...begun(registersOf(task, countOf(call))), rest: [], before: {}, abi: call.abi };
  const { given, filled } = split(call.entry.syscall);
  const before: Record<string, string> = {};
  for (const key of [...given, ...filled]) {
    const text = args[key]?.before?.(call.args[key], contextOf(task, call, 0, style));
    if (text !== undefined) before[key] = text;
  }
  return { ...begun(show(task, call, given, 0, style)), rest: filled, before, abi: call.abi };
};

/** The arguments that the kernel fills, after it has. */
export const filledArguments = (
  task: Task,
  call: PendingCall | undefined,
  begun: BegunCall,
  result: number,
  style: Style = plainStyle,
): readonly string[] => (call ? show(task, call, begun.rest, result, style, begun.before) : []);
/** The kernel's addition to an argument of the head: ` => {parent_tid=[2]}`. */
export const addedText = (
  task: Task,
  call: PendingCall | undefined,
  begun: BegunCall,
  result: number,
  style: Style = plainStyle,
): string => {
  if (!call || style.raw) return "";
  const { args } = call.entry.syscall;
  const key = split(call.entry.syscall).given.find((name) => args[name]?.after);
  return key === undefined ? "" : (args[key]?.after?.(call.args[key], contextOf(task, call, result, style, begun.before[key])) ?? "");
};

/** The arguments that follow a head, with the comma that they need. */
export const following = (head: string, rest: readonly string[]): string =>
  `${rest.length > 0 && !head.endsWith("(") ? ", " : ""}${rest.join(", ")}`;

/**
 * ` [i386]` if the call is not of the program's own ABI. Most calls of an x32 program are the 64-bit ones.
 */
export const abiRemark = (task: Task, { abi }: Pick<BegunCall, "abi">): string =>
  abi && abi !== task.program.abi && !(abi === x64 && task.program.abi === x32) ? ` [${abi.name}]` : "";
