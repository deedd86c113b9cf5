// The generated code that a CPU runs on: handlers and routines, made by the build (tools/generate.ts) and carried as text, so that
// the core reads no files and any bundler or browser can hold it.
import type { CpuCode } from "./cpu.ts";
import { formKeys } from "./form.ts";
import { generated } from "./generated/code.ts";
import { rowsKey } from "./row.ts";
import { rows } from "./rows/index.ts";
import type { RoutineType } from "./routine-types.ts";

/** What the build writes into generated/code.ts. */
export interface Generated {
  /** Base64 of the handlers' module, of the routines' module, and of u16 triples: row, form key, handler. */
  readonly handlers: string;
  readonly routines: string;
  readonly forms: string;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  /** The rows that the handlers were made from, to catch a stale build. */
  readonly rows: string;
}

const bytes = (base64: string): Uint8Array<ArrayBuffer> => {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
};

let loaded: CpuCode | undefined;

/** The code for all CPUs of this process; compiled once. */
export const cpuCode = (): CpuCode => {
  if (loaded) return loaded;
  if (generated.rows !== rowsKey(rows)) throw new Error("src/cpu/generated/code.ts is older than the instruction rows: run `npm run build`");
  const triples = new Uint16Array(bytes(generated.forms).buffer);
  const forms = new Uint16Array(rows.length * formKeys);
  for (let i = 0; i < triples.length; i += 3) forms[(triples[i] as number) * formKeys + (triples[i + 1] as number)] = triples[i + 2] as number;
  loaded = {
    rows,
    forms,
    handlers: new WebAssembly.Module(bytes(generated.handlers)),
    routines: new WebAssembly.Module(bytes(generated.routines)),
    routineTypes: generated.routineTypes,
  };
  return loaded;
};
