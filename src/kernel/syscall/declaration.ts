// A system call is declared once: name, arguments, handler. Its numbers come from abi/numbers.ts by its name.
// Dispatch, 32/64-bit marshalling, the strace line, the support table and the completeness test read the declaration.
import type { Abi } from "../../abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../../abi/numbers.ts";
import type { Wait } from "../base/wait.ts";
import type { Task } from "../task/task.ts";

/**
 * The six argument registers as the door delivered them, as 32-bit halves: argument i is `raw[2*i]` (low) and `raw[2*i+1]` (high),
 * unsigned. (Measured: bigints handed through helpers cost 36 ns each, a pair of halves nothing.)
 */
export type RawArgs = Uint32Array;

/** An argument type: how a handler receives it, how a trace shows it. One value per C type as strace would print it (arg.ts). */
export interface Arg<T> {
  /** For the reference: "int", "const char *". */
  readonly c: string;
  /** Shown after the call rather than before: the kernel fills it. */
  readonly out?: true;
  /** A 64-bit integer that an ABI which splits them takes in two registers. */
  readonly wide?: true;
  /** The values that have names, for a table of values to try: bits if `combines`, else one of them. */
  readonly names?: Readonly<Record<string, number>>;
  readonly combines?: true;
  decode(raw: RawArgs, register: number, abi: Abi): T;
  /** strace's text. `ret` is the result, `all` the other arguments by name. */
  show(value: T, ctx: ShowContext): string;
}
export interface ShowContext {
  readonly task: Task;
  readonly abi: Abi;
  readonly ret: number;
  // biome-ignore lint/suspicious/noExplicitAny: the other arguments have any types
  readonly all: Record<string, any>;
}

// biome-ignore lint/suspicious/noExplicitAny: a declaration's arguments have any types
export type Args = Record<string, Arg<any>>;
export type ArgsOf<A> = { -readonly [K in keyof A]: A[K] extends Arg<infer T> ? T : never };

/**
 * What execve and sigreturn return: the registers are not those of the caller any more, so there is nowhere to put a result.
 * `shown` is what a tracer reads from rax.
 */
export class RegistersReplaced {
  readonly shown: number;
  constructor(shown: number) {
    this.shown = shown;
  }
}

/** A result of 0 or more, -errno, or a Wait. */
export type Result = number | Wait | RegistersReplaced;

export interface Syscall {
  readonly name: SyscallName;
  readonly args: Args;
  // biome-ignore lint/suspicious/noExplicitAny: the declaration below has checked them
  readonly call: (task: Task, args: any, abi: Abi) => Result;
  /** What is missing, shown to users in the support table. Absent: complete. */
  readonly note?: string;
  /** Only for this ABI: the name means different arguments in the other (mmap, select, clone, …). */
  readonly only?: Abi["name"];
  /** Prints the result in hex (addresses). */
  readonly hexResult?: true;
  readonly octalResult?: true;
  /** What strace adds in parentheses to a result of 0 or more. */
  readonly remark?: (ctx: ShowContext) => string;
  /** The order in which strace shows the arguments, where it is not that of the registers. */
  readonly shown?: readonly string[];
}
export interface SyscallOptions {
  readonly shown?: readonly string[];
  readonly note?: string;
  readonly only?: Abi["name"];
  readonly hexResult?: true;
  readonly octalResult?: true;
  readonly remark?: (ctx: ShowContext) => string;
}

/** `syscall("close", { fd }, (t, a) => t.files.close(a.fd))`. */
export const syscall = <const A extends Args>(
  name: SyscallName,
  args: A,
  call: (task: Task, args: ArgsOf<A>, abi: Abi) => Result,
  options: SyscallOptions = {},
): Syscall => ({ name, args, call, ...options });

/** A declaration made ready for one ABI: how to get its arguments from the registers. */
export interface Entry {
  readonly syscall: Syscall;
  decode: (raw: RawArgs) => Record<string, unknown>;
}
/** Of hundreds of calls a program makes a few: how arguments are to be had is worked out when a call is first made. */
const entryOf = (syscall: Syscall, abi: Abi): Entry => {
  const entry: Entry = { syscall, decode: (raw) => (entry.decode = decoder(syscall.args, abi))(raw) };
  return entry;
};

/** Where each argument starts: wide ones take two registers where the ABI splits them. Linux arch/x86/entry/syscalls/syscall_32.tbl. */
const registers = (args: Args, abi: Abi): number[] => {
  let next = 0;
  return Object.values(args).map((arg) => {
    const at = next;
    next += arg.wide && abi.splits64 ? 2 : 1;
    return at;
  });
};

const NO_ARGS: Record<string, unknown> = Object.freeze({});

const decoder = (args: Args, abi: Abi): Entry["decode"] => {
  const start = registers(args, abi);
  const list = Object.entries(args).map(([key, arg], i) => ({ key, arg, at: start[i] as number }));
  if (list.length === 0) return () => NO_ARGS;
  return (raw) => {
    const out: Record<string, unknown> = {};
    for (let i = 0; i < list.length; i++) {
      const { key, arg, at } = list[i] as (typeof list)[number];
      out[key] = arg.decode(raw, at, abi);
    }
    return out;
  };
};

/** The dispatch table of one ABI: index is the number. */
export const dispatchTable = (
  calls: readonly Syscall[],
  abi: Abi,
  numberOf: (name: SyscallName) => number | null = (name) => syscallNumbers[name][abi.column],
): readonly (Entry | undefined)[] => {
  const table: (Entry | undefined)[] = [];
  for (const call of calls) {
    const nr = numberOf(call.name);
    if (nr === null || (call.only && call.only !== abi.name)) continue;
    if (table[nr]) throw new Error(`system call ${call.name} is declared twice for ${abi.name}`);
    table[nr] = entryOf(call, abi);
  }
  return table;
};
