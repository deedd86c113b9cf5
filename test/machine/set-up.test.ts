// The set-up of vitest for guests, and the compiled code that machines of a process share.
import { Machine, Problem } from "trapgate";
import { setUpGuests } from "trapgate/vitest";
import { describe, expect, it, vi } from "vitest";
import { CodeMemory } from "../../src/machine/api/code-memory.ts";
import { bootOptions, storeOf } from "../../src/machine/api/stores.ts";
import { program } from "../../tools/engines/program.ts";

describe("setUpGuests", () => {
  setUpGuests({ testTimeout: 0.2 });
  it.fails("ends a test at its limit", () => new Promise((resolve) => setTimeout(resolve, 2000)));
  vi.resetConfig();
  it("refuses what is no time", () => {
    for (const testTimeout of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "5"])
      expect(() => setUpGuests({ testTimeout: testTimeout as number })).toThrow(Problem);
  });
});

describe("machines of one process", () => {
  it("share one store for each processor and memory, unless they say otherwise", () => {
    const store = (options: Parameters<typeof bootOptions>[0]) => bootOptions(options).code;
    expect(store({})).toBeDefined();
    expect(store({})).toBe(store({ seed: 7 }));
    expect(store({ cpu: "max" })).not.toBe(store({}));
    expect(store({ code: "off" })).toBeUndefined();
    const own = new CodeMemory();
    expect(store({ code: own })).toBe(storeOf.get(own));
  });
  it("have the results of a machine of its own", async () => {
    const loop = program("mov ecx, 3000000\nagain: dec ecx\njnz again\nmov eax, 231\nmov edi, 5\nsyscall");
    const results = [];
    for (const code of ["off", undefined, undefined] as const) {
      const { status, stats } = await Machine.run(loop, code ? { code } : {});
      results.push({ status, instructions: stats.instructions });
    }
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  });
});
