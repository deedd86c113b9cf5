// C14: uretprobe passes unseen
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C14: uretprobe passes unseen", () => {
  it("it is no business of a filter's in 6.12", async () => {
    const run = await Machine.run(guest("c14"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGILL");
  });
  it("it was a number like any other before", async () => {
    const run = await Machine.run(guest("c14"), { kernel: "5.19", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
});
