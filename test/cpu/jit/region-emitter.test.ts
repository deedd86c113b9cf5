// The third stage: WebAssembly for drawn graphs. Every instruction that the JIT compiles is emitted in a loop
// scope, where the emitter may use only the registers and modes that the analysis has found.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { registerOffset } from "../../../src/cpu/decode/instance.ts";
import { enterRegionType, regionType } from "../../../src/cpu/decode/operand-slots.ts";
import type { Row } from "../../../src/cpu/isa/row.ts";
import type { BlockGraph } from "../../../src/cpu/jit/cfg/graph.ts";
import { emitRegion } from "../../../src/cpu/jit/emit/region-emitter.ts";
import { slowPathTypes } from "../../../src/cpu/jit/emit/slow-path.ts";
import { cpuModel } from "../../../src/cpu/machine/model.ts";
import { plainDecoder } from "../../../src/cpu/text/disassemble.ts";
import { wt } from "../../../src/wasm/encoder.ts";
import { type FuncType, ModuleWriter } from "../../../src/wasm/module.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { draw } from "./drawn.ts";

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});

const never = (): never => {
  throw new Error("only handlers call it");
};
/** The module of a region. `deoptimised`: its accesses have slow paths. */
const emitted = (graph: BlockGraph, { deoptimised = false, executions = 100, base = -1 } = {}): Uint8Array => {
  const m = new ModuleWriter();
  if (base >= 0) m.importGlobal("vm", "base", wt.i64);
  const imported = new Map<string, number>();
  const use = (module: string, name: string, type: FuncType): number => {
    const index = imported.get(name) ?? m.importFunc(module, name, type);
    imported.set(name, index);
    return index;
  };
  const slowPath = (name: keyof typeof slowPathTypes) => () => use("lookups", name, slowPathTypes[name]);
  const bytes = emitRegion(
    graph,
    {
      miss: -1,
      commit: -1,
      checkSegment: -1,
      raise: -1,
      helper: -1,
      helperId: never,
      flag: never,
      flagsWord: never,
      condition: never,
      lookUp: slowPath("lookUp"),
      lookUpForStore: slowPath("lookUpForStore"),
      acrossPages: slowPath("acrossPages"),
      outsideRange: slowPath("outsideRange"),
      serve: () => use("js", "serve", { params: [wt.i32], results: [wt.i32] }),
      isDeoptimised: () => deoptimised,
      executions: () => executions,
      model: cpuModel("x86-64-v3:amd")!,
      color: 0,
      base: base < 0 ? undefined : base,
      enterRegion: () => use("lookups", "enterRegion", enterRegionType),
      callCache: () => 0,
      jumpTable: (targets) => ({ at: 0, lowest: Math.min(...targets), span: 1 }),
      immediates: undefined,
      routine: (name) => {
        const t = code.routineTypes[name]!;
        return { ...t, index: use("routines", name, { params: t.params, results: t.result ? [t.result] : [] }) };
      },
    },
    registerOffset,
  );
  m.exportFunc("region", m.func(regionType, bytes!));
  return m.done(16, 16, false);
};

describe.each([64, 32] as const)("a loop scope in %d-bit mode", (mode) => {
  it.each([false, true])("with any instruction that the JIT compiles, deoptimised: %s", { timeout: 240_000 }, (deoptimised) => {
    const r = new Random(mode);
    const decoder = plainDecoder();
    const forms = new Map<Row, Set<string>>();
    let count = 0;
    for (let n = 0; n < 12_000; n++) {
      const bytes = Uint8Array.from({ length: 15 }, () => r.below(256));
      // Half of the opcodes are in the second table, behind one of its prefixes; a few have VEX.
      if (r.chance(0.5)) bytes[r.below(2)] = 0x0f;
      if (r.chance(0.5)) bytes[0] = r.pick([0x66, 0xf2, 0xf3, 0x48, 0xc5, 0xc4, 0xd9, 0xdd]);
      if (decoder.decode(bytes, 0, bytes.length, 0, mode) !== "ok") continue;
      const form = `${decoder.d.isMemory} ${decoder.d.size} ${decoder.d.rep}`;
      const tried = forms.get(decoder.d.row) ?? new Set();
      if (tried.has(form)) continue;
      forms.set(decoder.d.row, tried.add(form));
      const list = [...bytes.subarray(0, decoder.d.length)].map((b) => `0x${b.toString(16)}`).join(", ");
      const { graph, key } = draw(`start: nop\nhead: db ${list}\ninc ecx\njnz head\nret`, { mode });
      if (graph.blocks.get(key("head"))?.instructions.length !== 3) continue;
      count++;
      const wasm = emitted(graph, { deoptimised });
      expect(WebAssembly.validate(wasm as BufferSource), `${list} ${decoder.d.row.name}`).toBe(true);
    }
    expect(count).toBeGreaterThan(600);
  });
});

describe("a region for any position", () => {
  const bases = [0x5555_5555_4000, 0x7f12_3456_7000];
  /** The modules of code at the same distance from both bases. */
  const both = (source: string, options: { readonly entries?: readonly string[]; readonly targets?: readonly string[] } = {}) =>
    bases.flatMap((base) =>
      [false, true].map((deoptimised) => emitted(draw(source, { ...options, at: base + 0x1_2340 }).graph, { base, deoptimised })),
    );
  const expectEqual = (source: string, options?: Parameters<typeof both>[1]): void => {
    const [a, slowA, b, slowB] = both(source, options);
    expect(Buffer.compare(a!, b!), source).toBe(0);
    expect(Buffer.compare(slowA!, slowB!), source).toBe(0);
    expect(WebAssembly.validate(a as BufferSource), source).toBe(true);
  };
  it("is the same module at all of them, with any instruction that the JIT compiles", { timeout: 240_000 }, () => {
    const r = new Random(7);
    const decoder = plainDecoder();
    const forms = new Map<Row, Set<string>>();
    let count = 0;
    for (let n = 0; n < 12_000; n++) {
      const bytes = Uint8Array.from({ length: 15 }, () => r.below(256));
      if (r.chance(0.5)) bytes[r.below(2)] = 0x0f;
      if (r.chance(0.5)) bytes[0] = r.pick([0x66, 0xf2, 0xf3, 0x48, 0xc5, 0xc4, 0xd9, 0xdd]);
      if (decoder.decode(bytes, 0, bytes.length, 0, 64) !== "ok" || decoder.d.addressSize !== 64) continue;
      const form = `${decoder.d.isMemory} ${decoder.d.size} ${decoder.d.rep} ${(decoder.d.modrm & 0xc7) === 5}`;
      const tried = forms.get(decoder.d.row) ?? new Set();
      if (tried.has(form)) continue;
      forms.set(decoder.d.row, tried.add(form));
      const list = [...bytes.subarray(0, decoder.d.length)].map((b) => `0x${b.toString(16)}`).join(", ");
      const source = `start: nop\nhead: db ${list}\ninc ecx\njnz head\nret`;
      const { graph, key } = draw(source, { at: bases[0]! });
      if (graph.blocks.get(key("head"))?.instructions.length !== 3) continue;
      count++;
      expectEqual(source);
    }
    expect(count).toBeGreaterThan(600);
  });
  it.each<[string, string, Parameters<typeof both>[1]?]>([
    [
      "relative data",
      "start: mov rax, [rip+0x1000]\nadd [rip+0x1008], rax\nlea rbx, [rip+0x2000]\nmov rcx, [rbx+8]\nmov [rip-64], ecx\nret",
    ],
    ["calls and returns", "start: call one\ncall [rip+0x3000]\ncall rax\njmp [rip+0x3008]\none: push rax\npop rcx\nret"],
    ["a known return", "start: call next\nnext: pop rax\nand rax, -16\nshr rax, 3\nlea rdx, [rax+rcx*2]\njmp rdx"],
    ["pointers to code", "start: lea rax, [rip+16]\npush rax\ncmp rax, rbx\njb start\nlea rcx, [rip+1]\ncall rcx\nret"],
    [
      "loops",
      "start: mov ecx, 50\nhead: add rax, [rip+0x100]\nmovsd xmm0, [rip+0x200]\naddsd xmm0, [rip+0x208]\nloop head\nfld qword [rip+0x300]\nfstp qword [rip+0x308]\nret",
    ],
    [
      "jump tables",
      "start: lea rdx, [rip+0x400]\nmovsxd rax, [rdx+rax*4]\nadd rax, rdx\njmp rax\none: inc ecx\njmp start\ntwo: dec ecx\njnz start\nret",
      { targets: ["one", "two"] },
    ],
    ["system calls", "start: mov eax, 39\nsyscall\ntest eax, eax\njs start\nret"],
  ])("is the same module at all of them: %s", (_what, source, options) => expectEqual(source, options));
});

it("imports only the functions that a region calls", () => {
  const imports = (source: string, deoptimised = false): string[] =>
    WebAssembly.Module.imports(new WebAssembly.Module(emitted(draw(source).graph, { deoptimised }) as BufferSource)).map(
      ({ name }) => name,
    );
  expect(imports("start: inc eax\nret")).not.toContain("lookUp");
  expect(imports("start: mov eax, [rbx+rcx]\nret", true)).toContain("lookUp");
  expect(imports("start: mov eax, 60\nsyscall\nret")).toContain("serve");
});
it("passes an entry of several by number", () => {
  const { graph, key } = draw("start: inc eax\njmp again\nagain: dec ecx\njnz again\nret");
  const both = { ...graph, entries: [key("start"), key("again")] };
  expect(WebAssembly.validate(emitted(both) as BufferSource)).toBe(true);
  expect(emitted(both).length).toBeGreaterThan(emitted(graph).length);
});
