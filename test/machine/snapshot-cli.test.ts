// `trapgate run --snapshot`, `run --from` and `snapshot show`: from one process to the next.
import { existsSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { missing, type Need, nativeX64 } from "../support/host.ts";

const sh: Need = { what: "/bin/sh", met: existsSync("/bin/sh") };
const folder = mkdtempSync(join(tmpdir(), "trapgate-test-"));
const file = join(folder, "a.snapshot");
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(missing("snapshots on the command line", nativeX64, sh))("run --snapshot", () => {
  it("saves a program that waits, and --from continues it", { timeout: 120_000 }, () => {
    const script = "echo before; read a; echo got $a; exit 3";
    expect(trapgate(["run", "--root", "/", "--snapshot", file, "--", "/bin/sh", "-c", script])).toEqual({
      status: 0,
      stdout: "before\n",
      stderr: "",
    });
    for (const input of ["x\n", "y\n"])
      expect(trapgate(["run", "--root", "/", "--from", file], { input })).toEqual({ status: 3, stdout: `got ${input}`, stderr: "" });
    const { stdout } = trapgate(["snapshot", "show", file]);
    expect(stdout).toMatch(/^moment {3}\d+:\d+: \d+ instructions, then \d+ transitions of the kernel\ntasks {4}2 "sh"\n/);
    expect(stdout).toMatch(/needs {4}--root with \d+ files\nbuild {4}this one\n$/);
    expect(trapgate(["run", "--from", file]).stderr).toContain("[TG0510]");
    truncateSync(file, 1000);
    expect(trapgate(["run", "--root", "/", "--from", file]).stderr).toContain("[TG0509]");
  });
});

describe("run --snapshot", () => {
  it("stops at the moment of --at", { timeout: 60_000 }, () => {
    const saved = trapgate(["run", "--snapshot", file, "--at", "call:write", guestPath("hello-syscall")]);
    expect(saved).toEqual({ status: 0, stdout: "hello through syscall\n", stderr: "" });
    expect(trapgate(["run", "--from", file])).toEqual({ status: 0, stdout: "", stderr: "" });
  });
  it("stops before the last call, and continues with other arguments at main", { timeout: 60_000 }, () => {
    expect(trapgate(["run", "--snapshot", file, "--at", "exit", guestPath("hello-syscall")]).status).toBe(0);
    expect(trapgate(["snapshot", "show", file]).stdout).toContain("moment   7:");
    if (!sh.met || !nativeX64.met) return;
    expect(trapgate(["run", "--root", "/", "--snapshot", file, "--at", "main", "--", "/bin/sh", "-c", "exit 9"]).status).toBe(0);
    const changed = ["run", "--root", "/", "-e", "X=x", "--from", file, "--", "-c", "echo $X; exit 7"];
    expect(trapgate(changed)).toEqual({ status: 7, stdout: "x\n", stderr: "" });
    expect(trapgate(["run", "--root", "/", "--from", file]).status).toBe(9);
  });
  it("names options that do not go together", { timeout: 60_000 }, () => {
    const hello = guestPath("hello-syscall");
    const status = 125;
    expect(trapgate(["run", "--at", "idle", hello])).toMatchObject({ status, stderr: expect.stringContaining("[TG0100]") });
    expect(trapgate(["run", "--snapshot", file, "--at", "soon", hello])).toMatchObject({
      status,
      stderr: expect.stringContaining("[TG0104]"),
    });
    expect(trapgate(["run", "--snapshot", file, "--why", hello])).toMatchObject({
      status,
      stderr: expect.stringContaining("--why"),
    });
    trapgate(["run", "--snapshot", file, "--at", "call:write", hello]);
    expect(trapgate(["run", "--from", file, "x"])).toMatchObject({ status, stderr: expect.stringContaining("[TG0506]") });
    expect(trapgate(["run", "--from", file, "--seed", "1"])).toMatchObject({ status, stderr: expect.stringContaining("--seed") });
    expect(trapgate(["run", "--snapshot", file, "--at", "idle", hello])).toMatchObject({
      status,
      stderr: expect.stringContaining("[TG0804]"),
    });
  });
});

describe("snapshot check", () => {
  it("compares copies with an undisturbed run", { timeout: 60_000 }, () => {
    const { status, stdout } = trapgate(["snapshot", "check", "--moments", "3", guestPath("c6")]);
    expect([status, stdout]).toEqual([0, "no difference: 3 moments, a copy and 5 ways back of each\n"]);
  });
});
