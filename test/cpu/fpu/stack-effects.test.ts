// The stack effects that compiled regions and their analysis read (isa/x87-operations.ts), against the
// routines: registers that are read, written, pushed and popped.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { type InlineRoutine, x87StackEffects } from "../../../src/cpu/isa/x87-operations.ts";
import { stackIndex, stackNeeds } from "../../../src/cpu/jit/analysis/x87-batches.ts";
import { cpuModel } from "../../../src/cpu/machine/model.ts";
import { at, State } from "../../../src/cpu/machine/state.ts";
import { wt } from "../../../src/wasm/encoder.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";

const TOP = 3;
/** The stack fault and the invalid operation in the status word. */
const FAULT = 0x41;
/** Calls in order: a store is computed first, and takes effect with its last routine. */
const sequences: readonly (readonly [InlineRoutine, ...number[]])[][] = [
  ...(["fld_f32", "fld_f64", "fild", "fldc"] as const).map((name) => [[name, 0] as const]),
  [["fld_st", 2]],
  [["fxch", 3]],
  [["fst_st", 2, 0]],
  [["fst_st", 2, 1]],
  ...(["fst_f32_value", "fst_f64_value"] as const).flatMap((name) => [0, 1].map((pops) => [[name] as const, ["stored", pops] as const])),
  ...(["arith_f32", "arith_f64", "arith_i32"] as const).map((name) => [[name, 0, 0] as const]),
  [["arith_st", 0, 3]],
  [["arith_to", 0, 3, 0]],
  [["arith_to", 0, 3, 1]],
  [["fcomi", 2, 0, 0]],
  [["fcomi", 2, 0, 1]],
  [["fabs"]],
  [["fchs"]],
  [["fsqrt"]],
];

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});
/** Executes the routines with the given registers empty, by number from the top. */
const run = (calls: (typeof sequences)[number], empty: readonly number[]) => {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  const state = new State(memory, cpuModel("x86-64-v1:amd")!);
  const { exports } = new WebAssembly.Instance(code.routines.module, { vm: { memory }, env: { memory, abort: () => {} } });
  state.u16[at.fpuControl >> 1] = 0x37f;
  state.u16[at.fpuStatus >> 1] = TOP << 11;
  state.u8[at.fpuEmpty] = empty.reduce((set, i) => set | (1 << ((TOP + i) & 7)), 0);
  for (let r = 0; r < 8; r++) {
    state.view.setBigUint64(at.fpuRegs + r * 16, 1n << 63n, true);
    state.view.setUint16(at.fpuRegs + r * 16 + 8, 0x3fff + r, true);
  }
  const before = Buffer.from(state.u8.slice(at.fpuRegs, at.fpuRegs + 128));
  for (const [name, ...args] of calls) {
    const { params } = code.routineTypes[name]!;
    (exports[name] as (...all: unknown[]) => unknown)(...params.map((t, n) => (t === wt.i64 ? BigInt(args[n] ?? 0) : (args[n] ?? 0))));
  }
  const status = state.u16[at.fpuStatus >> 1] as number;
  const changed = Array.from({ length: 8 }, (_, i) => i).filter((i) => {
    const r = ((TOP + i) & 7) * 16;
    return !before.subarray(r, r + 10).equals(state.u8.subarray(at.fpuRegs + r, at.fpuRegs + r + 10));
  });
  const isEmpty = (i: number): boolean => ((state.u8[at.fpuEmpty]! >> ((TOP + i) & 7)) & 1) === 1;
  return { faults: (status & FAULT) === FAULT, depth: (((status >> 11) & 7) - TOP + 8) & 7, changed, isEmpty };
};

describe.each(sequences.map((calls) => [calls.map(([name, ...args]) => `${name} ${args.join(" ")}`.trim()).join(", "), calls] as const))(
  "%s",
  (_text, calls) => {
    const needs = stackNeeds(calls.map(([routine, ...args]) => ({ routine, args })));
    const pushes = calls.some(([name]) => x87StackEffects[name].pushes);
    const free = pushes ? [7] : [];
    it("faults if, and only if, a register that it reads is empty or one that it pushes into is full", () => {
      expect(run(calls, free).faults).toBe(false);
      if (pushes) expect(run(calls, []).faults).toBe(true);
      const reads = calls.flatMap(([name, ...args]) => x87StackEffects[name].reads.map((r) => stackIndex(r, (n) => args[n]!)));
      for (let i = 0; i < 7; i++) expect([i, run(calls, [i, ...free]).faults]).toEqual([i, reads.includes(i)]);
    });
    it("changes the registers that it writes, and TOP", () => {
      const { changed, depth, isEmpty } = run(calls, free);
      const writes = calls.flatMap(([name, ...args]) => x87StackEffects[name].writes.map((r) => stackIndex(r, (n) => args[n]!)));
      const pops = calls.some(([name, ...args]) => {
        const at = x87StackEffects[name].pops;
        return at !== undefined && args[at] === 1;
      });
      for (const i of changed) expect([...writes, ...free]).toContain(i);
      expect(depth).toBe(pushes ? 7 : pops ? 1 : 0);
      expect(isEmpty(7)).toBe(false);
      expect(isEmpty(0)).toBe(pops);
    });
    it("needs these registers at the start of a batch", () => {
      expect(needs.empty).toBe(pushes ? 0x80 : 0);
      const effects = calls.flatMap(([name, ...args]) =>
        [...x87StackEffects[name].reads, ...x87StackEffects[name].writes].map((r) => stackIndex(r, (n) => args[n]!)),
      );
      expect(needs.full).toBe(effects.reduce((set, i) => set | (1 << i), 0));
    });
  },
);
it("covers every routine with an inline form", () => {
  const called = new Set<string>(sequences.flat().map(([name]) => name));
  // It only reads the mask of exceptions.
  called.add("stores");
  expect(Object.keys(x87StackEffects).filter((name) => !called.has(name))).toEqual([]);
});
