// The exact SSE routines give the processor's bits: results, MXCSR, EFLAGS, and whether #XM is raised.
import { beforeAll, describe, expect, test } from "vitest";
import type { CpuFeature } from "../../../src/cpu/machine/model.ts";
import { at } from "../../../src/cpu/machine/state.ts";
import { hasFeature } from "../../../tools/oracle/processor.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";
import { nativeVendor } from "../../support/native.ts";
import { judgeSse, sseIn, sseOut } from "./judge.ts";
import { type Exports, Fpu } from "./ours.ts";
import { putFloat, putInteger, Random } from "./random.ts";

const count = Number(process.env["FPU_CASES"] ?? 4000);
const seed = Number(process.env["FPU_SEED"] ?? 1);

type Operand = "f32" | "f64" | "i32" | "i64";
interface SseOperation {
  readonly name: string;
  readonly code: readonly number[];
  readonly operand: Operand;
  /** New state from the old: xmm0, xmm1, rax as low and high halves at byte 16, 32, 8 of the case. */
  run(x: Exports, v: DataView): () => void;
}

const arithmetic: [string, number][] = [
  ["add", 0x58],
  ["mul", 0x59],
  ["sub", 0x5c],
  ["min", 0x5d],
  ["div", 0x5e],
  ["max", 0x5f],
];
const set32 = (v: DataView, at: number, value: number) => () => v.setInt32(at, value, true);
const set64 = (v: DataView, at: number, value: bigint) => () => v.setBigInt64(at, value, true);
const a32 = (v: DataView, lane = 0) => v.getInt32(16 + lane * 4, true);
const b32 = (v: DataView, lane = 0) => v.getInt32(32 + lane * 4, true);
const a64 = (v: DataView, lane = 0) => v.getBigInt64(16 + lane * 8, true);
const b64 = (v: DataView, lane = 0) => v.getBigInt64(32 + lane * 8, true);
const all = (steps: (() => void)[]) => () => {
  for (const s of steps) s();
};
const lanes = <T>(n: number, f: (lane: number) => T): T[] => Array.from({ length: n }, (_, i) => f(i));
const setFlags = (v: DataView, flags: number) => () => v.setUint32(4, (v.getUint32(4, true) & ~0x8d5) | flags, true);
/** To a general register: a 32-bit destination is zero-extended. */
const setRax = (v: DataView, width: number, value: bigint) => set64(v, 8, width === 32 ? BigInt.asUintN(32, value) : value);

// biome-ignore format: table
const operations: SseOperation[] = [
  ...arithmetic.flatMap(([name, op]): SseOperation[] => [
    { name: `${name}ss`, code: [0xf3, 0x0f, op, 0xc1], operand: "f32", run: (x, v) => set32(v, 16, x[`sse_${name}32`]?.(a32(v), b32(v))) },
    { name: `${name}sd`, code: [0xf2, 0x0f, op, 0xc1], operand: "f64", run: (x, v) => set64(v, 16, x[`sse_${name}64`]?.(a64(v), b64(v))) },
    { name: `${name}ps`, code: [0x0f, op, 0xc1], operand: "f32", run: (x, v) => all(lanes(4, (i) => set32(v, 16 + 4 * i, x[`sse_${name}32`]?.(a32(v, i), b32(v, i))))) },
    { name: `${name}pd`, code: [0x66, 0x0f, op, 0xc1], operand: "f64", run: (x, v) => all(lanes(2, (i) => set64(v, 16 + 8 * i, x[`sse_${name}64`]?.(a64(v, i), b64(v, i))))) },
  ]),
  { name: "sqrtss", code: [0xf3, 0x0f, 0x51, 0xc1], operand: "f32", run: (x, v) => set32(v, 16, x["sse_sqrt32"]?.(b32(v))) },
  { name: "sqrtsd", code: [0xf2, 0x0f, 0x51, 0xc1], operand: "f64", run: (x, v) => set64(v, 16, x["sse_sqrt64"]?.(b64(v))) },
  ...lanes(8, (p): SseOperation[] => [
    { name: `cmpss ${p}`, code: [0xf3, 0x0f, 0xc2, 0xc1, p], operand: "f32", run: (x, v) => set32(v, 16, x["sse_cmp32"]?.(a32(v), b32(v), p)) },
    { name: `cmpsd ${p}`, code: [0xf2, 0x0f, 0xc2, 0xc1, p], operand: "f64", run: (x, v) => set64(v, 16, x["sse_cmp64"]?.(a64(v), b64(v), p)) },
  ]).flat(),
  ...lanes(32, (p): SseOperation => (
    { name: `vcmpsd ${p}`, code: [0xc5, 0xfb, 0xc2, 0xc1, p], operand: "f64", run: (x, v) => set64(v, 16, x["sse_cmp64"]?.(a64(v), b64(v), p)) }
  )),
  ...(["ucomi", "comi"] as const).flatMap((name, i): SseOperation[] => [
    { name: `${name}ss`, code: [0x0f, 0x2e + i, 0xc1], operand: "f32", run: (x, v) => setFlags(v, x["sse_comi32"]?.(a32(v), b32(v), 1 - i)) },
    { name: `${name}sd`, code: [0x66, 0x0f, 0x2e + i, 0xc1], operand: "f64", run: (x, v) => setFlags(v, x["sse_comi64"]?.(a64(v), b64(v), 1 - i)) },
  ]),
  { name: "cvtss2sd", code: [0xf3, 0x0f, 0x5a, 0xc1], operand: "f32", run: (x, v) => set64(v, 16, x["sse_widen"]?.(b32(v))) },
  { name: "cvtsd2ss", code: [0xf2, 0x0f, 0x5a, 0xc1], operand: "f64", run: (x, v) => set32(v, 16, x["sse_shorten"]?.(b64(v))) },
  { name: "cvtsi2ss r32", code: [0xf3, 0x0f, 0x2a, 0xc0], operand: "i32", run: (x, v) => set32(v, 16, x["sse_from32"]?.(BigInt(v.getInt32(8, true)))) },
  { name: "cvtsi2ss r64", code: [0xf3, 0x48, 0x0f, 0x2a, 0xc0], operand: "i64", run: (x, v) => set32(v, 16, x["sse_from32"]?.(v.getBigInt64(8, true))) },
  { name: "cvtsi2sd r32", code: [0xf2, 0x0f, 0x2a, 0xc0], operand: "i32", run: (x, v) => set64(v, 16, x["sse_from64"]?.(BigInt(v.getInt32(8, true)))) },
  { name: "cvtsi2sd r64", code: [0xf2, 0x48, 0x0f, 0x2a, 0xc0], operand: "i64", run: (x, v) => set64(v, 16, x["sse_from64"]?.(v.getBigInt64(8, true))) },
  ...([["cvtt", 0x2c, 1], ["cvt", 0x2d, 0]] as const).flatMap(([name, op, truncate]) => [32, 64].flatMap((width): SseOperation[] => {
    const rex = width === 64 ? [0x48] : [];
    return [
      { name: `${name}ss2si r${width}`, code: [0xf3, ...rex, 0x0f, op, 0xc1], operand: "f32", run: (x, v) => setRax(v, width, x["sse_to32"]?.(b32(v), width, truncate)) },
      { name: `${name}sd2si r${width}`, code: [0xf2, ...rex, 0x0f, op, 0xc1], operand: "f64", run: (x, v) => setRax(v, width, x["sse_to64"]?.(b64(v), width, truncate)) },
    ];
  })),
  ...[0, 1, 2, 3, 4, 8, 11, 12].flatMap((how): SseOperation[] => [
    { name: `roundss ${how}`, code: [0x66, 0x0f, 0x3a, 0x0a, 0xc1, how], operand: "f32", run: (x, v) => set32(v, 16, x["sse_round32"]?.(b32(v), how)) },
    { name: `roundsd ${how}`, code: [0x66, 0x0f, 0x3a, 0x0b, 0xc1, how], operand: "f64", run: (x, v) => set64(v, 16, x["sse_round64"]?.(b64(v), how)) },
  ]),
];

const near = { f32: [127, 127 + 30, 1, 60], f64: [1023, 1023 + 31, 1023 + 62, 500, 1023 - 126, 1023 + 127], i32: [0], i64: [0] };

const putCase = (v: DataView, at: number, r: Random, operation: SseOperation): void => {
  const masks = r.below(3) ? 0x3f : r.bits() & 0x3f;
  const flags = r.below(2) ? 0x20 : r.bits() & 0x3f;
  const modes = r.below(2) ? 0 : r.bits() & 0xe040;
  v.setUint32(at, (masks << 7) | flags | modes, true);
  v.setUint32(at + 4, 0x202 | (r.bits() & 0x8d5), true);
  putInteger(v, at + 8, r, operation.operand === "i32" ? 4 : 8);
  const bytes = operation.operand === "f32" ? 4 : 8;
  const choices = near[operation.operand];
  const exponent = choices[r.below(choices.length)] as number;
  for (let i = 0; i < 32; i += bytes) putFloat(v, at + 16 + i, r, bytes, exponent);
};

const show = (bytes: Uint8Array) => {
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const hex = (n: number | bigint) => n.toString(16).padStart(typeof n === "bigint" ? 16 : 4, "0");
  return `mxcsr ${hex(v.getUint32(0, true))} flags ${hex(v.getUint32(4, true))} rax ${hex(v.getBigUint64(8, true))} xmm0 ${hex(v.getBigUint64(24, true))}${hex(v.getBigUint64(16, true))} xmm1 ${hex(v.getBigUint64(40, true))}${hex(v.getBigUint64(32, true))}`;
};

const needs = ({ name }: SseOperation): CpuFeature => (name.startsWith("v") ? "avx" : name.startsWith("round") ? "sse4_1" : "sse2");
const here = operations.filter((operation) => hasFeature(needs(operation)));

describe.skipIf(missing("SSE routines against the processor", nativeX64, gcc))("SSE routines against the processor", () => {
  let fpu: Fpu;
  beforeAll(async () => {
    fpu = await Fpu.create(nativeVendor() ?? "amd");
  });

  test.each(here.map((o) => [o.name, o] as const))(
    "%s equals the processor on random and edge operands",
    (_, operation) => {
      const r = new Random(seed);
      const cases = new Uint8Array(count * sseIn);
      const v = new DataView(cases.buffer);
      for (let i = 0; i < count; i++) putCase(v, i * sseIn, r, operation);
      const answers = judgeSse(operation.code, count, cases);
      let failures = 0;
      let report = "";
      for (let i = 0; i < count; i++) {
        const ours = cases.slice(i * sseIn, (i + 1) * sseIn);
        const state = new DataView(ours.buffer);
        fpu.state.u32[at.mxcsr >> 2] = state.getUint32(0, true);
        const deliver = operation.run(fpu.x, state);
        const faults = fpu.x["sse_commit"]?.();
        if (!faults) deliver();
        state.setUint32(0, fpu.state.u32[at.mxcsr >> 2] as number, true);
        const theirs = answers.subarray(i * sseOut, i * sseOut + sseIn);
        if (Buffer.compare(ours, theirs) === 0 && faults === answers.readUInt32LE(i * sseOut + sseIn)) continue;
        if (failures++ < 3)
          report += `${operation.name}\n  in   ${show(cases.subarray(i * sseIn))}\n  cpu  ${show(theirs)}\n  ours ${show(ours)} fault ${faults}\n`;
      }
      expect(`${failures} differ\n${report}`).toBe("0 differ\n");
    },
    600_000,
  );
});
