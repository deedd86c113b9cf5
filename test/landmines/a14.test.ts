// A14: a number that does not exist, through the fast 32-bit door
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A14: a number that does not exist, through the fast 32-bit door", () => {
  it("upstream answers ENOSYS", async () => {
    const run = await Machine.run(guest("a14"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("ENOSYS (Function not implemented)");
  });
  it("v6 answers ENOSYS", async () => {
    const run = await Machine.run(guest("a14"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
    expect(run).toTrace("ENOSYS (Function not implemented)");
  });
});
