// A5: a 32-bit program jumps to the 64-bit code segment
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A5: a 32-bit program jumps to the 64-bit code segment", () => {
  it("upstream runs getppid through SYSCALL, whose number is iopl's for the filter", async () => {
    const run = await Machine.run(guest("a5"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = 1 [x64]");
  });
  it("upstream kills it once the filter checks the architecture", async () => {
    const run = await Machine.run(guest("a5-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("v6 kills it, and the log says nothing of compat", async () => {
    const run = await Machine.run(guest("a5-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 110 blocked");
    expect(run.kernelLog.join("\n")).not.toContain("compat");
  });
});
