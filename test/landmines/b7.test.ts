// B7: the calls with 64-bit times
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B7: the calls with 64-bit times", () => {
  it("clock_gettime64 goes past a policy that refuses clock_gettime", async () => {
    const run = await Machine.run(guest("b7"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("clock_gettime64 told the time\n");
  });
  it("the policy that names both refuses it", async () => {
    const run = await Machine.run(guest("b7-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("clock_gettime64 was refused\n");
  });
});
