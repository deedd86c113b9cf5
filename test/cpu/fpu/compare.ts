// One operation, many cases, ours against the processor's: the cases that differ, printed.
import { judgeX87, x87In, x87Out } from "./judge.ts";
import type { Operation } from "./operations.ts";
import type { Fpu } from "./ours.ts";
import { putBcd, putF80, putFloat, putInteger, Random } from "./random.ts";

const memorySize = 16;
const stride = x87In + memorySize;
const arithmeticFlags = 0x8d5;
/** Cases that a report prints. */
const shown = 3;

/**
 * A start state: control word, status with no unmasked exception pending, tags, registers, EFLAGS, memory
 * operand.
 */
const putCase = (view: DataView, at: number, r: Random, operation: Operation): void => {
  const near = operation.near ?? [0x3fff, 0x3fff, 1 + r.below(0x7ffe)];
  const exponent = near[r.below(near.length)] as number;
  const masks = r.below(4) === 0 ? r.bits() & 0x3f : 0x3f;
  const control = r.below(4) === 0 ? 0x340 : 0x40 | (r.bits() & 0xf00);
  view.setUint32(at, 0xffff0000 | control | masks, true);
  const sticky = r.below(3) === 0 ? r.bits() & masks & 0x7f : 0;
  view.setUint32(at + 4, 0xffff0000 | (r.bits() & 0x7f00 & ~0x80) | sticky, true);
  let tags = 0;
  if (r.below(6) === 0) tags = r.bits() & 0xffff;
  else if (r.below(2) === 0) tags = (0xffff << (2 * r.below(8))) & 0xffff;
  view.setUint32(at + 8, 0xffff0000 | tags, true);
  view.setUint32(at + 24, 0xffff0000, true);
  for (let i = 0; i < 8; i++) putF80(view, at + 28 + 10 * i, r, exponent);
  view.setUint32(at + 108, 0x202 | (r.bits() & arithmeticFlags), true);
  const operand = at + x87In;
  for (let i = 0; i < memorySize; i++) view.setUint8(operand + i, 0xee);
  switch (operation.memory) {
    case "f32":
      putFloat(view, operand, r, 4, exponent - 0x3fff + 127);
      break;
    case "f64":
      putFloat(view, operand, r, 8, exponent - 0x3fff + 1023);
      break;
    case "f80":
      putF80(view, operand, r, exponent);
      break;
    case "i16":
      putInteger(view, operand, r, 2);
      break;
    case "i32":
      putInteger(view, operand, r, 4);
      break;
    case "i64":
      putInteger(view, operand, r, 8);
      break;
    case "bcd":
      putBcd(view, operand, r);
      break;
    default:
  }
};

const show = (image: Uint8Array): string => {
  const v = new DataView(image.buffer, image.byteOffset);
  const hex = (n: number | bigint, digits: number) => n.toString(16).padStart(digits, "0");
  const sw = v.getUint16(4, true);
  const names = ["IE", "DE", "ZE", "OE", "UE", "PE", "SF", "ES", "C0", "C1", "C2", "", "", "", "C3", "B"].filter(
    (name, bit) => name && (sw >> bit) & 1,
  );
  const registers = Array.from(
    { length: 4 },
    (_, i) => `${hex(v.getUint16(36 + 10 * i, true), 4)}:${hex(v.getBigUint64(28 + 10 * i, true), 16)}`,
  );
  return `cw ${hex(v.getUint16(0, true), 4)} sw ${hex(sw, 4)} [${names.join(" ")}] top ${(sw >> 11) & 7} tags ${hex(v.getUint16(8, true), 4)} st ${registers.join(" ")}`;
};

export interface Outcome {
  readonly failures: number;
  /** Cases where a loose operation was not bit-equal, but close enough. */
  readonly close: number;
  readonly report: string;
}

export const compare = (fpu: Fpu, operation: Operation, count: number, seed: number): Outcome => {
  const r = new Random(seed);
  const cases = new Uint8Array(count * stride);
  const view = new DataView(cases.buffer);
  for (let i = 0; i < count; i++) putCase(view, i * stride, r, operation);
  const answers = judgeX87(operation.code, count, memorySize, cases);
  let failures = 0;
  let close = 0;
  let report = "";
  for (let i = 0; i < count; i++) {
    const before = i * stride;
    const after = i * (x87Out + memorySize);
    const memory = new Uint8Array(cases.slice(before + x87In, before + stride));
    const image = answers.subarray(after, after + x87Out);
    const theirFlags = answers.readUInt32LE(after + 108) & arithmeticFlags;
    const eflags = view.getUint32(before + 108, true);
    fpu.restore(new DataView(cases.buffer, before));
    const written = operation.run(fpu.x, new DataView(memory.buffer), eflags);
    const flags = written === undefined ? eflags & arithmeticFlags : written;
    const theirs = answers.subarray(after + x87Out, after + x87Out + memorySize);
    if (fpu.equals(image) && flags === theirFlags && Buffer.compare(memory, theirs) === 0) continue;
    if (operation.loose && fpu.resembles(image)) {
      close++;
      continue;
    }
    if (failures++ >= shown) continue;
    const input = cases.subarray(before, before + stride);
    report += `${operation.name}\n  in   ${show(input)} mem ${Buffer.from(input.subarray(x87In)).toString("hex")}\n`;
    report += `  cpu  ${show(image)} mem ${theirs.toString("hex")} flags ${theirFlags.toString(16)}\n`;
    report += `  ours ${show(fpu.save())} mem ${Buffer.from(memory).toString("hex")} flags ${flags.toString(16)}\n`;
  }
  return { failures, close, report };
};
