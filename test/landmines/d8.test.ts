// D8: two listeners
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D8: two listeners", () => {
  it("the second one is refused", async () => {
    const run = await Machine.run(guest("d8"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("there is a listener\na second one = -16\n");
  });
  it("there is none before 5.0", async () => {
    const run = await Machine.run(guest("d8"), { kernel: "4.14", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("a listener = -22\n");
  });
});
