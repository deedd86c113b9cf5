// D2: synchronizing threads that went different ways
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D2: synchronizing threads that went different ways", () => {
  it("the result is the id of the thread that has a filter of its own", async () => {
    const run = await Machine.run(guest("d2"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("TSYNC = the other thread's id\nTSYNC_ESRCH = -3\nno_new_privs of the other thread = 1\n");
  });
  it("no_new_privs goes with the filter", async () => {
    const run = await Machine.run(guest("d2-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("TSYNC = 0\nTSYNC_ESRCH = 0\nno_new_privs of the other thread = 1\n");
  });
});
