// C12: restart_syscall is a system call
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("C12: restart_syscall is a system call", () => {
  it("a sleeper that was stopped dies when it goes on", async () => {
    const run = await Machine.run(guest("c12"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("signal that ended the sleeper = 31\n");
  });
  it("and sleeps to the end if the policy allows the call", async () => {
    const run = await Machine.run(guest("c12-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("signal that ended the sleeper = 0\n");
  });
});
