// The generated code that a CPU runs on: handlers and routines, made by the build (tools/generate.ts) and carried as text, so that
// the core reads no files and any bundler or browser can hold it. What a program needs of it is unpacked and compiled when it needs it.

import { isShared, takeShared } from "../wasm/shared-memory.ts";
import type { CpuCode } from "./cpu.ts";
import { Instructions } from "./decode/instructions.ts";
import { generated } from "./generated/code.ts";
import type { Meaning } from "./isa/ops.ts";
import type { RoutineType } from "./isa/routine-types.ts";
import type { Row } from "./isa/row.ts";
import { readRows } from "./isa/row-texts.ts";
import { lazyRows } from "./isa/rows/lazy.ts";

type Bytes = () => Uint8Array<ArrayBuffer>;
/** What the build writes into generated/code.ts. */
export interface Generated {
  /** The families of rows that all this was made from: how many rows each has. tools/generated.mjs keeps it from being older than they are. */
  readonly families: Readonly<Record<string, number>>;
  /** As row-texts.ts packs them. */
  readonly rows: Bytes;
  /** u16: the two lists of instructions.ts. */
  readonly opcodes: Bytes;
  readonly forms: Bytes;
  /** The handlers' modules (form.ts), and where in the table each begins. */
  readonly handlers: readonly Bytes[];
  readonly firstHandlers: readonly number[];
  /** What a processor of the default model may know when a module is there, of contexts by number (predecode.ts). */
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
/** What a row does, by its number. */
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
const instructions = (): Instructions => {
  const count = Object.values(generated.families).reduce((sum, rows) => sum + rows, 0);
  const read = readRows(generated.rows(), count, meaning);
  return new Instructions(read, { opcodes: words(generated.opcodes()), forms: words(generated.forms()) });
};

const all = once(instructions);
const codeFor = (shared: boolean): CpuCode => {
  const compile = (bytes: Bytes) => new WebAssembly.Module(shared ? takeShared(bytes()) : bytes());
  return {
    instructions: all(),
    handlers: generated.handlers.map((bytes, n) => ({
      first: generated.firstHandlers[n] as number,
      module: once(() => compile(bytes)),
      preload: (context) => generated.preloads[n]?.[context]?.(),
    })),
    routines: compile(generated.routines),
    routineTypes: generated.routineTypes,
  };
};
const code = once(() => codeFor(false));
const codeForShared = once(() => codeFor(true));

/** The code for all CPUs of this process with memory of this kind; compiled once. */
export const cpuCode = (memory: WebAssembly.Memory): CpuCode => (isShared(memory) ? codeForShared() : code());
