// D7: what a parent learns of a killed child
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D7: what a parent learns of a killed child", () => {
  it("siginfo is SIGCHLD's", async () => {
    const run = await Machine.run(guest("d7"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("si_signo = 17\nsi_code = 2\nsi_status = 31\n");
  });
  it("the signal of v6 is SIGKILL", async () => {
    const run = await Machine.run(guest("d7-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("si_signo = 17\nsi_code = 2\nsi_status = 9\n");
  });
});
