// C11: calls of the vDSO are no system calls
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C11: calls of the vDSO are no system calls", () => {
  it("the vDSO tells the time under a filter that refuses it", async () => {
    const run = await Machine.run(guest("c11"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("clock_gettime of the vDSO = 0\nclock_gettime as a system call = -1\n");
  });
});
