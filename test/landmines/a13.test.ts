// A13: the number is (int)eax
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A13: the number is (int)eax", () => {
  it("upstream ignores the upper half of rax and passes -1 on to the filter", async () => {
    const run = await Machine.run(guest("a13"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = -1 EPERM");
  });
  it("an unsigned comparison catches -1", async () => {
    const run = await Machine.run(guest("a13-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("v6 shows the filter an int as well", async () => {
    const run = await Machine.run(guest("a13-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 110 blocked");
  });
  it("v6 with an unsigned comparison", async () => {
    const run = await Machine.run(guest("a13-v6-fixed"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call -1 blocked");
  });
});
