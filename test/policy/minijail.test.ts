// Minijail's policies against filters by hand, and mistakes in them.
import { describe, expect, it } from "vitest";
import { dataOfCall, detectFormat, type Policy, parseCall, readPolicy, valueText } from "../../src/policy/index.ts";
import { compare, effectOf, upstream } from "../../src/seccomp/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): Promise<Policy> => readPolicy("p.policy", bytes(text), { format: "minijail" });
const verdict = ({ diagram }: Policy, call: string): string =>
  valueText(effectOf(upstream, diagram.valueOf(dataOfCall(parseCall(call))) as number));

const policy = `# a comment
read: 1
mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE
ioctl: arg1 == TCGETS || arg1 == 0x5413 && arg2 != 0; return EPERM
{ open, openat }: { arg1 & O_CREAT; return EACCES, arg2 == -1; trap, kill-process }
fcntl: arg1 <= 4 || \\
  arg1 > 1029 && arg1 < 1040
socket: arg0 == AF_UNIX
socket: arg0 == 2 && arg1 >= 0x100000001; log
close[arch=arm,x86_64]: return 3
dup[arch=arm]: 1
kill: arg1 == 0
prctl: arg0 == (PR_SET_NAME|0400) || arg0 in 0xffff00000000
`;

describe("a minijail policy", () => {
  it.each([
    ["read", "ALLOW"],
    ["write", "KILL_THREAD"],
    ["i386.read", "KILL_THREAD"],
    ["mmap(0, 0, 3)", "ALLOW"],
    ["mmap(0, 0, 6)", "KILL_THREAD"],
    // The action after a semicolon is the one that follows when the condition holds.
    ["ioctl(0, 0x5401)", "ERRNO(EPERM)"],
    ["ioctl(0, 0x5413, 0)", "KILL_THREAD"],
    ["ioctl(0, 0x5413, 0x100000000)", "ERRNO(EPERM)"],
    ["open(0, 0x40)", "ERRNO(EACCES)"],
    ["open(0, 0, 0xffffffffffffffff)", "TRAP"],
    ["openat(0, 0, 0xffffffff)", "KILL_PROCESS"],
    ["fcntl(0, 4)", "ALLOW"],
    ["fcntl(0, 5)", "KILL_THREAD"],
    ["fcntl(0, 1030)", "ALLOW"],
    ["socket(1)", "ALLOW"],
    ["socket(2, 0x100000001)", "LOG"],
    ["socket(2, 1)", "KILL_THREAD"],
    ["close", "ERRNO(ESRCH)"],
    ["dup", "KILL_THREAD"],
    ["kill(0, 0)", "ALLOW"],
    ["prctl(271)", "ALLOW"],
    ["prctl(0x100000000)", "ALLOW"],
    ["prctl(0x1000000000000)", "KILL_THREAD"],
  ])("has for %s %s", async (call, wanted) => {
    expect(verdict(await read(policy), call)).toBe(wanted);
  });
  it("is detected, unlike assembly with labels", () => {
    for (const text of [policy, "@denylist\nbpf: return EPERM\n", "@default trap\nread: 1\n"])
      expect(detectFormat(bytes(text))).toBe("minijail");
    expect(detectFormat(bytes("ok: return ALLOW\n"))).toBe("asm");
  });
  it("can list what is refused, and name another default", async () => {
    const deny = await read("@denylist\nbpf: return EPERM\nread: arg0 == 1; return 5\n");
    expect(["bpf", "read(1)", "read(2)", "write", "i386.read"].map((call) => verdict(deny, call))).toEqual([
      "ERRNO(EPERM)",
      "ERRNO(EIO)",
      "ALLOW",
      "ALLOW",
      "ERRNO(EPERM)",
    ]);
    expect(verdict(await read("@default trap\nread: arg0 == 0; 1\n"), "read(1)")).toBe("TRAP");
  });
  it("means what the same rules mean to libseccomp where both can say them", async () => {
    const json = `{"defaultAction": "SCMP_ACT_KILL_THREAD", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"},
      {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_LT"}]}]}`;
    const [ours, oci] = [await read("read: 1\nsocket: arg0 < 0xffffffffffffffff\n"), await readPolicy("p", bytes(json), { as: "kernel" })];
    const { arch, sys_number } = { arch: 0xc000_003e, sys_number: 41 };
    expect(
      compare(ours.diagram.restrict({ arch, sys_number }), oci.diagram.in(ours.diagram.nodes).restrict({ arch, sys_number })).verdict,
    ).toBe("equal");
  });
  it("warns of rules that the compiler drops", async () => {
    const dropped = await read("open: { arg1 & O_CREAT; return EACCES, allow }\n");
    expect(verdict(dropped, "open(0, 0x40)")).toBe("ALLOW");
    expect(dropped.warnings.map(({ message }) => message)).toEqual([
      "minijail's compiler allows this call outright: the rules before do nothing",
    ]);
  });
});

describe("a mistake in a minijail policy is told with its place", () => {
  it.each([
    ["raed: 1", 'x86-64 has no system call "raed"', 1, 4],
    ["read: alow", "there is no action alow", 7, 4],
    ["read: arg0 == O_CRAET", "the constant O_CRAET is not known here", 15, 7],
    ["read: arg6 == 1", "a system call has six arguments, arg0 to arg5", 7, 4],
    ["read: arg0 === 1", "here must be a number or its name", 14, 1],
    ["read: arg0 == 0x10000000000000000", "this number does not fit 64 bits", 15, 19],
    ["@include ./other.policy", "./other.policy is not read", 10, 14],
    ["@default allow", "allow is no default action", 10, 5],
    ["read 1", 'here must be ":"', 6, 1],
    ["read: 1 1", "here the line must end", 9, 1],
    ["io@libc: 1", "groups are not known here", 1, 7],
    ["@denylist\nread: 1", "rules of a deny list say which error is returned", 7, 1],
    ["read: 1\nread: 1", "an earlier rule of this call holds for all arguments already", 5, 1],
  ])("%j", async (text, message, column, length) => {
    await expect(read(text)).rejects.toMatchObject({ sentence: message, span: { column, length } });
  });
});
