// A program of each ABI that makes its filter with Debian's libseccomp, and then runs others under it.
import { describe, expect, it } from "vitest";
import { debian, gcc32 } from "../support/host.ts";
import { both, confine, filtersInstalled, lacks } from "./rooted.ts";

const files = { "/confine64": confine(64), "/confine32": confine(32) };
const lacking = lacks("programs with libseccomp", debian("libseccomp-i386"), gcc32);

describe.skipIf(lacking)("programs with libseccomp", { timeout: 240_000 }, () => {
  it.each([64, 32])("%i bits: actions, arguments and both ABIs mean what they mean natively", async (bits) => {
    const by = (rules: string, command: string): string => `/confine${bits} ${rules} -- ${command}; echo "end: $?"`;
    const { native, inside, run } = await both(
      [
        by("allow", "grep -E ^Seccomp /proc/self/status"),
        // The programs are 64-bit ones; the filter of a 32-bit libseccomp kills them unless it is told of
        // both.
        by("-2 allow 1:mkdir 13:mkdirat", "mkdir /tmp/d"),
        by("-2 allow kill:mkdir", "mkdir /tmp/d"),
        by("-2 allow trap:mkdir", "mkdir /tmp/d"),
        by("-2 allow kill_thread:mkdir", "mkdir /tmp/d"),
        by("-2 allow log:mkdir", "mkdir /tmp/e"),
        by("-2 allow 5:close:0=2", "true"),
        by("-2 38 allow:execve", "true"),
        by("kill", "true"),
      ].join("; "),
      files,
    );
    expect(native.stdout).toContain(bits === 64 ? "Seccomp:\t2\nSeccomp_filters:\t1\nend: 0\n" : "end: 159\n");
    expect(inside).toEqual(native);
    expect(filtersInstalled(run)).toBe(9);
  });

  it.each([64, 32])("%i bits: the exported instructions are those that native libseccomp exports", async (bits) => {
    const { native, inside } = await both(
      `/confine${bits} -e /tmp/f -2 kill allow:read allow:write:0=1 1:openat 38:clone3 log:ptrace && sha256sum /tmp/f; od -An -tx1 /tmp/f`,
      files,
    );
    expect(native.stdout).not.toBe("");
    expect(inside).toEqual(native);
  });
});
