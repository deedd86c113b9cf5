// Filters as files: a filter written in any format is read again as the same program.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataOfCall, detectFormat, outputs, parseCall, readPolicy, writeProgram } from "../../src/policy/index.ts";
import { BPF, compare, diagramOf, jump, type Program, programOf, stmt } from "../../src/seccomp/index.ts";
import { upstreamProgram } from "../seccomp/arbitrary.ts";

const bytesOf = (text: string | Uint8Array): Uint8Array => (typeof text === "string" ? new TextEncoder().encode(text) : text);
const read = async (text: string | Uint8Array): Promise<Program | undefined> => (await readPolicy("f", bytesOf(text))).program;

describe("a program", () => {
  for (const format of outputs.filter((name) => name !== "json")) {
    it(`written as ${format} is read again`, async () => {
      await fc.assert(
        fc.asyncProperty(upstreamProgram, async (program) => {
          expect(await read(writeProgram(program, format))).toEqual(program);
        }),
        { numRuns: 20, seed: 1 },
      );
    });
  }
  it("made of a diagram means the same", () => {
    let made = 0;
    fc.assert(
      fc.property(upstreamProgram, (program) => {
        const diagram = diagramOf(program);
        if (diagram.values().undecided.length > 0) return;
        made++;
        expect(compare(diagram, diagramOf(programOf(diagram))).verdict).toBe("equal");
      }),
      { numRuns: 60, seed: 2 },
    );
    expect(made).toBeGreaterThan(30);
  });
});

const program: Program = [
  stmt(BPF.LD | BPF.W | BPF.ABS, 4),
  jump(BPF.JMP | BPF.JEQ | BPF.K, 0xc000_003e, 1, 0),
  stmt(BPF.RET | BPF.K, 0),
  stmt(BPF.LD | BPF.W | BPF.ABS, 0),
  jump(BPF.JMP | BPF.JGE | BPF.K, 0x4000_0000, 0, 1),
  stmt(BPF.RET | BPF.K, 0x0005_0001),
  stmt(BPF.RET | BPF.K, 0x7fff_0000),
];
const source = `#include <linux/filter.h>
static const struct sock_filter filter[] = {
  /* the ABI { first } */
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offsetof(struct seccomp_data, arch))),
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
  { .code = BPF_LD + BPF_W + BPF_ABS, .k = 0 }, // nr
  BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1U << 30, 0, 1),
  {0x06, 0, 0, SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA)},
  BPF_STMT(BPF_RET+BPF_K, (__u32) SECCOMP_RET_ALLOW),
};
struct sock_fprog prog = { .len = 7, .filter = filter };
`;

describe("C sources", () => {
  it("are read with macros, designators, names and comments", async () => {
    expect(await read(source)).toEqual(program);
  });
  it("name a call as the header does", async () => {
    const [, second] = (await read(
      "BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0), BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K, __NR_openat, 0, 0), BPF_STMT(BPF_RET|BPF_K, 0)",
    )) as Program;
    expect(second?.k).toBe(257);
  });
  it("say where a name is not known", async () => {
    await expect(read(source.replace("EPERM", "EPREM"))).rejects.toMatchObject({
      sentence: "EPREM is not known here",
      help: "did you mean EPERM?",
      span: { line: 9, column: 37 },
    });
  });
});

describe("formats are detected", () => {
  it.each([
    ["oci", '{ "defaultAction": "SCMP_ACT_ALLOW" }'],
    ["hex", "20 00 00 00 04 00 00 00\n06 00 00 00 00 00 ff 7f\n"],
    ["hex", '" \\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x06\\x00\\x00\\x00\\x00\\x00\\xFF\\x7F"'],
    ["c", source],
    ["asm", "A = sys_number\nreturn ALLOW\n"],
  ])("as %s", (format, text) => {
    expect(detectFormat(bytesOf(text))).toBe(format);
  });
  it("as raw", () => expect(detectFormat(bytesOf(writeProgram(program, "raw")))).toBe("raw"));
  it("a string of escapes is the bytes", async () => {
    expect(await read('" \\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x06\\0\\0\\0\\x00\\x00\\xFF\\x7F"')).toEqual([
      stmt(0x20, 4),
      stmt(6, 0x7fff_0000),
    ]);
  });
  it("bytes that are no whole instructions are refused", async () => {
    await expect(read("20 00 00")).rejects.toThrow("3 bytes, which is no array of struct sock_filter");
  });
});

describe("a SeccompProfile of the Security Profiles Operator", () => {
  const yaml = `apiVersion: v1
kind: ConfigMap
---
apiVersion: security-profiles-operator.x-k8s.io/v1
kind: SeccompProfile
metadata:
  name: profile
spec:
  defaultAction: SCMP_ACT_ERRNO
  architectures: [SCMP_ARCH_X86_64]
  syscalls:
    - action: SCMP_ACT_ALLOW
      names: [read, exit_group]
    - action: SCMP_ACT_ALLOW
      names:
        - close
      args:
        - {index: 0, value: 18446744073709551615, op: SCMP_CMP_EQ}
`;
  it("is the container profile that its spec is, with integers of 64 bits", async () => {
    const json = `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
      {"names": ["read", "exit_group"], "action": "SCMP_ACT_ALLOW"},
      {"names": ["close"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}]}`;
    const [spo, oci] = [await readPolicy("p.yaml", bytesOf(yaml)), await readPolicy("p.json", bytesOf(json))];
    expect([spo.format, oci.format]).toEqual(["spo", "oci"]);
    expect(compare(spo.diagram, oci.diagram).verdict).toBe("equal");
  });
  it("says where it is wrong", async () => {
    await expect(readPolicy("p.yaml", bytesOf(yaml.replace("SCMP_ACT_ERRNO", "SCMP_ACT_ERNO")))).rejects.toMatchObject({
      help: "did you mean SCMP_ACT_ERRNO?",
      span: { line: 9, column: 18, length: 13 },
    });
    await expect(readPolicy("p.yaml", bytesOf(yaml.replace("[SCMP_ARCH_X86_64]", "[SCMP")))).rejects.toMatchObject({
      message: expect.stringContaining("this is no YAML"),
    });
  });
  it("says which base profile it leaves out", async () => {
    const { warnings } = await readPolicy("p.yaml", bytesOf(yaml.replace("spec:", "spec:\n  baseProfileName: runc-v1.1.5")));
    expect(warnings.map(({ message }) => message)).toEqual(["the base profile runc-v1.1.5 is left out: give the merged profile"]);
  });
});

describe("Firecracker's filters", () => {
  const json = (more = "") => `{
  "vcpu": {"default_action": "trap", "filter_action": "allow", "filter": [
    {"syscall": "read"},
    {"syscall": "ioctl", "args": [{"index": 1, "type": "dword", "op": "eq", "val": 44672}]},
    {"syscall": "madvise", "args": [{"index": 2, "type": "qword", "op": {"masked_eq": 255}, "val": 4, "comment": "DONTNEED"}]}${more}
  ]},
  "api": {"default_action": {"errno": 1}, "filter_action": "allow", "filter": []}
}`;
  const read = (text: string, thread?: string) => readPolicy("f.json", bytesOf(text), thread === undefined ? {} : { thread });
  it("are those of the thread that is named, a dword's equality on 32 bits", async () => {
    const policy = await read(json(), "vcpu");
    expect(policy.format).toBe("firecracker");
    const value = (call: string) => policy.diagram.valueOf(dataOfCall(parseCall(call)));
    expect([value("read"), value("write")]).toEqual([0x7fff_0000, 0x0003_0000]);
    expect([value("ioctl(3, 0xdeadbeef0000ae80)"), value("ioctl(3, 0xae81)")]).toEqual([0x7fff_0000, 0x0003_0000]);
    expect([value("madvise(0, 0, 0xff04)"), value("madvise(0, 0, 5)")]).toEqual([0x7fff_0000, 0x0003_0000]);
    expect([value("i386.read"), value("x32.read")]).toEqual([0, 0]);
  });
  it("say what is missing or wrong", async () => {
    await expect(read(json())).rejects.toMatchObject({
      sentence: "there are filters of several threads",
      help: "one of vcpu, api is meant",
    });
    await expect(read(json(), "vmm")).rejects.toThrow('there is no thread "vmm"');
    await expect(read(json(',\n    {"syscall": "raed"}'), "vcpu")).rejects.toMatchObject({
      help: "did you mean read?",
      span: { line: 6, column: 17 },
    });
    await expect(read(json().replace('"trap"', '"tarp"'), "vcpu")).rejects.toThrow("vcpu.default_action");
  });
});
