// C10: the library makes another call
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C10: the library makes another call", () => {
  it("openat goes past a policy that names open", async () => {
    const run = await Machine.run(guest("c10"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("opened a file with openat\n");
  });
  it("the policy that names its kin refuses it", async () => {
    const run = await Machine.run(guest("c10-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("openat was refused\n");
  });
});
