// The meanings in the table of vector operations equal WebAssembly's results.
import { expect, it } from "vitest";
import { as } from "../../../src/cpu/codegen/expression.ts";
import { joined, lanes, type SimdName, type SimdOp, simd } from "../../../src/cpu/isa/simd.ts";
import { Body, i32c, node, op, type WasmType, wt } from "../../../src/wasm/encoder.ts";
import { ModuleWriter } from "../../../src/wasm/module.ts";
import { Random } from "../../../tools/oracle/random.ts";

const names = Object.keys(simd) as SimdName[];
const result = 64;
const width: Readonly<Partial<Record<WasmType, number>>> = { [wt.i32]: 32, [wt.f32]: 32, [wt.i64]: 64, [wt.f64]: 64, [wt.v128]: 128 };

/** One function an operation: operands from 0, 16 and 32, result to 64. */
const machine = (): { memory: WebAssembly.Memory; run: Record<string, () => void> } => {
  const m = new ModuleWriter();
  for (const name of names) {
    const o: SimdOp = simd[name];
    const b = new Body([]);
    const args = o.params.map((t, n) => as(t, node(wt.v128, op.v128load, [i32c(0)], n * 16)));
    b.store(op.v128store, i32c(0), as(wt.v128, node(o.result, o.opcode, args)), result);
    m.exportFunc(name, m.func({ params: [], results: [] }, b.done()));
  }
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(m.done(1) as BufferSource), { vm: { memory } });
  return { memory, run: instance.exports as Record<string, () => void> };
};

const floats: readonly bigint[] = [
  0n,
  1n << 63n,
  0x3ff0_0000_0000_0000n,
  0xbff8_0000_0000_0000n,
  0x7ff0_0000_0000_0000n,
  0xfff8_0000_0000_0001n,
  1n,
  0x41df_ffff_ffe0_0000n,
  0xc3e0_0000_0000_0000n,
  0x4004_0000_0000_0000n,
  0x3f80_0000_bf00_0000n,
  0x4f00_0000_cf00_0000n,
  0x7f80_0000_0000_0001n,
  0x3fc0_0000_4020_0000n,
];
const vector = (r: Random): bigint =>
  joined(
    64,
    [0, 1].map(() => (r.chance(0.4) ? r.pick(floats) : r.word())),
  );

/** NaNs are all one: which it is, WebAssembly leaves open. */
const isNaNBits = (w: number, v: bigint): boolean =>
  w === 32 ? (v & 0x7fff_ffffn) > 0x7f80_0000n : (v & 0x7fff_ffff_ffff_ffffn) > 0x7ff0_0000_0000_0000n;
const plain = (name: SimdName, v: bigint): bigint => {
  const t = simd[name].result;
  const w = t === wt.f32 || /^f32|promote/.test(name) ? 32 : t === wt.f64 || /^f64/.test(name) ? 64 : 0;
  const lane = name.includes("promote") || name.includes("convert_low") ? 64 : w;
  return lane === 0 || /\.(eq|lt|le)$/.test(name)
    ? v
    : joined(
        lane,
        lanes(lane, v).map((x) => (isNaNBits(lane, x) ? ~0n : x)),
      );
};

it("every vector operation means what WebAssembly computes", () => {
  const { memory, run } = machine();
  const words = new BigUint64Array(memory.buffer);
  const random = new Random(1);
  for (const name of names) {
    const o: SimdOp = simd[name];
    for (let n = 0; n < 300; n++) {
      const args = o.params.map(() => vector(random));
      args.forEach((v, i) => words.set(lanes(64, v), i * 2));
      run[name]!();
      const theirs = (words[result / 8] as bigint) | ((words[result / 8 + 1] as bigint) << 64n);
      const ours = o.meaning(...args.map((v, i) => BigInt.asUintN(width[o.params[i]!]!, v)));
      expect(plain(name, BigInt.asUintN(128, ours)), `${name} ${args.map((v) => v.toString(16))}`).toBe(plain(name, theirs));
    }
  }
});
