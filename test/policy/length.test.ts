// The length of filters of TypeScript policies, beside those that Debian's libseccomp makes of the same
// rules, linear and optimised as a binary tree.
import { type AbiName, AF, arg, CLONE, errno, killProcess, policy } from "trapgate/policy";
import type { Program, SyscallName } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/policy/meaning.ts";
import { libseccomp } from "../../tools/policy/libseccomp.ts";
import { debian, gcc, missing } from "../support/host.ts";

const ALLOW = 0x7fff_0000;
const EPERM = 0x0005_0001;
const small: readonly SyscallName[] = ["read", "write", "exit_group"];
const many: readonly SyscallName[] = [
  ..."read write openat close fstat lseek mmap mprotect munmap brk ioctl access pipe2 dup dup2 getpid socket connect".split(" "),
  ..."clone fork execve exit wait4 kill uname fcntl fsync getcwd chdir rename mkdir rmdir unlink readlink chmod umask".split(" "),
  ..."gettimeofday getrlimit getrusage sysinfo times getuid getgid geteuid getegid setpgid getppid getpgrp setsid futex".split(" "),
  ..."epoll_wait epoll_ctl epoll_create1 exit_group tgkill openat2 getrandom statx rseq clock_gettime nanosleep".split(" "),
] as readonly SyscallName[];
const allowed = (names: readonly SyscallName[]): readonly Entry[] => names.map((name) => ({ name, action: ALLOW, args: [] }));

interface Sample {
  readonly what: string;
  readonly arch: readonly AbiName[];
  readonly names: readonly SyscallName[];
  readonly withArguments: boolean;
}
const samples: readonly Sample[] = [
  { what: "three calls", arch: ["x64"], names: small, withArguments: false },
  { what: "seventy calls", arch: ["x64"], names: many, withArguments: false },
  { what: "seventy calls of two ABIs", arch: ["x64", "i386"], names: many, withArguments: false },
  { what: "conditions on arguments", arch: ["x64"], names: many, withArguments: true },
];
const own = ({ arch, names, withArguments }: Sample): Program => {
  const plain = names.filter((name) => !withArguments || (name !== "socket" && name !== "clone"));
  const [first, ...rest] = plain as [SyscallName, ...SyscallName[]];
  const base = policy({ default: errno("EPERM"), arch, otherArch: killProcess }).allow(first, ...rest);
  if (!withArguments) return base.program;
  return base.allow("socket", arg(0).wide.in(AF.UNIX, AF.INET)).allow("clone", arg(0).wide.hasNone(CLONE.NAMESPACES)).program;
};
const theirs = ({ arch, names, withArguments }: Sample): readonly number[] => {
  const entries: Entry[] = allowed(names.filter((name) => !withArguments || (name !== "socket" && name !== "clone"))).slice();
  if (withArguments) {
    for (const family of [AF.UNIX, AF.INET])
      entries.push({
        name: "socket",
        action: ALLOW,
        args: [{ index: 0, op: "EQ", value: BigInt(family), valueTwo: 0n }],
      });
    const mask = { index: 0 as const, op: "MASKED_EQ" as const, value: BigInt(CLONE.NAMESPACES), valueTwo: 0n };
    entries.push({ name: "clone", action: ALLOW, args: [mask] });
  }
  const architectures = arch.map((name) => (name === "x64" ? "x86_64" : "x86"));
  const made = libseccomp(([1, 2] as const).map((optimize) => ({ defaultAction: EPERM, architectures, entries, optimize })));
  return made.map((program) => (typeof program === "number" ? expect.fail(`libseccomp: ${program}`) : program.length));
};

const library = debian("libseccomp-amd64");
describe.skipIf(missing("lengths beside libseccomp's", library, gcc))("a filter of a TypeScript policy", { timeout: 120_000 }, () => {
  it.each(samples)("has no more instructions than libseccomp's, linear and as a tree: $what", (sample) => {
    const program = own(sample);
    const [linear, tree] = theirs(sample) as [number, number];
    expect(program.length).toBeLessThanOrEqual(tree);
    expect(program.length).toBeLessThanOrEqual(linear);
  });
});
