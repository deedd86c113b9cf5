// A6: x32 numbers carry the x86-64 architecture value
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A6: x32 numbers carry the x86-64 architecture value", () => {
  it("upstream without x32: the filter is blind to the number, the kernel has no such call", async () => {
    const run = await Machine.run(guest("a6"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the filter let it pass; the kernel has no x32\n");
  });
  it("a filter that refuses bit 30 kills it", async () => {
    const run = await Machine.run(guest("a6-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("v6 shows the filter a large number and has no x32 either", async () => {
    const run = await Machine.run(guest("a6-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
  });
  it("v6 with a filter that refuses bit 30", async () => {
    const run = await Machine.run(guest("a6-v6-fixed"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 1073741934 blocked");
  });
});
