// A9: a policy by instruction pointer
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A9: a policy by instruction pointer", () => {
  it("upstream shows the landing pad in the vDSO for every call through __kernel_vsyscall", async () => {
    const run = await Machine.run(guest("a9"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("refused: the filter saw the vDSO's address\n");
  });
});
