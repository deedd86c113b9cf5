// Container profiles: the meaning of their members, warnings, and refusals with their positions.
import { describe, expect, it } from "vitest";
import { dataOfCall, type Mode, type Policy, parseCall, readPolicy, valueText } from "../../src/policy/index.ts";
import type { Problem } from "../../src/problem.ts";
import { effectOf, upstream } from "../../src/seccomp/index.ts";

const read = (profile: object | string, options: { as?: Mode; capabilities?: string[]; kernel?: string } = {}): Promise<Policy> =>
  readPolicy("p.json", new TextEncoder().encode(typeof profile === "string" ? profile : JSON.stringify(profile, null, 2)), options);
const verdict = ({ diagram }: Policy, call: string): string => {
  const value = diagram.valueOf(dataOfCall(parseCall(call)));
  return typeof value === "number" ? valueText(effectOf(upstream, value)) : "not decided";
};
const problemOf = async (profile: object | string, as: Mode = "runc"): Promise<Problem> => {
  try {
    await read(profile, { as });
  } catch (error) {
    return error as Problem;
  }
  throw new Error("taken");
};
const allow = (names: string[], more: object = {}) => ({ names, action: "SCMP_ACT_ALLOW", ...more });
const all3 = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
const profile = (syscalls: object[], more: object = {}) => ({ defaultAction: "SCMP_ACT_ERRNO", architectures: all3, syscalls, ...more });

describe("a profile", () => {
  it("gives EPERM by default, and the error that it names", async () => {
    expect(verdict(await read(profile([]), { as: "crun" }), "read")).toBe("ERRNO(EPERM)");
    expect(verdict(await read(profile([], { defaultErrnoRet: 38 }), { as: "crun" }), "read")).toBe("ERRNO(ENOSYS)");
    expect(verdict(await read(profile([], { defaultErrno: "EACCES" }), { as: "podman" }), "read")).toBe("ERRNO(EACCES)");
  });
  it("compares 64 bits at x86-64, 32 at the other ABIs", async () => {
    const policy = await read(profile([allow(["close"], { args: [{ index: 0, value: 7, op: "SCMP_CMP_EQ" }] })]), { as: "crun" });
    expect(verdict(policy, "x64.close(0x100000007)")).toBe("ERRNO(EPERM)");
    expect(verdict(policy, "i386.close(0x100000007)")).toBe("ALLOW");
    expect(verdict(policy, "x32.close(0x100000007)")).toBe("ALLOW");
  });
  it("knows the largest integer", async () => {
    const text = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["close"], "action": "SCMP_ACT_KILL_PROCESS",
      "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}]}`;
    expect(verdict(await read(text), "close(0xffffffffffffffff)")).toBe("KILL_PROCESS");
    expect(verdict(await read(text), "close(0xfffffffffffffffe)")).toBe("ALLOW");
  });
  it("reaches sockets of i386 behind socketcall too", async () => {
    const policy = await read(profile([allow(["socket"])]), { as: "crun" });
    expect(verdict(policy, "i386.socketcall(1)")).toBe("ALLOW");
    expect(verdict(policy, "i386.socketcall(2)")).toBe("ERRNO(EPERM)");
    expect(verdict(policy, "i386.socket")).toBe("ALLOW");
  });
  it("may be in a bundle's config.json", async () => {
    expect(verdict(await read({ ociVersion: "1.0.2", linux: { seccomp: profile([allow(["read"])]) } }), "read")).toBe("ALLOW");
  });
});

describe("compile modes", () => {
  const rules = [allow(["close"])];
  it("runc answers ENOSYS to numbers above those that the profile knows", async () => {
    expect(verdict(await read(profile(rules), { as: "runc" }), "x64.999")).toBe("ERRNO(ENOSYS)");
    expect(verdict(await read(profile(rules), { as: "crun" }), "x64.999")).toBe("ERRNO(EPERM)");
  });
  it("several conditions on one argument are alternatives to runtimes, not to the specification", async () => {
    const both = [
      { index: 0, value: 3, op: "SCMP_CMP_EQ" },
      { index: 0, value: 4, op: "SCMP_CMP_EQ" },
    ];
    const twice = profile([allow(["close"], { args: both })]);
    const policy = await read(twice, { as: "crun" });
    expect(verdict(policy, "close(4)")).toBe("ALLOW");
    expect(policy.warnings.map(({ message }) => message)).toEqual(["close: several conditions on one argument are taken as alternatives"]);
    expect(verdict(await read(twice, { as: "kernel" }), "close(4)")).toBe("ERRNO(EPERM)");
  });
  it("a rule with the default's action is left out by runtimes, even before others", async () => {
    const shadowed = profile([{ names: ["read"], action: "SCMP_ACT_ERRNO" }, allow(["read"])]);
    expect(verdict(await read(shadowed, { as: "crun" }), "read")).toBe("ALLOW");
    expect(verdict(await read(shadowed, { as: "kernel" }), "read")).toBe("ERRNO(EPERM)");
  });
});

describe("conditions of Docker's and containers-common's supersets", () => {
  const conditional = profile([
    allow(["bpf"], { includes: { caps: ["CAP_BPF"] } }),
    allow(["clone3"], { excludes: { caps: ["CAP_SYS_ADMIN"] } }),
    allow(["ptrace"], { includes: { minKernel: "4.8" } }),
    allow(["read"], { includes: { arches: ["arm64"] } }),
    allow(["write"], { includes: { arches: ["amd64", "arm64"] } }),
  ]);
  it("ask about capabilities", async () => {
    const [without, withBoth] = [await read(conditional), await read(conditional, { capabilities: ["CAP_BPF", "CAP_SYS_ADMIN"] })];
    expect([verdict(without, "bpf"), verdict(withBoth, "bpf")]).toEqual(["ERRNO(EPERM)", "ALLOW"]);
    expect([verdict(without, "clone3"), verdict(withBoth, "clone3")]).toEqual(["ALLOW", "ERRNO(ENOSYS)"]);
  });
  it("ask about the kernel and the processor", async () => {
    expect(verdict(await read(conditional), "ptrace")).toBe("ALLOW");
    expect(verdict(await read(conditional, { kernel: "4.4" }), "ptrace")).toBe("ERRNO(EPERM)");
    expect([verdict(await read(conditional), "read"), verdict(await read(conditional), "write")]).toEqual(["ERRNO(EPERM)", "ALLOW"]);
  });
  it("choose the architectures by archMap", async () => {
    const archMap = [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }];
    const policy = await read({ defaultAction: "SCMP_ACT_ERRNO", archMap, syscalls: [allow(["read"])] }, { as: "docker" });
    expect([verdict(policy, "i386.read"), verdict(policy, "x32.read")]).toEqual(["ALLOW", "KILL_THREAD"]);
  });
});

describe("what is wrong is told with its place", () => {
  it("an action that is not known, with the nearest one", async () => {
    const { sentence, help, span } = await problemOf(profile([{ names: ["read"], action: "SCMP_ACT_ALOW" }]));
    expect(sentence).toBe('"SCMP_ACT_ALOW" is no value of syscalls[0].action');
    expect(help).toBe("did you mean SCMP_ACT_ALLOW?");
    expect(span?.text?.slice((span.column ?? 0) - 1)).toMatch(/^"SCMP_ACT_ALOW"/);
    expect(span?.length).toBe('"SCMP_ACT_ALOW"'.length);
  });
  it.each([
    [
      profile([allow(["read"], { args: [{ index: 6, value: 0, op: "SCMP_CMP_EQ" }] })]),
      "syscalls[0].args[0].index: must be 0 to 5: a system call has six arguments",
    ],
    [
      profile([allow(["read"], { args: [{ index: 0, value: -1, op: "SCMP_CMP_EQ" }] })]),
      "syscalls[0].args[0].value: must be an integer from 0 to 2^64 - 1",
    ],
    [profile([allow(["read"], { args: [{ index: 0, op: "SCMP_CMP_EQ" }] })]), "syscalls[0].args[0].value is missing"],
    [{ syscalls: [] }, "defaultAction is missing"],
    [{}, "this JSON is no seccomp profile"],
    [profile([], { archMap: [{ architecture: "SCMP_ARCH_X86_64" }] }), "there are both architectures and archMap"],
    [profile([], { defaultErrno: "ENOSUCH" }), 'there is no error "ENOSUCH"'],
    [
      profile([
        allow(["read"]),
        { names: ["read"], action: "SCMP_ACT_LOG", args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] },
        { names: ["write"], action: "SCMP_ACT_LOG", args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] },
        allow(["write"], { args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] }),
      ]),
      "two rules for write with the same conditions have different actions",
    ],
  ])("%#", async (wrong, message) => {
    expect((await problemOf(wrong)).sentence).toBe(message);
  });
  it("names and members that nothing reads are warned about", async () => {
    const { warnings } = await read(profile([allow(["raed"], { arg: [] })], { defaultErnoRet: 1 }));
    expect(warnings.map(({ message }) => message)).toEqual([
      'nothing reads "defaultErnoRet" here: did you mean defaultErrnoRet?',
      'nothing reads "arg" here: did you mean args?',
      'there is no system call "raed": the rule does nothing (did you mean read?)',
    ]);
  });
});
