// B6: a 64-bit argument in two registers of i386
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B6: a 64-bit argument in two registers of i386", () => {
  it("the upper half of the offset is another argument", async () => {
    const run = await Machine.run(guest("b6"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("what is kept above 4 GiB\n");
  });
  it("both halves compared, the call is refused", async () => {
    const run = await Machine.run(guest("b6-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("pread64 was refused\n");
  });
});
