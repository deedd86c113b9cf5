// The generator draws every row; the rows that it leaves out are those that no silicon can judge, each for a reason.
import { describe, expect, it } from "vitest";
import { undrawn } from "../../../tools/oracle/drawn.ts";

describe("the case generator", () => {
  it("draws cases of every row but those that differ from run to run or are the system's own", () => {
    const left = new Set([...undrawn(300, 12)].map(([row, why]) => `${row.name} ${why}`));
    const volatile = ["rdpid", "rdpmc", "rdrand", "rdseed", "rdtsc", "rdtscp"].map((name) => `${name} differs from run to run`);
    const system = ["cpuid", "xgetbv", "xsetbv"].map((name) => `${name} is the operating system's set-up or the hypervisor's`);
    const umip = ["sgdt", "sidt", "sldt", "smsw", "str"].map(
      (name) => `${name} is emulated by Linux where the processor has UMIP (arch/x86/kernel/umip.c)`,
    );
    expect([...left].sort()).toEqual([...volatile, ...system, ...umip, "int1 does not advance rip under a hypervisor"].sort());
  });
});
