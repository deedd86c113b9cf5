// A1: a deny-list that does not look at the architecture
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A1: a deny-list that does not look at the architecture", () => {
  it("upstream runs i386's getppid through int 0x80, which the filter takes for semget", async () => {
    const run = await Machine.run(guest("a1"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = 1 [i386]");
  });
  it("upstream kills it once the filter checks the architecture", async () => {
    const run = await Machine.run(guest("a1-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
    expect(run).toTrace("getppid() = ? [i386]", "killed by SIGSYS");
  });
  it("v6 kills the call through the other door under every filter", async () => {
    const run = await Machine.run(guest("a1-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("compat system call 64 blocked");
  });
});
