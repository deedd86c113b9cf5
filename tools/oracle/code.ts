// The CPU's generated code made from the rows as they are now, whatever the last build made.
import { readFileSync } from "node:fs";
import type { CpuCode } from "../../src/cpu/cpu.ts";
import { buildHandlers } from "../../src/cpu/handlers.ts";
import { rows } from "../../src/cpu/rows/index.ts";
// @ts-expect-error: plain JavaScript, because the build runs it before anything is compiled
import { buildRoutines, routinesPath } from "../routines.mjs";
import { exportTypes } from "../wasm-types.ts";
import { MEMORY_PAGES } from "./emulate.ts";

export const freshCode = async (): Promise<CpuCode> => {
  await buildRoutines();
  const routines = readFileSync(routinesPath);
  const routineTypes = exportTypes(routines);
  const handlers = buildHandlers(rows, routineTypes, MEMORY_PAGES);
  return {
    rows,
    forms: handlers.forms,
    handlers: new WebAssembly.Module(handlers.wasm as BufferSource),
    routines: new WebAssembly.Module(routines),
    routineTypes,
  };
};
