// C6: joining a thread that a filter killed
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C6: joining a thread that a filter killed", () => {
  it("the kernel clears its word, the thread's own never comes", async () => {
    const run = await Machine.run(guest("c6"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the kernel's word was cleared\nthe thread's own word never came\n");
  });
  it("KILL_PROCESS leaves nobody to wait", async () => {
    const run = await Machine.run(guest("c6-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
});
