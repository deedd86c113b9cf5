// The CPU's generated code made from the current rows, not from the last build.
import { readFileSync } from "node:fs";
import type { CpuCode } from "../../src/cpu/cpu.ts";
import { opcodeIndex } from "../../src/cpu/decode/decoder.ts";
import { InstructionRows, packLists } from "../../src/cpu/decode/instructions.ts";
import { buildHandlers } from "../../src/cpu/interp/handlers.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";
// @ts-expect-error: plain JavaScript, because the build runs it before anything is compiled
import { buildRoutines, routinesPath } from "../routines.mjs";
import { exportTypes } from "../wasm-types.ts";
import { MEMORY_PAGES } from "./emulate.ts";

export const freshCode = async (): Promise<CpuCode> => {
  await buildRoutines();
  const routines = readFileSync(routinesPath);
  const routineTypes = exportTypes(routines);
  const handlers = buildHandlers(rows, routineTypes, MEMORY_PAGES, () => undefined);
  return {
    instructions: new InstructionRows((number) => rows[number]!, {
      opcodes: packLists(opcodeIndex(rows)),
      forms: packLists(handlers.forms),
    }),
    handlers: handlers.modules.map(({ first, wasm }, n) => {
      const module = new WebAssembly.Module(wasm as BufferSource);
      return { first, name: `handlers${n}`, module: () => module };
    }),
    routines: { name: "routines", module: new WebAssembly.Module(routines) },
    routineTypes,
    store: undefined,
  };
};
