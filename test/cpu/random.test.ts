// RDRAND and RDSEED read the machine's source: its seed decides the numbers, and a processor without a source
// reports that.
import { beforeAll, describe, expect, it } from "vitest";
import { Cpu, type CpuCode } from "../../src/cpu/cpu.ts";
import { layout } from "../../src/cpu/machine/layout.ts";
import { cpuModel } from "../../src/cpu/machine/model.ts";
import { EF, R } from "../../src/cpu/machine/state.ts";
import { freshCode } from "../../tools/oracle/code.ts";
import { descriptorTables } from "../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../tools/oracle/emulate.ts";
import { selector } from "../../tools/oracle/world.ts";

const PAGE = 0x1000_0000;
const VALUE = 0x8123_4567_89ab_cdefn;
const BEFORE = 0x1111_2222_3333_4444n;

describe("random numbers of the processor", () => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  /** rax and the status flags after one instruction; all flags were set. */
  const run = (bytes: readonly number[], random: (() => bigint) | undefined): readonly [bigint, number] => {
    const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code, cpuModel("max:amd"));
    cpu.segments.tables = descriptorTables;
    cpu.segments.loadCode(selector.userCode64);
    cpu.setAddressSpace({ translate: (address) => (address === PAGE ? layout.frames : -5) });
    cpu.state.u8.set(bytes, layout.frames);
    cpu.state.rip = PAGE;
    cpu.state.u64[R.ax] = BEFORE;
    cpu.flags = EF.CF | EF.ZF | EF.SF | EF.OF | EF.AF | EF.PF;
    cpu.random = random;
    cpu.run(1);
    return [cpu.state.u64[R.ax] as bigint, cpu.flags & ~2];
  };

  it.each([
    ["rdrand rax", [0x48, 0x0f, 0xc7, 0xf0], VALUE, 0n],
    ["rdrand eax", [0x0f, 0xc7, 0xf0], VALUE & 0xffff_ffffn, 0n],
    ["rdrand ax", [0x66, 0x0f, 0xc7, 0xf0], (BEFORE & ~0xffffn) | (VALUE & 0xffffn), BEFORE & ~0xffffn],
    ["rdseed rax", [0x48, 0x0f, 0xc7, 0xf8], VALUE, 0n],
  ] as const)("%s", (_text, bytes, value, none) => {
    expect(run(bytes, () => VALUE)).toEqual([value, EF.CF]);
    expect(run(bytes, undefined)).toEqual([none, 0]);
  });
});
