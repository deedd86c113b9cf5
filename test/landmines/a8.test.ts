// A8: the flag of the compat door in a forked child
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A8: the flag of the compat door in a forked child", () => {
  it("upstream judges the child's first 64-bit call as x86-64", async () => {
    const run = await Machine.run(guest("a8"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the child's call was judged as x86-64\n");
  });
  it("v6 does not let a confined program fork through int 0x80", async () => {
    const run = await Machine.run(guest("a8-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("compat system call 2 blocked");
  });
});
