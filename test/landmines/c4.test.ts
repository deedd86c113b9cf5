// C4: a verdict that is no known action
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C4: a verdict that is no known action", () => {
  it("upstream kills the process", async () => {
    const run = await Machine.run(guest("c4"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("v6 takes everything but 0xffffffff for a denial", async () => {
    const run = await Machine.run(guest("c4-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 110 blocked");
  });
});
