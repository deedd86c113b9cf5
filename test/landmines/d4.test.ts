// D4: a tracer suspends the filter
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D4: a tracer suspends the filter", () => {
  it("upstream asks for CAP_SYS_ADMIN", async () => {
    const run = await Machine.run(guest("d4"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("suspending the filter of a child = -1\n");
  });
  it("until 5.18 PTRACE_SEIZE did not", async () => {
    const run = await Machine.run(guest("d4"), { kernel: "5.9", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("suspending the filter of a child = 0\n");
  });
});
