// Why a call was denied: the rule, the values, and changes of the policy, each of which is tried here once
// more.
import { arg, errno, type Policy, policy, readPolicy, why, whyProgram, whyText } from "trapgate/policy";
import { assemble, encodeProgram } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (name: string, text: string): Promise<Policy> => readPolicy(name, bytes(text));
const socket = { abi: "x64", number: 41, args: [2n, 0x80001n, 0n] } as const;
const profile = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    { "names": ["read", "socket"], "action": "SCMP_ACT_ALLOW",
      "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] },
    { "names": ["mount"], "action": "SCMP_ACT_KILL_PROCESS" }
  ]
}`;

describe("why", () => {
  it("names the rule whose conditions do not hold, and the values compared", async () => {
    const answer = why(await read("p.json", profile), socket);
    expect(answer).toMatchObject({ call: "socket(2, 0x80001)", verdict: "ERRNO(EPERM)" });
    expect(answer.rule).toMatchObject({ what: "the default action, as no rule's conditions hold", line: 5, column: 25 });
    expect(answer.passesIf).toEqual([{ verdict: "ALLOW", conditions: [{ text: "arg0 == AF_UNIX", value: "AF_INET", holds: false }] }]);
    expect(answer.path.at(-1)?.text).toBe("return ERRNO(1)");
  });
  it("names the rule that denies, and takes the name out of it", async () => {
    const answer = why(await read("p.json", profile), { abi: "x64", number: 165, args: [] });
    expect(answer.rule).toMatchObject({ what: "the rule for mount", line: 7 });
    const deny = profile.replace('"defaultAction": "SCMP_ACT_ERRNO"', '"defaultAction": "SCMP_ACT_ALLOW"');
    const changes = why(await read("p.json", deny), { abi: "x64", number: 165, args: [] }).changes;
    expect(changes[0]).toMatchObject({
      edit: "mount no longer among the names of the rule at line 7",
      lets: [{ abi: "x64", calls: ["mount"], when: "" }],
    });
  });
  it("orders changes by what they let pass, and each of them does", async () => {
    const { changes } = why(await read("p.json", profile), socket);
    expect(changes.map(({ lets }) => lets)).toEqual([
      [{ abi: "x64", calls: ["socket"], when: "arg0 == AF_INET and (u32) arg1 == 0x80001 and (u32) arg2 == 0" }],
      [{ abi: "x64", calls: ["socket"], when: "arg0 == AF_INET" }],
      [{ abi: "x64", calls: ["socket"], when: "arg0 != AF_UNIX" }],
    ]);
    expect(changes.map(({ size }) => size)).toEqual(changes.map(({ size }) => size).toSorted((a, b) => a - b));
    for (const { edit } of changes) {
      const changed = profile.replace('"syscalls": [', `"syscalls": [ ${edit},`);
      expect(await read("changed.json", changed)).toAllow("socket(2, 0x80001, 0)");
    }
  });
  it("says that an architecture is missing", async () => {
    const { rule, changes } = why(await read("p.json", profile), { abi: "i386", number: 3, args: [1n] });
    expect(rule).toMatchObject({ what: "calls of i386 are none of the profile's architectures", line: 3 });
    expect(changes[0]?.edit).toBe('"SCMP_ARCH_X86" among the architectures');
  });
  it("says that runc answers ENOSYS beyond the profile's numbers", async () => {
    const { rule, verdict } = why(await read("p.json", profile), { abi: "x64", number: 435, args: [] });
    expect(verdict).toBe("ERRNO(ENOSYS)");
    expect(rule?.what).toBe("runc answers so for numbers above the largest one that the profile names");
  });
  it.each([
    ["a.service", "[Service]\nSystemCallFilter=@basic-io\nSystemCallErrorNumber=EPERM\n", 2, "SystemCallFilter=socket"],
    ["b.service", "[Service]\nSystemCallFilter=~@network-io\n", 2, "SystemCallFilter=socket"],
    ["c.policy", "read: 1\nsocket: arg0 == 1\n", 2, "socket: arg0 == 2"],
    [
      "d.kafel",
      "ALLOW { read, socket { family == 1 } } DEFAULT KILL",
      1,
      "allow x64.socket if (u32) arg0 == 2 and (u32) arg1 == 0x80001 and (u32) arg2 == 0",
    ],
    ["e.asm", "A = sys_number\nA == socket ? no : ok\nok: return ALLOW\nno: return ERRNO(1)", 4, undefined],
  ] as const)("%s: the line and a change", async (name, text, line, edit) => {
    const { rule, changes } = why(await read(name, text), socket);
    expect(rule?.line).toBe(line);
    if (edit) expect(changes.map((change) => change.edit)).toContain(edit);
    else expect(changes.length).toBeGreaterThan(0);
  });
  it("offers systemd's lines, and they let the call pass", async () => {
    const text = "[Service]\nSystemCallFilter=~@network-io\n[Install]\nWantedBy=x.target\n";
    const { changes } = why(await read("b.service", text), socket);
    const changed = text.replace("[Install]", `${changes[0]?.edit}\n[Install]`);
    expect(await read("b.service", changed)).toAllow("socket");
  });
  it("answers for policies in TypeScript, with the rule to write", async () => {
    const sandbox = policy({ default: errno("EPERM") })
      .on(errno("EACCES"), "socket")
      .allow("read");
    const { changes, rule } = why(sandbox, socket);
    expect(rule).toBeUndefined();
    expect(changes[0]?.edit).toBe('.allow("socket", arg(0).eq(2), arg(1).eq(0x80001), arg(2).eq(0)) before the other rules');
    expect(why(policy({ default: errno("EPERM") }).allow("socket", arg(0).eq(1)), socket).changes[1]?.edit).toBe(
      '.allow("socket", arg(0).eq(2))',
    );
    expect(why(sandbox, { abi: "i386", number: 3, args: [] }).changes[0]?.edit).toBe('arch: ["x64", "i386"], and .allow("read")');
  });
  it("answers for the filter of a program, of which only the instructions are known", () => {
    const { program } = assemble(
      "A = sys_number; A == socket ? look : ok; look: A = args[0]; A == 1 ? ok : no; ok: return ALLOW; no: return ERRNO(1)",
    );
    const text = whyText(whyProgram(encodeProgram(program), socket), "filter 1");
    expect(text).toContain("it gets ALLOW if (u32) arg0 == AF_UNIX, but it is AF_INET");
    expect(text).toContain("0003: if (A != 0x1) goto 0005   args[0] is 0x2: yes");
    expect(text).toContain("lets pass\n      x64: socket if (u32) arg0 == AF_INET\n");
  });
});
