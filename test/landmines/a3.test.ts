// A3: the architecture is checked
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A3: the architecture is checked", () => {
  it("upstream kills every call through int 0x80", async () => {
    const run = await Machine.run(guest("a1-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("the mended allow-list holds as well", async () => {
    const run = await Machine.run(guest("a2-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
});
