// A12: execve of a program of the other ABI
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A12: execve of a program of the other ABI", () => {
  it("upstream runs i386's getppid, which the filter takes for semget", async () => {
    const run = await Machine.run(guest("a12"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("getppid ran in an i386 program\n");
  });
  it("upstream kills it once the filter checks the architecture", async () => {
    const run = await Machine.run(guest("a12-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("v6 kills the new program at its first call", async () => {
    const run = await Machine.run(guest("a12-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("compat system call 10 blocked");
  });
});
