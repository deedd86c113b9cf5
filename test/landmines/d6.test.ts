// D6: fork and execve inherit the filter
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D6: fork and execve inherit the filter", () => {
  it("upstream refuses the child and the new program alike", async () => {
    const run = await Machine.run(guest("d6"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("getppid in the child = -1\ngetppid after execve = -1\n");
  });
  it("v6 kills the child, then the new program", async () => {
    const run = await Machine.run(guest("d6-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 110 blocked");
  });
});
