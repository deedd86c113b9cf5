// Filters and calls as fast-check values: a seed is all there is, so a failure is replayed by its number.
import fc from "fast-check";
import { type DataLayout, type Insn, type Program, wordsOf } from "../../src/seccomp/index.ts";
import { type Case, checkedProgram, doubtfulProgram, random, randomCase, v6Program } from "../../tools/seccomp/random.ts";

const seeded = <T>(make: (r: ReturnType<typeof random>) => T): fc.Arbitrary<T> => fc.nat(0xffff_ffff).map((seed) => make(random(seed)));

export const anyProgram: fc.Arbitrary<Program> = seeded(doubtfulProgram);
export const upstreamProgram: fc.Arbitrary<Program> = seeded(checkedProgram);
export const v6DialectProgram: fc.Arbitrary<Program> = seeded(v6Program);
export const anyCase: fc.Arbitrary<Case> = seeded(randomCase);

/** Instructions of no sense at all. */
export const anyInsns: fc.Arbitrary<readonly Insn[]> = fc.array(
  fc.record({ code: fc.nat(0xffff), jt: fc.nat(0xff), jf: fc.nat(0xff), k: fc.nat(0xffff_ffff) }),
  { maxLength: 20 },
);

/** The words of a call in memory that a compiled filter can be linked to. */
export const linkable = (layout: DataLayout, c: Case): { memory: WebAssembly.Memory; words: Uint32Array } => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const words = new Uint32Array(memory.buffer, 0, layout.words.length);
  words.set(wordsOf(layout, c.data));
  return { memory, words };
};
