// An access across the end of the address space wraps around and faults, in compiled code and in the
// interpreter, for every content of the TLB's last entry.
import { beforeAll, describe, expect, it } from "vitest";
import { Cpu, type CpuCode } from "../../../src/cpu/cpu.ts";
import { layout, tlb } from "../../../src/cpu/machine/layout.ts";
import { access, cacheWrite } from "../../../src/cpu/machine/mmu.ts";
import { at, R } from "../../../src/cpu/machine/state.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { selector } from "../../../tools/oracle/world.ts";

const CODE = 0x1000_0000;
/** Its entry in the TLB is the last one, like that of the last page. */
const LAST = tlb.entries * 4096 * 5 - 4096;

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});

/** Instructions on memory at rcx, and the bytes that they access. */
const instructions = [
  ["668b01", 2], ["8b01", 4], ["488b01", 8], ["0f1001", 16], ["668901", 2], ["480101", 8], ["0f1101", 16], ["8b018b5104", 4], ["89018951fc", 4],
] as const; // biome-ignore format: table

/** The result of an access at an address: the exit, rip, the fault, and the page of the last TLB entry. */
const machine = (engine: "jit" | "interpret", hex: string, before: "nothing" | "read" | "write"): ((address: number) => unknown) => {
  const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code);
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  const data = layout.frames + 4096;
  cpu.setAddressSpace({
    translate: (address, how) => {
      if (address >= CODE && address < CODE + 4096) return layout.frames;
      return address >= LAST && address < LAST + 4096 ? data + (how === access.write ? cacheWrite : 0) : -5;
    },
  });
  const { state } = cpu;
  state.u8.fill(0xf4, layout.frames, layout.frames + 4096);
  state.u8.set(Buffer.from(hex, "hex"), layout.frames);
  // mov eax, [rcx], or mov [rcx], eax fills the entry.
  state.u8.set(Buffer.from(before === "write" ? "8901" : "8b01", "hex"), layout.frames + 0x800);
  const run = (rip: number, address: number): number => {
    state.rip = rip;
    state.u64[R.cx] = BigInt.asUintN(64, BigInt(address));
    return cpu.run(100);
  };
  cpu.engine = "interpret";
  if (before !== "nothing") run(CODE + 0x800, LAST);
  cpu.engine = engine;
  if (engine === "jit") expect(cpu.jit.compile(CODE)).toBe(true);
  return (address) => {
    const why = run(CODE, address);
    const tells = [state.u32[at.exitVector >> 2], state.view.getBigUint64(at.exitAddress, true)];
    return [address, why, state.rip, ...tells, Buffer.from(state.u8.subarray(data, data + 4096)).toString("hex")];
  };
};

describe.each(["nothing", "read", "write"] as const)(
  "an access across the end of the address space, last TLB entry filled by: %s",
  (before) => {
    it.each(instructions)("%s", (hex, bytes) => {
      const compiled = machine("jit", hex, before);
      const interpreted = machine("interpret", hex, before);
      for (let address = -bytes - 4; address < 0; address++) expect(compiled(address)).toEqual(interpreted(address));
    });
  },
);
