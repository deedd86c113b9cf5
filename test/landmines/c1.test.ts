// C1: a deny-list and the calls that came later
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C1: a deny-list and the calls that came later", () => {
  it("pidfd_send_signal goes past a list of 2018", async () => {
    const run = await Machine.run(guest("c1"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("ended a process with pidfd_send_signal\n");
  });
  it("numbers that the policy does not know do not exist for it", async () => {
    const run = await Machine.run(guest("c1-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("pidfd_send_signal = -38\n");
  });
});
