// C8: equal actions of two filters
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C8: equal actions of two filters", () => {
  it("upstream takes the newer filter's data", async () => {
    const run = await Machine.run(guest("c8"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = -1 ENXIO");
  });
  it("v6 wants all filters to allow", async () => {
    const run = await Machine.run(guest("c8-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 110 blocked");
  });
});
