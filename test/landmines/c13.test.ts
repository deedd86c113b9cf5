// C13: sigreturn is a system call
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C13: sigreturn is a system call", () => {
  it("upstream kills a program whose handler returns", async () => {
    const run = await Machine.run(guest("c13"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
    expect(run.stdout.text).toBe("in the handler\n");
  });
  it("a filter that allows rt_sigreturn lets it go on", async () => {
    const run = await Machine.run(guest("c13-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("in the handler\nthe handler came back\n");
  });
  it("v6 kills it as well", async () => {
    const run = await Machine.run(guest("c13-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 15 blocked");
  });
  it("v6 with the mended filter", async () => {
    const run = await Machine.run(guest("c13-v6-fixed"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
  });
});
