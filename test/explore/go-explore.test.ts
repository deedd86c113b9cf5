// The archive of the search `go-explore`, on a lock that opens after a row of right choices.
import { expect, it } from "vitest";
import { GoExplore } from "../../src/machine/explore/go-explore.ts";
import { Random } from "../../src/machine/explore/random.ts";
import { type Candidate, Pos } from "../../src/machine/explore/strategy.ts";

const tasks: readonly Candidate[] = [
  { pid: 1, event: undefined },
  { pid: 2, event: undefined },
];
const LENGTH = 24;
const event = { ip: 0, space: {}, address: 0, bytes: 0, writes: false, reads: false };
/** Runs up to the first one in which each choice was right: a wrong one begins the row anew. */
const runsOf = (strategy: Pos & { finish?(): void }, most: number, isShifted: (run: number) => boolean = () => false): number => {
  for (let run = 1; run <= most; run++) {
    strategy.begin();
    let right = 0;
    for (let points = 0; points < LENGTH && right < LENGTH; points++) {
      if (isShifted(run)) strategy.choose(tasks, "", -1);
      const chosen = strategy.choose(tasks, "", right);
      strategy.executed((tasks[chosen] as Candidate).pid, event, []);
      right = chosen === (right * 7) % 2 ? right + 1 : 0;
    }
    if (right === LENGTH) return run;
    strategy.finish?.();
  }
  return Infinity;
};

it("returns to states that were seldom seen", () => {
  for (const seed of [1, 2, 3]) {
    expect(runsOf(new Pos(new Random(seed)), 3000)).toBe(Infinity);
    expect(runsOf(new GoExplore(new Random(seed)), 3000)).toBeLessThan(3000);
  }
});

it("forgets states to which the known way does not lead any more", () => {
  for (const seed of [1, 2, 3]) expect(runsOf(new GoExplore(new Random(seed)), 6000, (run) => run > 20)).toBeLessThan(6000);
});
