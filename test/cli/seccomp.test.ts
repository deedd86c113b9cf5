// `trapgate seccomp` as a user meets it: texts, data, exit statuses.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";

const profile = {
  defaultAction: "SCMP_ACT_ERRNO",
  architectures: ["SCMP_ARCH_X86_64"],
  syscalls: [
    { names: ["read", "exit_group"], action: "SCMP_ACT_ALLOW" },
    { names: ["clone"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: 2114060288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] },
  ],
};
const low = "A = sys_number; A == close ? check : ok; check: A = args[0]; A == 7 ? dead : ok; ok: return ALLOW; dead: return ERRNO(5)";
const full = `A = arch; A == ARCH_X86_64 ? next : ok; A = sys_number; A == close ? check : ok; check: A = args[0] >> 32; A == 0 ? next : ok
A = args[0]; A == 7 ? dead : ok; ok: return ALLOW; dead: return ERRNO(5)`;

/** Files of these contents; `run` gets their paths. */
const withFiles = (contents: Readonly<Record<string, string>>, use: (path: (name: string) => string) => void): Promise<unknown> =>
  inFolder(async (folder) => {
    for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
    use((name) => join(folder, name));
  });
const files = { "p.json": JSON.stringify(profile, null, 2), "low.asm": low, "full.asm": full };

describe("trapgate seccomp", () => {
  it("explains every call, side by side for the ABIs", () => {
    return withFiles(files, (path) => {
      const { status, stdout } = trapgate(["seccomp", "explain", path("p.json")]);
      expect(status).toBe(0);
      expect(stdout).toContain("x64: ALLOW\ni386: KILL_THREAD\nx32: KILL_THREAD\n    exit_group read\n");
      expect(stdout).toContain("x64: ALLOW if arg0 & 0x7e020000 == 0; else ERRNO(EPERM)\n");
    });
  });
  it("explains one call, with arguments or without", () => {
    return withFiles(files, (path) => {
      expect(trapgate(["seccomp", "explain", path("p.json"), "x64.clone"]).stdout).toBe(
        "x64: ALLOW if arg0 & 0x7e020000 == 0; else ERRNO(EPERM)\n",
      );
      expect(trapgate(["seccomp", "explain", path("p.json"), "clone(0x20000)"]).stdout).toBe("clone(0x20000): ERRNO(EPERM)\n");
      const { calls } = JSON.parse(trapgate(["seccomp", "explain", "--json", path("p.json"), "clone"]).stdout);
      expect(calls.clone.x64.cases[0].when[0][0]).toMatchObject({
        subject: "arg0",
        kind: "masks",
        masks: [{ mask: "0x7e020000", value: "0x0" }],
      });
    });
  });
  it("takes names for numbers in calls, and says the nearest", () => {
    return withFiles(files, (path) => {
      const brief = (call: string) => trapgate(["seccomp", "run", "--brief", path("p.json"), call]);
      expect(brief("clone(CLONE_NEWUSER|CLONE_NEWNET|17)").stdout).toBe("clone(0x50000011): ERRNO(EPERM)\n");
      expect(brief("clone(SOCK_STREAM)").stdout).toBe("clone(1): ALLOW\n");
      expect(brief("clone(CLONE_NEWUSR)").stderr).toContain('"CLONE_NEWUSR" is no argument (did you mean CLONE_NEWUSER?)');
    });
  });
  it("disassembles what the kernel refuses, with a warning", () => {
    return withFiles({ "f.hex": "20 00 00 00 00 00 00 00 15 00 75 00 03 00 00 40" }, (path) => {
      const { status, stdout, stderr } = trapgate(["seccomp", "disasm", path("f.hex")]);
      expect([status, stdout.split("\n").length]).toEqual([0, 5]);
      expect(stderr).toContain("the kernel refuses this filter at instruction 1: ");
    });
  });
  it.each(["check", "disasm", "explain", "audit", "asm"])("%s says that there is no such file, or that it is a directory", (name) => {
    expect(trapgate(["seccomp", name, "/absent"]).stderr).toContain("cannot read /absent: there is no such file");
    expect(trapgate(["seccomp", name, "/"]).stderr).toContain("cannot read /: it is a directory");
  });
  it("--help lists the subcommands", () => {
    expect(trapgate(["seccomp", "--help"]).stdout).toBe(trapgate(["seccomp"]).stdout);
    expect(trapgate(["seccomp", "--help"]).stdout).toMatch(/\n {2}audit +find weaknesses/);
  });
  it("checks a profile as another runtime compiles it", () => {
    return withFiles(files, (path) => expect(trapgate(["seccomp", "check", `crun:${path("p.json")}`]).status).toBe(0));
  });
  it("diff ends with 0, 1 or 2, as diff(1) does", () => {
    return withFiles(files, (path) => {
      expect(trapgate(["seccomp", "diff", path("low.asm"), path("low.asm")]).status).toBe(0);
      const { status, stdout } = trapgate(["seccomp", "diff", path("low.asm"), path("full.asm")]);
      expect(status).toBe(1);
      expect(stdout).toContain("x64: ERRNO(EIO) -> ALLOW if arg0 >> 32 != 0 and (u32) arg0 == 7; else the same");
      expect(stdout).toContain("such as\n    close(0x100000007): ERRNO(EIO) -> ALLOW\n");
      expect(trapgate(["seccomp", "diff", path("low.asm"), path("absent")]).status).toBe(2);
    });
  });
  it("diff compares compile modes of one profile", () => {
    return withFiles(files, (path) => {
      const { status, stdout } = trapgate(["seccomp", "diff", `runc:${path("p.json")}`, `crun:${path("p.json")}`]);
      expect(status).toBe(1);
      expect(stdout).toContain("x64 0x80000000 to 0xbfffffff: ERRNO(ENOSYS) -> KILL_THREAD");
    });
  });
  it("prove has a counter-example, and carries it out", () => {
    return withFiles(files, (path) => {
      const { status, stdout } = trapgate(["seccomp", "prove", path("low.asm"), path("full.asm")]);
      expect(status).toBe(1);
      expect(stdout).toContain("close(0x100000007)\n    the policy says ERRNO(EIO), the filter ALLOW");
      expect(stdout).toContain("under the policy: close(7) = -1 EIO");
      expect(stdout).toContain("under the filter: close(7) = -1 EBADF");
    });
  });
  it("compiles a profile to a filter that is proved to mean it", () => {
    return withFiles(files, (path) => {
      expect(trapgate(["seccomp", "asm", "--as", "runc", "-o", path("out.bpf"), path("p.json")]).status).toBe(0);
      const { status, stdout } = trapgate(["seccomp", "prove", path("p.json"), path("out.bpf")]);
      expect([status, stdout]).toEqual([0, expect.stringContaining("for every call")]);
      expect(trapgate(["seccomp", "disasm", path("out.bpf")]).stdout).toMatch(/^ line {2}CODE {2}JT {3}JF {6}K\n=+\n 0000: 0x20 /);
      expect(trapgate(["seccomp", "disasm", "--dot", path("out.bpf")]).stdout).toMatch(/^digraph filter \{/);
    });
  });
  it("runs a call step by step", () => {
    return withFiles(files, (path) => {
      const { stdout } = trapgate(["seccomp", "run", path("low.asm"), "close(7)"]);
      expect(stdout).toContain("0001: if (A != close) goto 0004");
      expect(stdout).toMatch(/close\(7\): ERRNO\(EIO\)\n$/);
    });
  });
  it("checks a filter by the rules of a kernel, and names the instruction", () => {
    return withFiles({ "load.asm": "A = data[64]; return ALLOW" }, (path) => {
      const { status, stdout } = trapgate(["seccomp", "check", path("load.asm")]);
      expect(status).toBe(1);
      expect(stdout).toBe("Linux 6.12 refuses this filter with EINVAL: load at 64: seccomp_data has 64 bytes\n    0: A = data[64]\n");
    });
  });
  it("merges policies", () => {
    return withFiles(files, (path) => {
      const merge = (kind: string, name: string) =>
        expect(trapgate(["seccomp", "merge", kind, "-o", path(name), path("low.asm"), path("full.asm")]).status).toBe(0);
      merge("--union", "union.bpf");
      merge("--intersect", "both.bpf");
      expect(trapgate(["seccomp", "diff", path("union.bpf"), path("full.asm")]).status).toBe(0);
      expect(trapgate(["seccomp", "diff", path("both.bpf"), path("low.asm")]).status).toBe(0);
    });
  });
  it("dumps the filters of a run", () => {
    const { stdout, stderr, status } = trapgate(["seccomp", "dump", guestPath("a1")]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("A = sys_number\n 0001: 0x15 0x01 0x00 0x0000006e  if (A == getppid) goto 0003");
  });
});

describe("a mistake in a policy", () => {
  it("is told with file, line, column and caret", () => {
    return withFiles({ "p.json": '{\n  "defaultAction": "SCMP_ACT_ERNO"\n}' }, (path) => {
      const { status, stderr } = trapgate(["seccomp", "explain", path("p.json")]);
      expect(status).toBe(125);
      expect(stderr).toBe(
        `trapgate: ${path("p.json")}:2:20: "SCMP_ACT_ERNO" is no value of defaultAction (did you mean SCMP_ACT_ERRNO?) [TG0402]\n` +
          `    2 |   "defaultAction": "SCMP_ACT_ERNO"\n      |                    ^^^^^^^^^^^^^^^\n`,
      );
    });
  });
  it("in assembly too", () => {
    return withFiles({ "f.asm": "A = sys_number\nA == raed ? ok : ok\nok: return ALLOW\n" }, (path) => {
      expect(trapgate(["seccomp", "disasm", path("f.asm")]).stderr).toContain("f.asm:2:6: ");
    });
  });
  it("a subcommand that there is not, with the nearest", () => {
    const { status, stderr } = trapgate(["seccomp", "explian"]);
    expect([status, stderr]).toEqual([125, 'trapgate: there is no subcommand "explian" of seccomp (did you mean explain?) [TG0101]\n']);
  });
});
