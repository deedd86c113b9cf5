// A2: an allow-list that does not look at the architecture
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A2: an allow-list that does not look at the architecture", () => {
  it("upstream lets number 1, write, through; at int 0x80 it is exit", async () => {
    const run = await Machine.run(guest("a2"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(77);
  });
  it("upstream kills it once the filter checks the architecture", async () => {
    const run = await Machine.run(guest("a2-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("v6 kills the call through the other door", async () => {
    const run = await Machine.run(guest("a2-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("compat system call 1 blocked");
  });
});
