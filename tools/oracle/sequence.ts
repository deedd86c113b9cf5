// Cases of several instructions in a row, run to an int3: what one leaves for the next (lazy flags, blocks, regions) shows here.
import {
  Decoder,
  DecoderOptions,
  FlowControl,
  Instruction,
  type InstructionInfo,
  InstructionInfoFactory,
  OpAccess,
  Register,
  RegisterExt,
  type UsedMemory,
} from "iced-x86";
import { type Batch, Case, caseBatch, MAX_CODE } from "./case.ts";
import type { Encoding } from "./encodings.ts";
import { fillState } from "./generate.ts";
import { aimOperands } from "./operands.ts";
import type { Random } from "./random.ts";
import type { Scope } from "./scope.ts";
import { isTranscendental } from "./undefined.ts";

const LONGEST = 10;

/** Its memory operands, if it has any, can be aimed whatever the registers hold by then. */
const isPlaced = (info: InstructionInfo): boolean => {
  let placed = true;
  for (const m of info.usedMemory() as UsedMemory[]) {
    const absolute = m.index === Register.None && m.base === Register.None;
    if (m.access !== OpAccess.NoMemAccess && !absolute) placed = false;
    m.free();
  }
  return placed;
};
const loadsSegment = (i: Instruction): boolean => i.opCount > 0 && RegisterExt.isSegmentRegister(i.op0Register);
/** What is right only to within a last place would make all that follows differ. */
const goesOn = (i: Instruction): boolean =>
  i.flowControl === FlowControl.Next && !i.isPrivileged && !i.isStringInstruction && !loadsSegment(i) && !isTranscendental(i);

export class SequenceGenerator {
  readonly #random: Random;
  readonly #instruction = new Instruction();
  readonly #infos = new InstructionInfoFactory();
  readonly #list: readonly Encoding[];

  constructor(random: Random, list: readonly Encoding[]) {
    this.#random = random;
    this.#list = list.filter((e) => this.#decoded(e, 0n, (i, info) => goesOn(i) && isPlaced(info)));
  }

  #decoded<T>(e: Encoding, ip: bigint, use: (i: Instruction, info: InstructionInfo, decoder: Decoder) => T): T {
    const decoder = new Decoder(e.mode, e.bytes, DecoderOptions.AMD);
    decoder.ip = ip;
    decoder.decodeOut(this.#instruction);
    const info = this.#infos.info(this.#instruction);
    const result = use(this.#instruction, info, decoder);
    info.free();
    decoder.free();
    return result;
  }

  batch(count: number, scope: Scope): Batch {
    const batch = caseBatch(count);
    for (let n = 0; n < count; n++) {
      const c = new Case(batch, n);
      c.id = n;
      this.#fill(c, scope);
    }
    return batch;
  }

  #fill(c: Case, scope: Scope): void {
    const r = this.#random;
    const chosen: Encoding[] = [];
    let length = 0;
    for (let wanted = 2 + r.below(LONGEST - 1); chosen.length < wanted; ) {
      const e = r.pick(this.#list);
      if (length + e.bytes.length > MAX_CODE) break;
      chosen.push(e);
      length += e.bytes.length;
    }
    c.code = Buffer.concat(chosen.map((e) => e.bytes));
    c.codeOffset = 0x7f0 + r.below(32);
    fillState(c, (chosen[0] as Encoding).mode, scope, r);
    c.run = true;
    let start = 0;
    for (const e of chosen) {
      this.#decoded(e, c.before.rip + BigInt(start), (i, info, decoder) => {
        const offsets = decoder.getConstantOffsets(i);
        aimOperands(c, info, offsets, { start, length: i.length, ipRelative: i.isIpRelMemoryOperand }, r);
        offsets.free();
      });
      start += e.bytes.length;
    }
  }
}
