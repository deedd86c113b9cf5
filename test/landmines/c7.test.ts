// C7: TRAP while SIGSYS is ignored
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C7: TRAP while SIGSYS is ignored", () => {
  it("upstream forces the signal", async () => {
    const run = await Machine.run(guest("c7"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
});
