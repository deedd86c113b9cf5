// Inline 80-bit arithmetic of compiled regions (x87-number.ts) against the routines, which were tested
// against a processor. The numbers are normal, and some of them are close to a tie. Inline code has the same
// bits, inexactness and C1, or it takes the slow path.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { as } from "../../../src/cpu/codegen/expression.ts";
import { packed, unpacked, type Value, X87Numbers } from "../../../src/cpu/jit/emit/x87-number.ts";
import { at } from "../../../src/cpu/machine/state.ts";
import { Body, i32c, localGet, node, op, wt } from "../../../src/wasm/encoder.ts";
import { ModuleWriter } from "../../../src/wasm/module.ts";
// @ts-expect-error: plain JavaScript, because the build runs it before anything is compiled
import { buildRoutines, routinesPath } from "../../../tools/routines.mjs";
import { Random } from "../fpu/random.ts";


const cases = Number(process.env["NUMBER_CASES"] ?? 200_000);
const OUT = 0x800;
const params = [wt.i64, wt.i32, wt.i64, wt.i32];
type Does = (n: X87Numbers, x: Value, y: Value, to: Value, giveUpIf: Parameters<Parameters<X87Numbers["withSlowPath"]>[0]>[0]) => void;
const negative = (v: Value): Value => ({ ...v, se: node(wt.i32, op.i32xor, [v.se, i32c(-0x8000_0000)]) });
const operations: Readonly<Record<string, readonly [which: number, Does]>> = {
  add: [0, (n, x, y, to, giveUpIf) => n.add(x, y, to, giveUpIf)],
  subtract: [4, (n, x, y, to, giveUpIf) => n.add(x, negative(y), to, giveUpIf)],
  multiply: [1, (n, x, y, to) => n.multiply(x, y, to)],
  divide: [6, (n, x, y, to, giveUpIf) => n.divide(x, y, to, giveUpIf)],
  root: [-1, (n, x, _y, to, giveUpIf) => n.root(x, to, giveUpIf)],
};

/** (m, se, m, se) -> 1 if inline code did it: significand, se, inexact and C1 are at OUT. */
const written = (does: Does): Uint8Array => {
  const b = new Body(params);
  const [m, se, inexact, up, done] = [b.keep(wt.i64), b.keep(wt.i32), b.keep(wt.i64), b.keep(wt.i32), b.keep(wt.i32)];
  const value = (l: number): Value => {
    b.set(l + 1, unpacked(localGet(wt.i32, l + 1)));
    return { m: localGet(wt.i64, l), se: localGet(wt.i32, l + 1), canonical: true };
  };
  const [x, y] = [value(0), value(2)];
  const numbers = new X87Numbers(b, (i, u) => {
    b.set(inexact, as(wt.i64, i));
    b.set(up, as(wt.i32, u));
  });
  numbers.withSlowPath(
    (giveUpIf) => {
      does(numbers, x, y, { m: localGet(wt.i64, m), se: localGet(wt.i32, se), canonical: true }, giveUpIf);
      b.set(done, i32c(1));
    },
    () => b.set(done, i32c(0)),
  );
  b.store(op.i64store, i32c(0), localGet(wt.i64, m), OUT);
  b.store(op.i32store16, i32c(0), packed(localGet(wt.i32, se)), OUT + 8);
  b.store(op.i32store, i32c(0), node(wt.i32, op.i64ne, [localGet(wt.i64, inexact), node(wt.i64, op.i64const, [], 0n)]), OUT + 12);
  b.store(op.i32store, i32c(0), localGet(wt.i32, up), OUT + 16);
  b.expr(localGet(wt.i32, done));
  const w = new ModuleWriter();
  w.exportFunc("f", w.func({ params, results: [wt.i32] }, b.done()));
  return w.done(1);
};

const significand = (r: Random): bigint => {
  const random = (BigInt(r.bits()) << 32n) | BigInt(r.bits());
  const shift = BigInt(r.below(64));
  const kinds = [0n, ~0n, 1n << shift, ~(1n << shift), random << shift, ~(random << shift), random & ~0x7ffn, (random >> 40n) << 40n];
  return BigInt.asUintN(64, (r.chance(3) ? random : (kinds[r.below(kinds.length)] as bigint)) | (1n << 63n));
};
const signExponent = (r: Random): number =>
  (r.chance(2) ? 0x8000 : 0) | (r.chance(8) ? 0x3000 + r.below(0x2000) : 0x3fff + (r.chance(2) ? r.below(3) - 1 : r.below(140) - 70));

describe("inline 80-bit arithmetic", () => {
  let memory: WebAssembly.Memory;
  let routines: Record<string, (...args: (number | bigint)[]) => number | bigint>;
  beforeAll(async () => {
    await buildRoutines();
    memory = new WebAssembly.Memory({ initial: 2, maximum: 2 });
    const module = new WebAssembly.Module(readFileSync(routinesPath));
    routines = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as typeof routines;
  });
  it.each(Object.entries(operations))("%s: equals the routine, and is inline for most numbers", (name, [which, does]) => {
    const view = new DataView(memory.buffer);
    view.setUint16(at.fpuControl, 0x37f, true);
    const f = new WebAssembly.Instance(new WebAssembly.Module(written(does) as Uint8Array<ArrayBuffer>), { vm: { memory } }).exports[
      "f"
    ] as (...args: (bigint | number)[]) => number;
    const r = new Random(7);
    let done = 0;
    for (let n = 0; n < cases; n++) {
      let [xm, xse, ym, yse] = [significand(r), signExponent(r), significand(r), signExponent(r)];
      // A number close to the other one; a dividend that is nearly a multiple; a number near a square.
      if (r.chance(6)) ym = BigInt.asUintN(64, xm + BigInt(r.below(9) - 4)) | (1n << 63n);
      if (which === 6 && r.chance(4)) xm = BigInt.asUintN(64, ((significand(r) * ym) >> 64n) + BigInt(r.below(5) - 2)) | (1n << 63n);
      if (which === -1) {
        xse &= 0x7fff;
        const root = significand(r) | 1n;
        if (r.chance(2)) xm = BigInt.asUintN(64, ((root * root) >> (r.chance(2) ? 63n : 64n)) + BigInt(r.below(5) - 2)) | (1n << 63n);
      }
      if (f(xm, xse, ym, yse) !== 1) continue;
      done++;
      const ours = [
        view.getBigUint64(OUT, true),
        view.getUint16(OUT + 8, true),
        view.getInt32(OUT + 12, true),
        view.getInt32(OUT + 16, true),
      ];
      const m = which < 0 ? routines["fpu_root"]!(xm, xse) : routines["fpu_operate"]!(which, xm, xse, ym, yse);
      const rest = routines["fpu_rest"]!() as number;
      const theirs = [BigInt.asUintN(64, m as bigint), rest & 0xffff, (rest >> 21) & 1, (rest >> 25) & 1];
      if (`${ours}` !== `${theirs}`)
        expect.fail(`${name} ${[xm, xse, ym, yse].map((v) => v.toString(16))}: ${theirs} there, ${ours} in line`);
    }
    expect(done / cases).toBeGreaterThan(0.6);
  });
});
