// strace inside the machine: it traces with ptrace(2), and with --seccomp-bpf installs a filter that stops
// the program only where it looks.
import { describe, expect, it } from "vitest";
import { both, filtersInstalled, lacks } from "./rooted.ts";

/** Pids and addresses are the kernel's choice. */
const shown = (file: string): string =>
  `perl -pe 's/0x[0-9a-f]+/ADDRESS/g; s/^\\d+ +//; s/\\b(si_pid=|kill\\()\\d+/$1N/; s/\\) +=/) =/' ${file}`;

describe.skipIf(lacks("strace"))("strace", { timeout: 240_000 }, () => {
  it("shows what several processes do and how they end", async () => {
    const program = "sh -c 'echo hi; sh -c \"kill -9 \\$\\$\"; echo $?; exit 3'";
    const { native, inside } = await both(
      `strace -f -o /tmp/out -e trace=write,execve,exit_group,kill,socket ${program}; echo "end: $?"; ${shown("/tmp/out")}
       strace -c -o /tmp/count true; grep -c calls /tmp/count
       strace -qq -e inject=mkdir:error=ENOSPC:when=1 -e trace=mkdir mkdir /tmp/x /tmp/y; ls -d /tmp/x /tmp/y`,
    );
    expect(native.stdout).toContain("137\nend: 3\n");
    expect(native.stdout).toContain("+++ killed by SIGKILL +++\n");
    expect(native.stderr).toContain("ENOSPC (No space left on device) (INJECTED)");
    expect(inside).toEqual(native);
  });

  it("stops only where its filter says", async () => {
    const program = "sh -c 'echo hi; chroot / true; grep ^Seccomp /proc/self/status'";
    const { native, inside, run } = await both(
      `strace -f --seccomp-bpf -o /tmp/out -e trace=write,chroot ${program}; echo "end: $?"; ${shown("/tmp/out")}`,
    );
    expect(native.stdout).toContain("Seccomp:\t2\n");
    expect(native.stdout).toContain('chroot("/") ');
    expect(inside).toEqual(native);
    expect(filtersInstalled(run)).toBeGreaterThan(0);
  });
});
