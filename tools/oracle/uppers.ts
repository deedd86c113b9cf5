// Upper halves of registers outside 64-bit mode: the values that 64-bit code leaves in them, and cases that
// go to 32-bit code and come back.
import { Register } from "iced-x86";
import { R, S } from "../../src/cpu/machine/state.ts";
import { type Batch, Case, caseBatch, MAX_CODE } from "./case.ts";
import type { Encoding } from "./encodings.ts";
import { StateFiller } from "./generate.ts";
import { type Plan, planOf } from "./plan.ts";
import type { Random } from "./random.ts";
import { goesOn } from "./sequence.ts";
import { CODE, DATA, selector, WINDOW } from "./world.ts";

/**
 * Cases outside 64-bit mode begin with something in the upper halves, and in r8 to r15. rsp has none there.
 */
export const dirty = (batch: Batch, r: Random): void => {
  for (let n = 0; n < batch.count; n++) {
    const s = new Case(batch, n).before;
    for (let g = 0; g < 16; g++) if (g !== R.sp) s.setGpr(g, (s.gpr(g) & 0xffff_ffffn) | (BigInt(r.chance(0.2) ? 0 : r.u32()) << 32n));
  }
};

const bytesOf = (...parts: readonly (number | readonly number[])[]): Uint8Array => Uint8Array.from(parts.flat());
const word = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, n >>> 24];
const { userCode32, userCode64, userData } = selector;

/** Ways from 64-bit code to 32-bit code at an address, and back. */
const there = [
  // push; push; retfq
  (to: number) => bytesOf(0x6a, userCode32, 0x68, word(to), 0x48, 0xcb),
  // push; push rsp; pushfq; push; push; iretq
  (to: number) => bytesOf(0x6a, userData, 0x54, 0x9c, 0x6a, userCode32, 0x68, word(to), 0x48, 0xcf),
] as const;
const back = [
  (to: number) => bytesOf(0xea, word(to), userCode64, 0),
  // push; push; retf
  (to: number) => bytesOf(0x6a, userCode64, 0x68, word(to), 0xcb),
  // pushfd; push; push; iret
  (to: number) => bytesOf(0x9c, 0x6a, userCode64, 0x68, word(to), 0xcf),
] as const;

/** It touches no memory, and leaves the stack pointer alone. */
const isPlain = ({ instruction, memory, row }: Plan): boolean =>
  row !== undefined &&
  goesOn(instruction) &&
  memory.length === 0 &&
  [...Array(instruction.opCount).keys()].every(
    (n) => ![Register.SPL, Register.SP, Register.ESP, Register.RSP].includes(instruction.opRegister(n)),
  );

/** 64-bit code, 32-bit code, 64-bit code: a few instructions of each. */
export class SwitchGenerator {
  readonly #random: Random;
  readonly #filler: StateFiller;
  readonly #wide: readonly Encoding[];
  readonly #narrow: readonly Encoding[];
  constructor(random: Random, wide: readonly Encoding[], narrow: readonly Encoding[]) {
    this.#random = random;
    this.#filler = new StateFiller(random);
    this.#wide = wide.filter((e) => isPlain(planOf(e)));
    this.#narrow = narrow.filter((e) => isPlain(planOf(e)));
  }
  batch(count: number): Batch {
    const batch = caseBatch(count);
    for (let n = 0; n < count; n++) this.#fill(new Case(batch, n), n);
    return batch;
  }
  #some(from: readonly Encoding[], most: number): Uint8Array {
    const r = this.#random;
    const all = Array.from({ length: r.below(most + 1) }, () => r.pick(from).bytes);
    return Buffer.concat(all.filter((_, n) => all.slice(0, n + 1).reduce((sum, e) => sum + e.length, 0) <= 10));
  }
  #fill(c: Case, id: number): void {
    const r = this.#random;
    c.id = id;
    c.codeOffset = 0x7f0;
    const start = CODE + c.codeOffset;
    const [go, come] = [r.pick(there), r.pick(back)];
    const [before, inside, after] = [this.#some(this.#wide, 2), this.#some(this.#narrow, 4), this.#some(this.#wide, 2)];
    const at32 = start + before.length + go(0).length;
    const at64 = at32 + inside.length + come(0).length;
    const code = Buffer.concat([before, go(at32), inside, come(at64), after]);
    c.code = code.subarray(0, MAX_CODE);
    this.#filler.fill(c, 64, "integer");
    const s = c.before;
    for (const n of [S.ds, S.es]) s.setSelector(n, userData);
    s.setGpr(R.sp, BigInt(DATA + WINDOW.offset + 128));
    c.run = true;
  }
}
