// B1: a 64-bit comparison of a 32-bit argument
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B1: a 64-bit comparison of a 32-bit argument", () => {
  it("upstream closes descriptor 7 when the register's upper half is 1", async () => {
    const run = await Machine.run(guest("b1"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("close(7) = 0");
  });
  it("a comparison of the lower half refuses it", async () => {
    const run = await Machine.run(guest("b1-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run).toTrace("close(7) = -1 EPERM");
  });
  it("v6 is bypassed alike", async () => {
    const run = await Machine.run(guest("b1-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("close(7) = 0");
  });
  it("v6 with the mended filter", async () => {
    const run = await Machine.run(guest("b1-v6-fixed"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 3 blocked");
  });
});
