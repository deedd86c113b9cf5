// Limits of work on input: memory, time and an abort each end it with their own answer.
import { Problem } from "trapgate";
import { WorkBudget } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/budget.ts";

const problemOf = (work: () => void): Problem => {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};
const forever = (budget: WorkBudget): never => {
  for (;;) budget.spend(0);
};

describe("a budget of work", () => {
  it("ends at its memory, of which what was given back is free", () => {
    const budget = new WorkBudget({ bytes: 1000, subject: "the policy" });
    budget.spend(900);
    budget.release(800);
    budget.spend(900);
    expect([budget.spent, budget.bytesLeft]).toEqual([1000, 0]);
    const { kind, code, message } = problemOf(() => budget.spend(1));
    expect({ kind, code, message }).toEqual({
      kind: "memory-limit",
      code: "TG0905",
      message: "the policy is too large: it needs more than 1000 bytes of memory [TG0905]",
    });
  });
  it("ends at its time, in a loop that never pauses", () => {
    const began = performance.now();
    const { kind, message } = problemOf(() => forever(new WorkBudget({ seconds: 0.05 })));
    expect(kind).toBe("time-limit");
    expect(message).toContain("the input was not read and answered within 0.05 s");
    expect(performance.now() - began).toBeGreaterThanOrEqual(50);
  });
  it("ends by the reason of an aborted signal", () => {
    const reason = new Error("enough");
    expect(() => forever(new WorkBudget({ signal: AbortSignal.abort(reason) }))).toThrow(reason);
  });
  it("knows the time that is left for the work that is next", () => {
    expect(new WorkBudget().secondsLeft).toBeUndefined();
    const left = new WorkBudget({ seconds: 10 }).secondsLeft as number;
    expect(left).toBeGreaterThan(9);
    expect(left).toBeLessThanOrEqual(10);
    expect(new WorkBudget({ seconds: 0 }).secondsLeft).toBe(0);
  });
  it("has no limits unless it is given some", () => {
    const budget = new WorkBudget();
    budget.spend(DEFAULT_LIMITS.bytes * 1000);
    budget.check();
    expect(budget.bytesLeft).toBe(Number.POSITIVE_INFINITY);
  });
});
