// Cases of several instructions in a row, run to an int3. They show the state between instructions: lazy
// flags, blocks, regions.
import { FlowControl, type Instruction, Register, RegisterExt } from "iced-x86";
import { type Batch, Case, caseBatch, MAX_CODE } from "./case.ts";
import type { Encoding } from "./encodings.ts";
import { StateFiller } from "./generate.ts";
import { aimOperands } from "./operands.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Random } from "./random.ts";
import type { Scope } from "./scope.ts";
import { isTranscendental } from "./undefined.ts";

const LONGEST = 10;

/** True if its memory operands can be aimed for any later register values. */
const isPlaced = (plan: Plan): boolean => plan.memory.every((m) => m.index === Register.None && m.base === Register.None);
const loadsSegment = (i: Instruction): boolean => i.opCount > 0 && RegisterExt.isSegmentRegister(i.op0Register);
/** False for results that are right only to within the last place, because all later results would differ. */
export const goesOn = (i: Instruction): boolean =>
  i.flowControl === FlowControl.Next && !i.isPrivileged && !i.isStringInstruction && !loadsSegment(i) && !isTranscendental(i);

export class SequenceGenerator {
  readonly #random: Random;
  readonly #filler: StateFiller;
  readonly #list: readonly Encoding[];

  constructor(random: Random, list: readonly Encoding[]) {
    this.#random = random;
    this.#filler = new StateFiller(random);
    this.#list = list.filter((e) => goesOn(planOf(e).instruction) && isPlaced(planOf(e)));
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
    this.#filler.fill(c, (chosen[0] as Encoding).mode, scope);
    c.run = true;
    let start = 0;
    for (const e of chosen) {
      aimOperands(c, planOf(e), start, r);
      start += e.bytes.length;
    }
  }
}
