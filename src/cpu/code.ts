// The generated code that a CPU runs on: handlers and routines, made by the build (tools/generate.ts) and carried as text, so that
// the core reads no files and any bundler or browser can hold it.
import type { CpuCode } from "./cpu.ts";
import { formKeys } from "./form.ts";
import { generated } from "./generated/code.ts";
import type { RoutineType } from "./routine-types.ts";
import { rowsKey } from "./row.ts";
import { rows } from "./rows/index.ts";

/** What the build writes into generated/code.ts. */
export interface Generated {
  /** The handlers' module, the routines' module, and u16 triples: row, form key, handler. */
  readonly handlers: () => Uint8Array<ArrayBuffer>;
  readonly routines: () => Uint8Array<ArrayBuffer>;
  readonly forms: () => Uint8Array<ArrayBuffer>;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  /** The rows that the handlers were made from, to catch a stale build. */
  readonly rows: string;
}

let loaded: CpuCode | undefined;

/** The code for all CPUs of this process; compiled once. */
export const cpuCode = (): CpuCode => {
  if (loaded) return loaded;
  if (generated.rows !== rowsKey(rows))
    throw new Error("src/cpu/generated/code.ts is older than the instruction rows: run `npm run build`");
  const triples = new Uint16Array(generated.forms().buffer);
  const forms = new Uint16Array(rows.length * formKeys);
  for (let i = 0; i < triples.length; i += 3)
    forms[(triples[i] as number) * formKeys + (triples[i + 1] as number)] = triples[i + 2] as number;
  loaded = {
    rows,
    forms,
    handlers: new WebAssembly.Module(generated.handlers()),
    routines: new WebAssembly.Module(generated.routines()),
    routineTypes: generated.routineTypes,
  };
  return loaded;
};
