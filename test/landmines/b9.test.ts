// B9: a policy compiled into the wrong comparisons
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B9: a policy compiled into the wrong comparisons", () => {
  it("one argument of two is enough for the wrong code", async () => {
    const run = await Machine.run(guest("b9"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("dup2(1, 8) passed\n");
  });
  it("the right code wants both", async () => {
    const run = await Machine.run(guest("b9-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("dup2(1, 8) was refused\n");
  });
});
