// Answers of the host: what a recorder notes is what a replay answers, question for question.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Answers, type HostAnswer, type Instant, type Note, Noting, readingText } from "../../src/machine/recording/answers.ts";

/** A question of a run: a read of a file, or a write whose usual answer has no note. */
interface Asked {
  readonly node: 0 | 1;
  readonly offset: number;
  readonly wanted: number;
  /** The bytes that came, or an errno. A write: the bytes that were taken. */
  readonly result: number;
  readonly isWrite: boolean;
  /** Virtual time passes before it. */
  readonly passed: number;
}
const asked: fc.Arbitrary<Asked> = fc.record({
  node: fc.constantFrom(0, 1),
  offset: fc.constantFrom(0, 4096),
  wanted: fc.constantFrom(256, 4096),
  result: fc.constantFrom(-5, 0, 100, 256),
  isWrite: fc.boolean(),
  passed: fc.constantFrom(0, 0, 1),
});
const USUAL = "all";

describe("answers of the host", () => {
  it("are those of the recorder, at each time and for equal questions of one instant", () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 40 }), fc.boolean(), (questions, hasNumbers) => {
        const notes: Note[] = [];
        let now: Instant = { time: 0, run: undefined };
        const noting = new Noting({
          get now() {
            return now;
          },
          note: (note) => void notes.push(note),
          read: (node, offset, wanted, at, length, bytes) =>
            void notes.push({ node, ask: readingText(offset, wanted), at, answer: { length, bytes } }),
          bytes: () => 0,
        });
        const sources = [noting.source(), noting.source()];
        const run = {};
        const times = questions.map(({ passed }, i) => questions.slice(0, i).reduce((sum, { passed: n }) => sum + n, passed));
        const given = questions.map(({ node, offset, wanted, result, isWrite }, i): HostAnswer => {
          now = { time: times[i] as number, run };
          const source = sources[node] as number;
          if (isWrite) {
            const answer = result === 256 ? USUAL : result;
            noting.note(source, "write", answer, USUAL);
            return answer;
          }
          const bytes = result > 0 ? (hasNumbers ? i : 7) : undefined;
          noting.read(source, offset, wanted, result, bytes);
          return bytes === undefined ? result : { length: result, bytes };
        });
        const answers = new Answers(() => undefined);
        for (const note of notes) answers.add(note);
        answers.now = () => now;
        const replayed = questions.map(({ node, offset, wanted, isWrite }, i) => {
          now = { time: times[i] as number, run };
          const source = sources[node] as number;
          return isWrite ? answers.answerOr(source, "write", USUAL) : answers.answer(source, readingText(offset, wanted));
        });
        expect(replayed).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });
  it("have no note as long as they are the same", () => {
    let notes = 0;
    const taker = { now: { time: 0, run: undefined }, note: () => void notes++, read: () => void notes++, bytes: () => 0 };
    const noting = new Noting(taker);
    const source = noting.source();
    for (let time = 0; time < 5; time++) {
      taker.now = { time, run: undefined };
      noting.read(source, 0, 100, 100, 7);
      noting.note(source, "readlink", "a");
    }
    expect(notes).toBe(2);
  });
});
