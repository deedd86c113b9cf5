// A10: SYSENTER and SYSCALL belong to one vendor each in 32-bit code
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A10: SYSENTER and SYSCALL belong to one vendor each in 32-bit code", () => {
  it("AMD has no SYSENTER in long mode", async () => {
    const run = await Machine.run(guest("hello-sysenter"), { cpu: "x86-64-v1:amd", trace: true });
    expect(run).toBeKilledBy("SIGILL");
  });
  it("Intel has", async () => {
    const run = await Machine.run(guest("hello-sysenter"), { cpu: "x86-64-v1:intel", trace: true });
    expect(run).toExitWith(0);
  });
  it("AMD has SYSCALL in 32-bit code", async () => {
    const run = await Machine.run(guest("hello-syscall32"), { cpu: "x86-64-v1:amd", trace: true });
    expect(run).toExitWith(0);
  });
  it("Intel has not", async () => {
    const run = await Machine.run(guest("hello-syscall32"), { cpu: "x86-64-v1:intel", trace: true });
    expect(run).toBeKilledBy("SIGILL");
  });
});
