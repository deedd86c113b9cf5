// Learning and coverage: observed calls pass, and few others; files of several formats have the same meaning.
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import {
  coverageHtml,
  coverageText,
  dataOfCall,
  errno,
  explainRoot,
  explanationHtml,
  lcov,
  learn,
  Observed,
  PolicyCoverage,
  parseCall,
  policy,
  profileOfMeaning,
  readPolicy,
  writeProfile,
} from "trapgate/policy";
import { compare } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import { guestPath } from "../support/cli.ts";
import "trapgate/vitest";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const seenOf = (...calls: readonly string[]): Observed => {
  const seen = new Observed();
  for (const call of calls) seen.add(dataOfCall(parseCall(call)));
  return seen;
};

describe("learn", () => {
  it("lets observed calls pass, by arguments where these are one of a few values", () => {
    const learned = learn(seenOf("read(3, 0x1000, 16)", "read(4, 0x2000, 1)", "socket(1, 1)", "socket(2, 2)", "i386.getpid"));
    expect(learned).toMatchObject({ profile: { rules: [{ names: ["getpid", "read"] }, { names: ["socket"] }, { names: ["socket"] }] } });
    expect(learned).toAllow("read");
    expect(learned).toAllow("socket(1, 1)");
    expect(learned).toDeny("socket(1, 2)");
    expect(learned).toDeny("socket(10, 1)");
    expect(learned).toAllow("i386.getpid");
    expect(learned).toDeny("x32.read");
    expect(learned.passes.never).toBeGreaterThan(0.98);
  });
  it("takes names alone if there were too many values", () => {
    const calls = Array.from({ length: 20 }, (_, i) => `ioctl(0, ${i})`);
    expect(learn(seenOf(...calls))).toAllow("ioctl(0, 99)");
    expect(learn(seenOf(...calls), { combinations: 20 })).toDeny("ioctl(0, 99)");
    expect(learn(seenOf("socket(1, 1)"), { combinations: 0 })).toAllow("socket");
  });
  it("extends a policy: what it let pass stays, what was seen is added", () => {
    const base = policy({ default: errno("EPERM") }).allow("read", "openat");
    const learned = learn(seenOf("read(0)", "write(1)"), { base });
    expect(learned.added.map(({ name }) => name)).toEqual(["write"]);
    for (const call of ["read", "openat", "write"]) expect(learned).toAllow(call);
  });
  it("merges what other runs have seen", () => {
    const first = seenOf("socket(1, 1)", "read(0)");
    const both = seenOf("socket(2, 1)");
    expect(both.merge(JSON.parse(JSON.stringify(first.json())))).toBe(true);
    expect(both.total).toBe(3);
    expect(learn(both)).toAllow("socket(1, 1)");
    expect(both.merge([{ abi: "arm", number: 1, count: 1 }])).toBe(false);
  });
  it.each(["hello-syscall", "hello-int80-32", "hello-int80-64", "a1"])(
    "%s: the program does under the result what it did",
    async (name) => {
      const seen = new Observed();
      const program = readFileSync(guestPath(name));
      const free = await Machine.run(program, { policy: "return LOG", timeout: 30, hooks: { logged: (call) => seen.add(call) } });
      const { profile } = learn(seen);
      const learned = await readPolicy("learned.json", bytes(writeProfile(profile, "oci")), { as: "crun" });
      const confined = await Machine.run(program, { policy: learned, timeout: 30 });
      expect([confined.status, confined.stdout.text]).toEqual([free.status, free.stdout.text]);
      expect(confined.denials.filter(({ byPolicy }) => byPolicy)).toEqual([]);
    },
  );
});

describe("rules of a meaning", () => {
  const sandbox = policy({ default: errno("EPERM"), arch: ["x64", "i386"] })
    .allow("read", "write")
    .on(errno("EACCES"), "mkdir")
    .allow("futex");
  it.each(["oci", "spo"] as const)("%s says the same", async (format) => {
    const { profile, difference } = profileOfMeaning(sandbox.diagram);
    const again = await readPolicy(`p.${format}`, bytes(writeProfile(profile, format)), { as: "kernel" });
    expect(compare(difference.b, again.diagram).verdict).toBe("equal");
    // Other architectures and x32 are killed by thread there.
    for (const call of ["read", "i386.write", "futex"]) expect(again).toAllow(call);
    for (const call of ["mkdir", "socket", "x32.read"]) expect(again).toDeny(call);
  });
  it("TypeScript is what a person would write", () => {
    const { profile } = learn(seenOf("read(0)", "socket(1, 1)", "fcntl(0, 2)"));
    expect(writeProfile(profile, "ts")).toBe(`import { arg, errno, killThread, policy } from "trapgate/policy";

export const sandbox = policy({ default: errno("EPERM"), arch: ["x64"], otherArch: killThread })
  .allow("socket", arg(0).eq(1), arg(1).eq(1), arg(2).eq(0))
  .allow("fcntl", arg(1).eq(2))
  .allow("read");
`);
  });
});

describe("coverage", () => {
  const text = `{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
  { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
  { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] },
  { "names": ["exit_group"], "action": "SCMP_ACT_ALLOW" }
] }`;
  it("counts rules, calls without one, instructions and branches of a run", async () => {
    const given = await readPolicy("p.json", bytes(text), { as: "crun" });
    const coverage = new PolicyCoverage(given);
    const hook = coverage.hook;
    await Machine.run(readFileSync(guestPath("hello-syscall")), { policy: given, timeout: 30, hooks: { event: hook } });
    coverage.add(dataOfCall(parseCall("socket(2)")));
    const report = coverage.report();
    expect(report.rules).toEqual([
      { name: "read", line: 2, verdict: "ALLOW", hits: 0 },
      { name: "write", line: 2, verdict: "ALLOW", hits: 1 },
      { name: "socket", line: 3, verdict: "ALLOW", hits: 0 },
      { name: "exit_group", line: 4, verdict: "ALLOW", hits: 1 },
      { name: "default", line: undefined, verdict: "ERRNO(EPERM)", hits: 1 },
    ]);
    expect(report.unmatched).toEqual([{ call: "socket(2)", verdict: "ERRNO(EPERM)", hits: 1 }]);
    expect(report.instructions[0]).toMatchObject({ pc: 0, hits: 3 });
    expect(lcov(report)).toContain("SF:p.json\nDA:2,1\nDA:3,0\nDA:4,1\nLF:3\nLH:2\n");
    expect(coverageText(report)).toContain("  rules used         2 of 4 (50 %)\n");
    expect(coverageText(report)).toContain("rules that no call used\n    read:2 socket:3\n");
    expect(coverageHtml(report)).toContain('<div class="miss"><span>3</span><span>0</span><code>  { &#34;names&#34;: [&#34;socket&#34;]');
  });
  it("counts statements of filter text, and both ways of its branches", async () => {
    const given = await readPolicy("f.asm", bytes("A = sys_number\nA == read ? no : ok\nok: return ALLOW\nno: return ERRNO(1)\n"));
    const coverage = new PolicyCoverage(given);
    coverage.add(dataOfCall(parseCall("write")), 5);
    const report = coverage.report();
    expect(report.instructions.map(({ line, hits }) => [line, hits])).toEqual([
      [1, 5],
      [2, 5],
      [3, 5],
      [4, 0],
    ]);
    expect(lcov(report)).toContain("BRDA:2,1,0,0\nBRDA:2,1,1,5\nBRF:2\nBRH:1\n");
  });
  it("explanations become pages", async () => {
    const given = await readPolicy("p.json", bytes(text));
    const { nodes, root } = given.diagram.effects();
    const html = explanationHtml(explainRoot(nodes, root), "p <json>");
    expect(html).toContain("<title>p &#60;json&#62;</title>");
    expect(html).toContain('<tr data-name="socket" data-kind="no part">');
  });
});
