// Other arguments and another environment for a copy that begins at main: the strings and the pointers go on
// the
// stack above the return address, as execve(2) places them, and main's registers point at them. The C library
// has
// kept the address of the old environment; words of the program's data that hold it get the new one.
import { asBytes, ofText } from "../../kernel/base/byte-string.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Task } from "../../kernel/core/task.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import { PROT, VM } from "../../memory/vma.ts";
import { Problem } from "../../problem.ts";

const WORD = 8;
/** Linux MAX_ARG_STRLEN. */
const MOST_TEXT = 131_072;
// Registers by number.
const [RDX, RSP, RSI, RDI] = [2, 4, 6, 7] as const;

const wordAt = (task: Task, at: number): number => task.mem.u64(at);
/** The words of an auxiliary vector by their types. Little-endian words of 8 bytes. */
export const wordsOf = (auxv: Uint8Array): ReadonlyMap<number, number> => {
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  const words = new Map<number, number>();
  for (let at = 0; at + 16 <= auxv.length; at += 16)
    words.set(Number(view.getBigUint64(at, true)), Number(view.getBigUint64(at + 8, true)));
  return words;
};

/** The arguments of main, as execve(2) has placed them. */
interface Main {
  readonly argc: number;
  readonly argv: number;
  readonly envp: number;
}
/** Undefined: the task that runs is not at main. SysV ABI x86-64, 3.2.3. */
const mainOf = (kernel: Kernel, task: Task): Main | undefined => {
  const { u64 } = kernel.processor.state;
  const [argc, argv, envp] = [RDI, RSI, RDX].map((n) => Number(u64[n])) as [number, number, number];
  const { startStack } = task.mem;
  const isMain =
    kernel.scheduler.current === task &&
    argv === startStack + WORD &&
    wordAt(task, startStack) === argc &&
    envp === argv + WORD * (argc + 1);
  return isMain ? { argc, argv, envp } : undefined;
};

/** A text of the program, as a byte string. */
const textAt = (task: Task, at: number): string => {
  let text = "";
  for (let i = at; text.length < MOST_TEXT; i++) {
    const byte = task.mem.u8(i);
    if (byte <= 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
};
/** Byte strings with their ends. */
const strings = (list: readonly string[]): Uint8Array => asBytes(list.map((text) => `${text}\0`).join(""));

/** Words of writable private memory that hold `from` get `to`. The stack is left out. */
const replaceWords = (task: Task, from: number, to: number): void => {
  const { mem } = task;
  const page = new Uint8Array(PAGE_SIZE);
  const words = new BigUint64Array(page.buffer);
  for (const vma of [...mem.areas]) {
    const isData = (vma.prot & PROT.WRITE) !== 0 && (vma.flags & (VM.SHARED | VM.GROWSDOWN)) === 0;
    for (let at = vma.start; isData && at < vma.end; at += PAGE_SIZE) {
      // Pages without a frame hold no pointer.
      if (mem.table.get(at) === 0 || mem.peek(at, page) !== PAGE_SIZE) continue;
      for (let n = words.indexOf(BigInt(from)); n >= 0; n = words.indexOf(BigInt(from), n + 1))
        mem.poke(at + n * WORD, new Uint8Array(BigUint64Array.of(BigInt(to)).buffer));
    }
  }
};

/**
 * Gives main other arguments behind argv[0], or another environment. Throws a Problem if it is not at main.
 */
export const setArguments = (
  kernel: Kernel,
  task: Task,
  args: readonly string[] | undefined,
  env: Readonly<Record<string, string>> | undefined,
): void => {
  const main = mainOf(kernel, task);
  if (!main)
    throw new Problem("bad-moment", `${args ? "args" : "env"} of a copy: the snapshot is not one at main`, {
      help: "runUntil({ main: true }) comes there, in a 64-bit program; later than that a program has read them",
    });
  const { mem } = task;
  const { processor } = kernel;
  const { u64 } = processor.state;
  const own = args === undefined ? undefined : strings([textAt(task, wordAt(task, main.argv)), ...args.map(ofText)]);
  const other = env === undefined ? undefined : strings(Object.entries(env).map(([name, value]) => ofText(`${name}=${value}`)));
  const old = Number(u64[RSP]);
  const returns = wordAt(task, old);
  const pointers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => wordAt(task, from + i * WORD));
  const kept = pointers(main.argv, main.argc);
  const environment: number[] = [];
  for (let at = main.envp; other === undefined; at += WORD) {
    const pointer = wordAt(task, at);
    if (pointer <= 0) break;
    environment.push(pointer);
  }
  // From the top: strings, pointers, the return address. Below it lies the frame of main.
  const envAt = old - (other?.length ?? 0);
  const argAt = envAt - (own?.length ?? 0);
  const placed = (bytes: Uint8Array | undefined, at: number): number[] | undefined => {
    if (!bytes) return undefined;
    const found: number[] = [];
    for (let i = 0; i < bytes.length; i = bytes.indexOf(0, i) + 1) found.push(at + i);
    return found;
  };
  const argv = placed(own, argAt) ?? kept;
  const envp = placed(other, envAt) ?? environment;
  const table = [...argv, 0, ...envp, 0];
  // The stack pointer before a call is a multiple of 16.
  const tableAt = Math.floor((argAt - table.length * WORD) / 16) * 16;
  const sp = tableAt - WORD;
  const words = BigUint64Array.from([returns, ...table], BigInt);
  const isDone = (!other || mem.write(envAt, other)) && (!own || mem.write(argAt, own)) && mem.write(sp, new Uint8Array(words.buffer));
  if (!isDone) throw new Problem("bad-value", "the arguments are larger than the stack");
  u64[RSP] = BigInt(sp);
  u64[RDI] = BigInt(argv.length);
  u64[RSI] = BigInt(tableAt);
  u64[RDX] = BigInt(tableAt + WORD * (argv.length + 1));
  replaceWords(task, main.envp, Number(u64[RDX]));
  // /proc/PID/cmdline and environ.
  if (own) [mem.argStart, mem.argEnd] = [argAt, argAt + own.length];
  if (other) [mem.envStart, mem.envEnd] = [envAt, envAt + other.length];
};
