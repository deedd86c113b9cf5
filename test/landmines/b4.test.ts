// B4: i386 calls from 64-bit code show all 64 bits of the registers
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B4: i386 calls from 64-bit code show all 64 bits of the registers", () => {
  it("upstream closes descriptor 7 when rbx is 2^32 + 7", async () => {
    const run = await Machine.run(guest("b4"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("close(7) = 0 [i386]");
  });
  it("a comparison of the lower half refuses it", async () => {
    const run = await Machine.run(guest("b4-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
  });
  it("v6 is bypassed alike, if the filter came in through int 0x80", async () => {
    const run = await Machine.run(guest("b4-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
  });
  it("v6 with the mended filter", async () => {
    const run = await Machine.run(guest("b4-v6-fixed"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("compat system call 6 blocked");
  });
});
