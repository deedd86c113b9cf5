// B3: a negative argument compared as it looks when sign-extended
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B3: a negative argument compared as it looks when sign-extended", () => {
  it("upstream opens a path relative to AT_FDCWD given as 0x00000000ffffff9c", async () => {
    const run = await Machine.run(guest("b3"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("openat(AT_FDCWD");
  });
  it("a comparison of the lower half refuses it", async () => {
    const run = await Machine.run(guest("b3-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
  });
  it("v6 is bypassed alike", async () => {
    const run = await Machine.run(guest("b3-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
  });
  it("v6 with the mended filter", async () => {
    const run = await Machine.run(guest("b3-v6-fixed"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 257 blocked");
  });
});
