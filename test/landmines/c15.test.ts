// C15: a program for the patch of 2012 on a later kernel
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C15: a program for the patch of 2012 on a later kernel", () => {
  it("upstream takes prctl(37) for PR_GET_CHILD_SUBREAPER: success, and no filter", async () => {
    const run = await Machine.run(guest("c15"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = 1");
  });
  it("v6 confines it", async () => {
    const run = await Machine.run(guest("c15"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 110 blocked");
  });
});
