// A processor in flat segments, for tests that map code and pages themselves.
import { expect } from "vitest";
import { Cpu, type CpuCode } from "../../../src/cpu/cpu.ts";
import type { engines } from "../../../src/cpu/engine.ts";
import { S } from "../../../src/cpu/machine/state.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { selector } from "../../../tools/oracle/world.ts";

/** A processor with flat segments of the given code size and an engine. */
export const flatCpu = (code: CpuCode, engine: (typeof engines)[number], bits: 64 | 32): Cpu => {
  const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code);
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(bits === 64 ? selector.userCode64 : selector.userCode32);
  for (const n of [S.ss, S.ds, S.es]) expect(cpu.segments.load(n, selector.userData)).toBe(-1);
  cpu.engine = engine;
  return cpu;
};
