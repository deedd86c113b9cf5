// B2: only the lower half of a 64-bit argument is compared
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B2: only the lower half of a 64-bit argument is compared", () => {
  it("upstream maps a page whose address agrees in the lower half", async () => {
    const run = await Machine.run(guest("b2"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
  });
  it("a comparison of both halves refuses it", async () => {
    const run = await Machine.run(guest("b2-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
  });
  it("v6 is bypassed alike", async () => {
    const run = await Machine.run(guest("b2-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
  });
  it("v6 with the mended filter", async () => {
    const run = await Machine.run(guest("b2-v6-fixed"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 9 blocked");
  });
});
