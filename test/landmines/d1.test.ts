// D1: a filter is a thread's, not a process's
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D1: a filter is a thread's, not a process's", () => {
  it("a thread that is there already has no filter", async () => {
    const run = await Machine.run(guest("d1"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("getppid ran in the older thread\n");
  });
  it("TSYNC gives it one", async () => {
    const run = await Machine.run(guest("d1-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("getppid was refused in the older thread\n");
  });
});
