// A4: heaven's gate, a far jump into the 32-bit code segment
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A4: heaven's gate, a far jump into the 32-bit code segment", () => {
  it("upstream runs getppid from selector 0x23", async () => {
    const run = await Machine.run(guest("a4"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = 1 [i386]");
  });
  it("upstream kills it once the filter checks the architecture", async () => {
    const run = await Machine.run(guest("a4-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("v6 kills it: the door counts, not the segment", async () => {
    const run = await Machine.run(guest("a4-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("compat system call 64 blocked");
  });
});
