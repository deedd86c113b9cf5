// C16: a filter in upstream's words under the rules of 2012
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C16: a filter in upstream's words under the rules of 2012", () => {
  it("upstream allows 0x7fff0000", async () => {
    const run = await Machine.run(guest("c16"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
  });
  it("v6 takes it for a denial", async () => {
    const run = await Machine.run(guest("c16-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 1 blocked");
  });
});
