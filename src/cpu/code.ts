// The generated code of a CPU: handlers and routines, made by the build (tools/generate.ts). It is carried as
// text, so that the core reads no files and any bundler or browser can hold it. Each module is unpacked and
// compiled at its first use.

import { isShared, takeShared } from "../wasm/shared-memory.ts";
import type { CpuCode } from "./cpu.ts";
import { InstructionRows } from "./decode/instructions.ts";
import { generated } from "./generated/code.ts";
import type { HandlerStore } from "./handler-store.ts";
import type { Meaning } from "./isa/ops.ts";
import type { RoutineType } from "./isa/routine-types.ts";
import type { Row } from "./isa/row.ts";
import { readRows } from "./isa/row-texts.ts";
import { lazyRows } from "./isa/rows/lazy.ts";

type Bytes = () => Uint8Array<ArrayBuffer>;
/** The contents of generated/code.ts, written by the build. */
export interface Generated {
  /**
   * The number of rows of each family at the time of the build. tools/generated.mjs detects stale code by it.
   */
  readonly families: Readonly<Record<string, number>>;
  /** The rows, packed by row-texts.ts. */
  readonly rows: Bytes;
  /** u16: the two lists of instructions.ts. */
  readonly opcodes: Bytes;
  readonly forms: Bytes;
  /** The modules of handlers (form.ts), and the table index of each module's first handler. */
  readonly handlers: readonly Bytes[];
  readonly firstHandlers: readonly number[];
  /**
   * Per module and context number: predecode cache entries for processors of the default model
   * (predecode.ts).
   */
  readonly preloads: readonly (readonly Bytes[])[];
  readonly routines: Bytes;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
}

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};
const words = (bytes: Uint8Array<ArrayBuffer>): Uint16Array => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);

const stale = (): never => {
  throw new Error("src/cpu/generated/code.ts is older than the instruction rows: run `npm run build`");
};
/** The meaning of a row by its number. */
const meaning = (number: number): Meaning => {
  let first = 0;
  for (const [name, count] of Object.entries(generated.families)) {
    if (number < first + count) {
      const rows = (lazyRows().families[name] ?? stale)();
      if (rows.length !== count) stale();
      return (rows[number - first] as Row).does;
    }
    first += count;
  }
  return stale();
};
const instructions = (): InstructionRows => {
  const count = Object.values(generated.families).reduce((sum, rows) => sum + rows, 0);
  const read = readRows(generated.rows(), count, meaning);
  return new InstructionRows(read, { opcodes: words(generated.opcodes()), forms: words(generated.forms()) });
};

const all = once(instructions);
const preloads = generated.preloads.map((contexts) => contexts.map(once));
const codeFor = (shared: boolean, store: HandlerStore | undefined): CpuCode => {
  // A module for shared memory is another one.
  const nameOf = (name: string): string => (shared ? `${name}-shared` : name);
  const compile = (name: string, bytes: Bytes): WebAssembly.Module => {
    const wasm = () => (shared ? takeShared(bytes()) : bytes());
    return store?.module(nameOf(name), wasm) ?? new WebAssembly.Module(wasm());
  };
  return {
    instructions: all(),
    handlers: generated.handlers.map((bytes, n) => ({
      first: generated.firstHandlers[n] as number,
      name: nameOf(`handlers${n}`),
      module: once(() => compile(`handlers${n}`, bytes)),
      preload: (context) => preloads[n]?.[context]?.(),
    })),
    routines: { name: nameOf("routines"), module: compile("routines", generated.routines) },
    routineTypes: generated.routineTypes,
    store,
  };
};
const known: { plain?: CpuCode; shared?: CpuCode } = {};

/**
 * The code of all CPUs of this process with this kind of memory (shared or not). It is compiled once, or
 * taken from the store of the first CPU.
 */
export const cpuCode = (memory: WebAssembly.Memory, store?: HandlerStore): CpuCode =>
  isShared(memory) ? (known.shared ??= codeFor(true, store)) : (known.plain ??= codeFor(false, store));
