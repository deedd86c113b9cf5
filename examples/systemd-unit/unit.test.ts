// The filter of a unit, as systemd makes it of SystemCallFilter= and its relatives.
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { hostTree } from "trapgate/node";
import { readPolicy } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";

const unit = await readPolicy("report.service", readFileSync(new URL("report.service", import.meta.url)));

describe("report.service", () => {
  it("reads files and talks to servers", () => {
    for (const call of ["openat", "read", "socket", "connect", "execve"]) expect(unit).toAllow(call);
  });
  it("is refused what needs privileges or limits others", () => {
    for (const call of ["chown", "setuid", "mount", "ptrace", "sched_setaffinity", "bpf"]) expect(unit).toDeny(call);
  });
  it("has the native ABI alone", () => {
    expect(unit).toDeny("getpid", { via: "int80" });
  });
  it("lets a shell start and keeps it from chown", async () => {
    const run = await Machine.run("/bin/sh", {
      root: hostTree("/"),
      args: ["-c", "echo a > /tmp/report && chown 1:1 /tmp/report || echo refused"],
      policy: unit,
      trace: { follow: true },
    });
    expect(run.stdout.text).toBe("refused\n");
    expect(run).toBeDenied("fchownat", { verdict: "ERRNO(EPERM)" });
  });
});
