// A policy in TypeScript, and the matchers that ask about it.

import { AF, arg, CLONE, dataOfCall, errno, killThread, parseCall, policy, readPolicy } from "trapgate/policy";
import { checkFilter, compare, diagramOf, evaluate, upstream, wordsOf } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";

const sandbox = policy({ default: errno("EPERM"), arch: ["x64", "i386"] })
  .allow("read", "write", "exit_group")
  .allow("socket", arg(0).in(AF.UNIX, AF.INET))
  .allow("clone", arg(0).hasNone(CLONE.NAMESPACES))
  .on(errno("ENOSYS"), "clone3");

describe("a policy", () => {
  it("allows what it says, and nothing else", () => {
    expect(sandbox).toAllow("read");
    expect(sandbox).toAllow("i386.write");
    expect(sandbox).toDeny("openat");
    expect(sandbox).toDeny("openat", { via: "int80" });
    expect(policy({ default: errno("EPERM") }).allow("write")).toDeny("write", { via: "int80" });
    expect(sandbox).toAllow("write", { via: "syscall" });
  });
  it("compares an int in 32 bits, a long in 64, unless it is told otherwise", () => {
    expect(sandbox).toAllow("socket(0x100000001)");
    expect(sandbox).toDeny("socket(40)");
    expect(sandbox).toDeny("clone(0x10000000)");
    expect(sandbox).toAllow("clone(0x100000000)");
    const wide = policy({ default: errno("EPERM") }).allow("socket", arg(0).wide.eq(AF.UNIX));
    expect(wide).toDeny("socket(0x100000001)");
    const low = policy({ default: errno("EPERM") }).allow("lseek", arg(1).low.eq(7));
    expect(low).toAllow("lseek(0, 0x100000007)");
    expect(policy({ default: errno("EPERM") }).allow("lseek", arg(1).eq(7))).toDeny("lseek(0, 0x100000007)");
  });
  it("closes x32 and other architectures", () => {
    expect(sandbox).toDeny("x32.read");
    expect(sandbox).toAllow("read");
    const value = sandbox.diagram.valueOf({ ...dataOfCall(parseCall("read")), arch: 0xc000_00b7 });
    expect(value).toBe(0x8000_0000);
    const softer = policy({ default: errno(38), otherArch: killThread }).allow("read");
    expect(softer.diagram.valueOf(dataOfCall(parseCall("i386.read")))).toBe(0);
  });
  it("takes the first rule that matches", () => {
    const ordered = policy({ default: errno("EPERM") })
      .on(errno("EACCES"), "close", arg(0).lt(3))
      .allow("close");
    expect(ordered).toDeny("close(2)");
    expect(ordered).toAllow("close(3)");
    expect(ordered).not.toAllow("close");
    expect(ordered).not.toDeny("close");
  });
  it.each([
    ["gt", arg(1).gt(5), [6, 0xffff_ffff], [5, 0]],
    ["ge", arg(1).ge(5), [5, 6], [4]],
    ["lt", arg(1).lt(5), [4, 0], [5, 6]],
    ["le", arg(1).le(5), [5, 0], [6]],
    ["ne", arg(1).ne(5), [4, 6], [5]],
    ["notIn", arg(1).notIn(1, 2), [0, 3], [1, 2]],
    ["hasAll", arg(1).hasAll(6), [6, 7], [2, 4]],
    ["only", arg(1).only(3), [0, 1, 3], [4, 5]],
    ["masked", arg(1).masked(0xf0, 0x10), [0x10, 0x1f], [0x20]],
  ])("compares by %s", (_, condition, inside, outside) => {
    const one = policy({ default: errno("EPERM") }).allow("ftruncate", condition);
    for (const n of inside) expect(one).toAllow(`ftruncate(0, ${n})`);
    for (const n of outside) expect(one).toDeny(`ftruncate(0, ${n})`);
  });
  it("takes negative numbers as what the register holds", () => {
    const cwd = policy({ default: errno("EPERM") }).allow("openat", arg(0).eq(-100));
    expect(cwd).toAllow("openat(0xffffff9c)");
    expect(cwd).toAllow("openat(-100)");
  });
  it("is a program that the kernel takes and that means the policy", () => {
    expect(checkFilter(upstream, sandbox.program)).toBeUndefined();
    expect(compare(diagramOf(sandbox.program), sandbox.diagram).verdict).toBe("equal");
    const words = wordsOf(upstream.layout, dataOfCall(parseCall("read")));
    expect(evaluate(upstream, sandbox.program, words)).toBe(0x7fff_0000);
    expect(sandbox.bpf()).toHaveLength(sandbox.program.length * 8);
  });
  it("refuses a call that its ABIs have not", () => {
    expect(() => policy({ default: errno("EPERM") }).allow("mmap2")).toThrow('x64: there is no system call "mmap2"');
  });
});

describe("matchers", () => {
  it("compare policies of different formats", async () => {
    const filter = await readPolicy("sandbox.bpf", sandbox.bpf());
    expect(filter).toBeEquivalentTo(sandbox);
    expect(filter).not.toBeEquivalentTo(sandbox.allow("close"));
  });
  const message = (check: () => void): string => {
    try {
      check();
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  it("show what differs", () => {
    expect(message(() => expect(sandbox).toBeEquivalentTo(sandbox.allow("close")))).toContain(
      "x64: ERRNO(EPERM) -> ALLOW\ni386: ERRNO(EPERM) -> ALLOW\nx32: the same\n    close",
    );
  });
  it("show the conditions of a call that passes sometimes", () => {
    expect(message(() => expect(sandbox).toAllow("socket"))).toBe(
      "expected the policy to allow socket\n    socket: ALLOW if (u32) arg0 in {AF_UNIX, AF_INET}; else ERRNO(EPERM)",
    );
  });
  it("say what is no policy, and what is no call", () => {
    // @ts-expect-error a promise
    expect(message(() => expect(Promise.resolve(sandbox)).toAllow("read"))).toContain("not a promise");
    // @ts-expect-error a number
    expect(message(() => expect(7).toDeny("read"))).toContain("wants a policy");
    // @ts-expect-error no call
    expect(message(() => expect(sandbox).toAllow("raed"))).toContain('there is no system call "raed"');
  });
});
