// The facts about an encoding that cases need, decoded once by iced-x86 and once by us.
import {
  Decoder as Iced,
  Instruction,
  InstructionInfoFactory,
  type MemorySize,
  MemorySizeExt,
  Mnemonic,
  OpAccess,
  type Register,
  type UsedMemory,
} from "iced-x86";
import { Decoder, decodeTables } from "../../src/cpu/decode/decoder.ts";
import { formOf } from "../../src/cpu/decode/instance.ts";
import type { Row } from "../../src/cpu/isa/row.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";
import { contexts } from "../../src/cpu/machine/context.ts";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import { type Encoding, icedOptions } from "./encodings.ts";

/** A memory operand, explicit or implied. */
export interface PlannedMemory {
  readonly base: Register;
  readonly index: Register;
  readonly scale: bigint;
  readonly displacement: bigint;
  readonly segment: Register;
  readonly memorySize: MemorySize;
  /** Bytes; 8 where iced does not say. */
  readonly size: number;
}
export interface Plan {
  readonly instruction: Instruction;
  /** In small letters. */
  readonly mnemonic: string;
  readonly memory: readonly PlannedMemory[];
  /** Where its immediate begins, or -1. */
  readonly immediateAt: number;
  readonly displacementAt: number;
  /** Bytes, 0 if it has none. */
  readonly displacementSize: number;
  /** Our row, undefined if there is none: and the form that runs it in each context. */
  readonly row: Row | undefined;
  readonly forms: readonly number[];
}

const infos = new InstructionInfoFactory();
const decoders: Readonly<Record<Vendor, Decoder>> = {
  amd: new Decoder(decodeTables(rows, "amd")),
  intel: new Decoder(decodeTables(rows, "intel")),
};
const known = new WeakMap<Encoding, Plan>();

const memoryOf = (i: Instruction): PlannedMemory[] => {
  if (i.isInvalid) return [];
  const info = infos.info(i);
  const found: PlannedMemory[] = [];
  for (const m of info.usedMemory() as UsedMemory[]) {
    const { base, index, displacement, segment, memorySize } = m;
    if (m.access !== OpAccess.NoMemAccess)
      found.push({ base, index, scale: BigInt(m.scale), displacement, segment, memorySize, size: MemorySizeExt.size(memorySize) || 8 });
    m.free();
  }
  info.free();
  return found;
};

export const planOf = (e: Encoding): Plan => {
  const old = known.get(e);
  if (old) return old;
  const iced = new Iced(e.mode, e.bytes, icedOptions[e.vendor]);
  const decoder = decoders[e.vendor];
  const instruction = new Instruction();
  iced.decodeOut(instruction);
  const offsets = iced.getConstantOffsets(instruction);
  const decoded = decoder.decode(e.bytes, 0, e.bytes.length, 0, e.mode) === "ok" ? decoder.d : undefined;
  const plan: Plan = {
    instruction,
    mnemonic: (Mnemonic[instruction.mnemonic] as string).toLowerCase(),
    memory: memoryOf(instruction),
    immediateAt: offsets.hasImmediate ? offsets.immediateOffset : -1,
    displacementAt: offsets.displacementOffset,
    displacementSize: offsets.hasDisplacement ? offsets.displacementSize : 0,
    row: decoded?.row,
    forms: decoded ? contexts.map((c, n) => (c.mode === e.mode ? formOf(decoded, n).key : -1)) : [],
  };
  offsets.free();
  iced.free();
  known.set(e, plan);
  return plan;
};

/**
 * Frees iced-x86's memory of an encoding after its last use. JavaScript's collector does not see that memory.
 */
export const forget = (e: Encoding): void => {
  known.get(e)?.instruction.free();
  known.delete(e);
};
