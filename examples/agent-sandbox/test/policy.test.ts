// The meaning of the policy, for every call and all arguments. No program runs.
import { readFile } from "node:fs/promises";
import { readPolicy } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { sandbox } from "../policy.ts";

describe("the policy", () => {
  it.each(["openat", "execve", "fork", "exit_group", "ioctl(0, 0x5401)"])("allows %s", (call) => {
    expect(sandbox).toAllow(call);
  });
  it.each(["ptrace", "mount", "unshare", "bpf", "io_uring_setup", "keyctl", "process_vm_writev"])("denies %s", (call) => {
    expect(sandbox).toDeny(call);
    expect(sandbox).toDeny(call, { via: "int80" });
  });
  it("allows sockets of the host alone, through both doors", () => {
    expect(sandbox).toAllow("socket(1, 1, 0)");
    expect(sandbox).toDeny("socket(2, 1, 0)");
    expect(sandbox).toDeny("socket(0x100000002, 1, 0)");
    expect(sandbox).toDeny("socketcall", { via: "int80" });
  });
  it("allows children, but none in new namespaces", () => {
    expect(sandbox).toAllow("clone(0x11)");
    expect(sandbox).toDeny("clone(0x10000011)");
    expect(sandbox).toDeny("clone3");
  });
  it("lets nobody type into the terminal", () => {
    expect(sandbox).toDeny("ioctl(0, 0x5412)");
    expect(sandbox).toDeny("ioctl(0, 0x100005412)");
  });
  it("has no way around it that the audit knows", () => {
    expect(sandbox).toHaveNoFindings({ severity: "high" });
  });
  it("is the filter that is shipped", async () => {
    const bytes = sandbox.bpf();
    expect(await readPolicy("sandbox.bpf", bytes)).toBeEquivalentTo(sandbox);
    expect(bytes.length / 8).toBeLessThan(4096);
    expect(await readFile(new URL("../policy.ts", import.meta.url), "utf8")).toContain("otherArch: killProcess");
  });
});
