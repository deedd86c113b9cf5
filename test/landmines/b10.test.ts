// B10: a supervisor that looks behind pointers
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B10: a supervisor that looks behind pointers", () => {
  it("the path changes between the supervisor's look and the kernel's", async () => {
    const run = await Machine.run(guest("b10"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the supervisor saw /dev/null; the subject has /dev/zero\n");
  });
  it("a descriptor handed over is the one that was checked", async () => {
    const run = await Machine.run(guest("b10-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the subject has what the supervisor saw\n");
  });
  it("there is no listener before 5.0", async () => {
    const run = await Machine.run(guest("b10"), { kernel: "4.14", trace: true });
    expect(run).toExitWith(2);
    expect(run.stdout.text).toBe("the kernel has no listeners\n");
  });
});
