// The declaration of a system call: name, arguments, handler. abi/numbers.ts has its numbers under the same
// name. Dispatch, 32/64-bit marshalling, the strace line, the support table and the completeness test read
// the declaration.
import type { Abi } from "../../abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../../abi/numbers.ts";
import type { Result } from "../core/result.ts";
import type { Task } from "../core/task.ts";

declare module "../core/scheduling.ts" {
  interface CallGate {
    /** The table entry of a number at a door. Undefined: ENOSYS. */
    entryOf(abi: Abi, nr: number): TableEntry | undefined;
  }
}

declare module "../core/feature.ts" {
  interface Feature {
    readonly calls?: () => readonly Syscall[];
  }
}

/**
 * The six argument registers as the door delivered them, in unsigned 32-bit halves: argument i is `raw[2*i]`
 * (low) and `raw[2*i+1]` (high). Halves, because bigints passed between functions are slow.
 */
export type RawArgs = Uint32Array;

/**
 * An argument type: its decoder and its text in a trace. One value per C type as strace prints it (arg.ts).
 */
export interface ArgType<T> {
  /** For the reference: "int", "const char *". */
  readonly c: string;
  /** The kernel fills it, so the trace shows it after the call. */
  readonly out?: true;
  /** A 64-bit integer, which takes two registers if the ABI has `splits64`. */
  readonly wide?: true;
  /** Named values: bits if `combines`, else alternatives. */
  readonly names?: Readonly<Record<string, number>>;
  readonly combines?: true;
  decode(raw: RawArgs, register: number, abi: Abi): T;
  /** True for a pointer whose text is none of a structure: strings and buffers. */
  readonly plain?: true;
  /** strace's text of a value. */
  show(value: T, ctx: ShowContext): string;
  /** The text at entry of data that the kernel changes; `show` finds it in `ctx.before`. */
  before?(value: T, ctx: ShowContext): string;
  /** The text after the call's line: ` => {parent_tid=[2]}`. */
  after?(value: T, ctx: ShowContext): string;
}
/**
 * The text of a structure at an address; undefined if it cannot be read. `size`: its size or count, where it
 * varies.
 */
export type Text = (ctx: ShowContext, at: number, size: number) => string | undefined;
/** The texts of structures by name: show/texts.ts adds its members. */
// biome-ignore lint/suspicious/noEmptyInterface: they are declared there
export interface Texts {}
/** The style of a trace: strace's options -s, -v, -x, -y, -e verbose=, -e raw=. */
export interface Style {
  /** Bytes of a string that are shown (-s). */
  readonly strings: number;
  /** Environments and structures are shown whole (-v). */
  readonly verbose: boolean;
  /** Structures are shown; else their addresses (-e verbose=). */
  readonly structures: boolean;
  /** Registers in place of decoded arguments and results (-e raw=). */
  readonly raw: boolean;
  /** Strings in hex: 1 if a byte is not ASCII (-x), 2 always (-xx). */
  readonly hex: 0 | 1 | 2;
  /** The text of a descriptor: `3`, or `3</etc/passwd>` (-y). */
  fd(task: Task, fd: number): string;
  /** Texts of structures, loaded with the first trace. */
  readonly texts: Texts;
}
/** The call that a trace line shows. `ret` is the result, `all` has the other arguments by name. */
export interface ShowContext {
  readonly task: Task;
  readonly abi: Abi;
  readonly ret: number;
  readonly style: Style;
  /** The text of `Arg.before`, in `Arg.show` and `Arg.after`. */
  readonly before?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the other arguments have any types
  readonly all: Record<string, any>;
}

/** Arguments by name, in the order of their registers. */
// biome-ignore lint/suspicious/noExplicitAny: a declaration's arguments have any types
export type Args = Record<string, ArgType<any>>;
/** The decoded values of arguments. */
export type ArgsOf<A> = { -readonly [K in keyof A]: A[K] extends ArgType<infer T> ? T : never };

/** A declared call, built by `syscall`. */
export interface Syscall {
  readonly name: SyscallName;
  readonly args: Args;
  // biome-ignore lint/suspicious/noExplicitAny: the declaration below has checked them
  readonly call: (task: Task, args: any, abi: Abi) => Result;
  /** The unsupported part, shown in the support table. Absent: complete. */
  readonly note?: string;
  /**
   * The only ABI of this declaration: the other ABI has other arguments under this name (mmap, select, clone,
   * …).
   */
  readonly only?: Abi["name"];
  /** The trace shows the result in hex (addresses), or in octal (modes). */
  readonly hexResult?: true;
  readonly octalResult?: true;
  /** The text of a result of 0 or more, if it is neither a plain number nor one of the two above. */
  readonly resultText?: (ctx: ShowContext) => string;
  /** strace's text in parentheses after a result of 0 or more. */
  readonly remark?: (ctx: ShowContext) => string;
  /**
   * It has effects between its reads of memory, or takes a read that fails for more than an error: no
   * schedule has a point between them (entry/split-reads.ts).
   */
  readonly isOneStep?: true;
  /** The order of the arguments in strace, if it is not that of the registers. */
  readonly shown?: readonly string[];
}
/** The optional members of a declaration; see `Syscall`. */
export interface SyscallOptions {
  readonly isOneStep?: true;
  readonly shown?: readonly string[];
  readonly note?: string;
  readonly only?: Abi["name"];
  readonly hexResult?: true;
  readonly octalResult?: true;
  readonly resultText?: (ctx: ShowContext) => string;
  readonly remark?: (ctx: ShowContext) => string;
}

/** Declares a call: `syscall("close", { fd }, (t, a) => t.files.close(a.fd))`. */
export const syscall = <const A extends Args>(
  name: SyscallName,
  args: A,
  call: (task: Task, args: ArgsOf<A>, abi: Abi) => Result,
  options: SyscallOptions = {},
): Syscall => ({ name, args, call, ...options });

/** A declaration for one ABI, with the decoder of its arguments. */
export interface TableEntry {
  readonly syscall: Syscall;
  /** The handler. Declarations have many shapes in V8, which makes a look at them slow; entries have one. */
  readonly call: Syscall["call"];
  decode: (raw: RawArgs) => Record<string, unknown>;
}
/** A program makes few of the hundreds of calls, so the first use of a call builds its decoder. */
const entryOf = (syscall: Syscall, abi: Abi): TableEntry => {
  const entry: TableEntry = { syscall, call: syscall.call, decode: (raw) => (entry.decode = decoder(syscall.args, abi))(raw) };
  return entry;
};

/** The first register of each argument. Wide ones take two if the ABI splits them. Linux syscall_32.tbl. */
const registers = (args: Args, abi: Abi): number[] => {
  let next = 0;
  return Object.values(args).map((arg) => {
    const at = next;
    next += arg.wide && abi.splits64 ? 2 : 1;
    return at;
  });
};

/** The arguments of calls without any. */
export const NO_ARGS: Record<string, unknown> = Object.freeze({});

const decoder = (args: Args, abi: Abi): TableEntry["decode"] => {
  const start = registers(args, abi);
  const list = Object.entries(args).map(([key, { decode }], i) => ({ key, decode, at: start[i] as number }));
  if (list.length === 0) return () => NO_ARGS;
  return (raw) => {
    const out: Record<string, unknown> = {};
    for (let i = 0; i < list.length; i++) {
      const { key, decode, at } = list[i] as (typeof list)[number];
      out[key] = decode(raw, at, abi);
    }
    return out;
  };
};

/** The dispatch table of one ABI, indexed by number. */
export const dispatchTable = (
  calls: readonly Syscall[],
  abi: Abi,
  numberOf: (name: SyscallName) => number | null = (name) => syscallNumbers[name][abi.column],
): readonly (TableEntry | undefined)[] => {
  const table: (TableEntry | undefined)[] = [];
  for (const call of calls) {
    const nr = numberOf(call.name);
    if (nr === null || (call.only && call.only !== abi.name)) continue;
    if (table[nr]) throw new Error(`system call ${call.name} is declared twice for ${abi.name}`);
    table[nr] = entryOf(call, abi);
  }
  return table;
};
