// A11: the vsyscall page
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A11: the vsyscall page", () => {
  it("upstream asks the filter about time, number 201", async () => {
    const run = await Machine.run(guest("a11"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the filter refused time in the vsyscall page\n");
  });
  it("v6 kills who calls it under a filter", async () => {
    const run = await Machine.run(guest("a11-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
  });
});
