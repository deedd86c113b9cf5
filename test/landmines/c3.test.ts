// C3: ERRNO with 0 and with more than 4095
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C3: ERRNO with 0 and with more than 4095", () => {
  it("upstream returns 0 for errno 0, and -4095 for errno 8191", async () => {
    const run = await Machine.run(guest("c3"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("getppid() = 0");
  });
});
