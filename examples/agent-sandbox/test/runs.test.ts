// The policy with a program under it: one call through one door, and its result.
import { writeFileSync } from "node:fs";
import { Machine, type Run } from "trapgate";
import { coverageText, lcov, PolicyCoverage } from "trapgate/policy";
import { guest, maskTrace } from "trapgate/vitest";
import { afterAll, describe, expect, it } from "vitest";
import { sandbox } from "../policy.ts";

const probe = guest("../guests/probe.c", { flags: ["-nostdlib", "-fno-stack-protector"] });
const coverage = new PolicyCoverage(sandbox);

/** Numbers of x86-64: arch/x86/entry/syscalls/syscall_64.tbl; for int80 of i386: syscall_32.tbl. */
const call = (door: "syscall" | "int80", ...numbers: number[]): Promise<Run> =>
  Machine.run(probe, { args: [door, ...numbers.map(String)], policy: sandbox, trace: true, hooks: { event: coverage.hook } });

describe("a program under the policy", () => {
  it("may ask for its process id", async () => {
    const run = await call("syscall", 39);
    expect(run).toExitWith(0);
    expect(run).toTrace("getpid() = 2");
  });
  it("is told EPERM for ptrace", async () => {
    const run = await call("syscall", 101, 0);
    expect(run.stdout.text).toBe("-1\n");
    expect(run).toBeDenied("ptrace", { abi: "x64", via: "syscall", verdict: "ERRNO(EPERM)" });
  });
  it("is told so through int 0x80 as well", async () => {
    expect(await call("int80", 26, 0)).toBeDenied("ptrace", { abi: "i386", via: "int80" });
  });
  it("cannot open a network socket, but one of the host", async () => {
    expect(await call("syscall", 41, 2, 1, 0)).toBeDenied("socket(AF_INET");
    const run = await call("syscall", 41, 1, 1, 0);
    expect(run).not.toBeDenied("socket");
    expect(run).toTrace("socket(AF_UNIX, SOCK_STREAM, 0) = 3");
  });
  it("cannot make a user namespace by clone or unshare", async () => {
    expect(await call("syscall", 56, 0x10000011)).toBeDenied("clone");
    expect(await call("syscall", 272, 0x10000000)).toBeDenied("unshare");
  });
  it("is killed by a call of x32", async () => {
    const run = await Machine.run(probe, { args: ["syscall", "1073741863"], policy: sandbox, x32: true, trace: true });
    expect(run).toBeKilledBy("SIGSYS");
  });
  it("makes the same calls in each build", async () => {
    expect(maskTrace((await call("syscall", 39)).trace)).toMatchInlineSnapshot(`
      [
        "execve("/program", ["/program", "syscall", "39"], ADDR1 /* 1 var */) = 0",
        "getpid() = 2",
        "write(1, "2\\n", 2) = 2",
        "exit_group(0) = ?",
        "+++ exited with 0 +++",
      ]
    `);
  });
});

afterAll(() => {
  const report = coverage.report();
  writeFileSync(new URL("../coverage.txt", import.meta.url), coverageText(report));
  writeFileSync(new URL("../coverage.info", import.meta.url), lcov(report));
});
