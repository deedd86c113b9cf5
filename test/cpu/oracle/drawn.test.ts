// The generator draws every row; the rows that it leaves out are those that no silicon can judge, each for a
// reason.
import { describe, expect, it } from "vitest";
import { vendors } from "../../../src/cpu/machine/model.ts";
import { undrawn } from "../../../tools/oracle/drawn.ts";

describe("the case generator", () => {
  it.each(vendors)("draws cases of every row of %s but those that differ from run to run or are the system's own", (vendor) => {
    const left = new Set([...undrawn(vendor, 300, 12)].map(([row, why]) => `${row.name} ${why}`));
    const volatile = ["rdpid", "rdpmc", "rdrand", "rdseed", "rdtsc", "rdtscp"].map((name) => `${name} differs from run to run`);
    const system = ["cpuid", "xgetbv", "xsetbv"].map((name) => `${name} is the operating system's set-up or the hypervisor's`);
    const umip = ["sgdt", "sidt", "sldt", "smsw", "str"].map(
      (name) => `${name} is emulated by Linux where the processor has UMIP (arch/x86/kernel/umip.c)`,
    );
    const door =
      vendor === "intel" ? ["sysenter comes back at Linux's vDSO, which the oracle's 64-bit process does not have in reach"] : [];
    expect([...left].sort()).toEqual([...volatile, ...system, ...umip, ...door, "int1 does not advance rip under a hypervisor"].sort());
  });
});
