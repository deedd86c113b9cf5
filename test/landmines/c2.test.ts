// C2: EPERM for calls that the policy does not know
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C2: EPERM for calls that the policy does not know", () => {
  it("EPERM for clone3: no thread", async () => {
    const run = await Machine.run(guest("c2"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("no thread: clone3 = -1\n");
  });
  it("ENOSYS for clone3: a thread through clone", async () => {
    const run = await Machine.run(guest("c2-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("a thread, through clone\n");
  });
});
