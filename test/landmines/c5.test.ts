// C5: KILL kills a thread
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C5: KILL kills a thread", () => {
  it("the program waits for what the dead thread would have done", async () => {
    const run = await Machine.run(guest("c5"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the thread is dead, the program waits on\n");
  });
  it("KILL_PROCESS ends the program", async () => {
    const run = await Machine.run(guest("c5-fixed"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("before 4.14 its value is that of KILL", async () => {
    const run = await Machine.run(guest("c5-fixed"), { kernel: "4.8", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the thread is dead, the program waits on\n");
  });
});
