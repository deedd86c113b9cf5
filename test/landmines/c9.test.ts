// C9: a later filter that allows everything
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C9: a later filter that allows everything", () => {
  it("upstream keeps the stricter verdict", async () => {
    const run = await Machine.run(guest("c9"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = -1 EPERM");
  });
  it("v6 wants all filters to allow", async () => {
    const run = await Machine.run(guest("c9-v6"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.kernelLog.join("\n")).toContain("system call 110 blocked");
  });
});
