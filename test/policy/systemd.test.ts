// systemd's settings: the meaning of lines, the lines that systemd ignores, and equality with the filters of
// the host's systemd.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { systemdGroups } from "../../src/policy/formats/systemd/groups.ts";
import { systemdLines } from "../../src/policy/formats/systemd/writer.ts";
import { dataOfCall, detectFormat, type Policy, parseCall, readPolicy, valueText } from "../../src/policy/index.ts";
import { compare, diagramOf, effectOf, stackDiagrams, upstream } from "../../src/seccomp/index.ts";
import { systemdFilters, systemdLibrary } from "../../tools/policy/systemd.ts";
import { gcc, missing, nativeX64 } from "../support/host.ts";

const read = (text: string): Promise<Policy> => readPolicy("u.service", new TextEncoder().encode(text), { format: "systemd" });
const verdict = ({ diagram }: Policy, call: string): string =>
  valueText(effectOf(upstream, diagram.valueOf(dataOfCall(parseCall(call))) as number));

const unit = `[Unit]
Description=SystemCallFilter=~read in a section that runs nothing is no setting
SystemCallFilter=~read

[Service]
ExecStart=/usr/bin/true
# SystemCallFilter=~write
SystemCallFilter=@basic-io \\
; a comment within
  socket
SystemCallFilter=~readv close:EACCES
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
`;

describe("a unit", () => {
  it("allows what its lines list and @default, refuses known calls with its error, others with ENOSYS", async () => {
    const policy = await read(unit);
    expect(policy.mode).toBe("systemd");
    const verdicts = ["read", "socket", "execve", "readv", "close", "ptrace", "x64.999"].map((call) => verdict(policy, call));
    expect(verdicts).toEqual(["ALLOW", "ALLOW", "ALLOW", "ERRNO(EPERM)", "ERRNO(EACCES)", "ERRNO(EPERM)", "ERRNO(ENOSYS)"]);
    expect([verdict(policy, "i386.read"), verdict(policy, "x32.read")]).toEqual(["KILL_THREAD", "KILL_THREAD"]);
    expect(policy.warnings).toEqual([]);
  });
  it("is detected", () => {
    expect(detectFormat(new TextEncoder().encode(unit))).toBe("systemd");
    expect(detectFormat(new TextEncoder().encode("SystemCallLog=@debug\n"))).toBe("systemd");
  });
  it("says what systemd passes over, and where", async () => {
    const { warnings, source } = await read(
      "SystemCallFilter=@baisc-io raed read:EPERM\nSystemCallArchitecture=native\nSystemCallErrorNumber=EPREM\nRestrictNamespaces=yes\n",
    );
    expect(warnings.map(({ message, place }) => `${source.text.slice(place?.from, place?.to)}: ${message}`)).toEqual([
      '@baisc-io: there is no group "@baisc-io": systemd passes it over (did you mean @basic-io?)',
      'raed: there is no system call "raed": systemd passes it over (did you mean read?)',
      "read:EPERM: a call of an allow list takes no error: systemd passes it over (write ~read:EPERM in a line of its own)",
      "SystemCallArchitecture: nothing reads SystemCallArchitecture= here (did you mean SystemCallArchitectures=?)",
      "RestrictNamespaces: RestrictNamespaces= is left out: systemd makes other filters of it",
      'EPREM: there is no error "EPREM": systemd passes the line over (did you mean EPERM?)',
    ]);
  });
  it("that would not start is refused, with the word", async () => {
    await expect(read("SystemCallFilter=read\nSystemCallFilter=~read:ENOSYS\n")).rejects.toMatchObject({
      message: expect.stringContaining("does not start"),
      span: { line: 2, column: 19, length: 11 },
    });
    await expect(read("[Unit]\nSystemCallFilter=read\n")).rejects.toThrow("there is no SystemCallFilter= here");
  });
  it("no container profile is one in any mode", async () => {
    const json = new TextEncoder().encode('{"defaultAction": "SCMP_ACT_ALLOW"}');
    await expect(readPolicy("p.json", json, { as: "systemd" })).rejects.toThrow("systemd reads no container profile");
  });
});

/** Filters that systemd attaches for each, and lines that it writes for them again. */
const judged: readonly string[] = [
  "SystemCallFilter=@system-service\nSystemCallErrorNumber=EPERM\nSystemCallArchitectures=native",
  "SystemCallFilter=~@mount ptrace:EACCES @reboot:kill\nSystemCallFilter=umount2\nSystemCallLog=@debug",
  "SystemCallFilter=@basic-io\nSystemCallFilter=~read:EPERM readv",
  "SystemCallFilter=read:EPERM foo bar:5 :3",
  "SystemCallFilter=~@known",
  "SystemCallFilter=@known",
  "SystemCallFilter=~write read:0",
  "SystemCallLog=~@basic-io",
  "SystemCallArchitectures=x86-64 x86",
  "SystemCallArchitectures=x32",
  "SystemCallArchitectures=arm64",
  "SystemCallFilter=read\nSystemCallFilter=\nSystemCallFilter=~socket ipc accept\nSystemCallErrorNumber=0\nSystemCallErrorNumber=5",
  "SystemCallFilter=read\nSystemCallFilter=~socket:EACCES socketcall:5",
  "SystemCallFilter=read\nSystemCallErrorNumber=ENOSYS",
  "SystemCallFilter=~read:ENOSYS write:5",
  "SystemCallFilter=read\nSystemCallErrorNumber=EPERM\nSystemCallErrorNumber=nonsense\nSystemCallErrorNumber=4096",
  "SystemCallFilter=read\nSystemCallErrorNumber=EPERM\nSystemCallErrorNumber=",
  "SystemCallFilter=~read:kill read:EPERM\nSystemCallErrorNumber=EPERM\nSystemCallArchitectures=x86",
  "SystemCallFilter=~@clock @debug @module @mount @obsolete @privileged @raw-io @reboot @swap\nSystemCallErrorNumber=EPERM",
  "SystemCallFilter=@system-service @mount\nSystemCallFilter=~@privileged @resources:EACCES\nSystemCallFilter=setuid\nSystemCallLog=@network-io ~bind",
];
const refusedLines = ["SystemCallFilter=read\nSystemCallFilter=~read:ENOSYS", "SystemCallFilter=read\nSystemCallFilter=~write:EPERM"];

const library = { what: "systemd 257", met: systemdLibrary !== undefined };
describe.skipIf(missing("settings against systemd", library, nativeX64, gcc))("the host's systemd", () => {
  it.each(judged)("makes the same filters of %j", async (text) => {
    const theirs = systemdFilters(`${text}\n`);
    if (typeof theirs === "number") throw new Error(`the judge ends with ${theirs}`);
    expect(theirs.length).toBeGreaterThan(0);
    const { diagram } = await read(text);
    const stacked = stackDiagrams(theirs.map((program) => diagramOf(program, upstream, diagram.nodes)));
    expect(compare(diagram, stacked).verdict).toBe("equal");
  });
  it.each(["SystemCallFilter=~", "SystemCallFilter=~write", "SystemCallArchitectures=native x86 x32"])(
    "makes no filter of %j",
    async (text) => {
      expect(systemdFilters(`${text}\n`)).toEqual([]);
      const { diagram } = await read(text);
      expect(diagram.values().decided).toEqual([0x7fff_0000]);
    },
  );
  it.each(refusedLines)("does not start a unit with %j", async (text) => {
    expect(systemdFilters(`${text}\n`)).toBeTypeOf("number");
    await expect(read(text)).rejects.toThrow("does not start");
  });
});

const analyze = spawnSync("systemd-analyze", ["syscall-filter"], { encoding: "utf8" });
const version = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" }).stdout ?? "";
// Others have other groups.
describe.runIf(/^systemd 257\b/.test(version))("groups", () => {
  it("are those that systemd-analyze prints", () => {
    const theirs: Record<string, string[]> = {};
    let group: string[] = [];
    for (const line of analyze.stdout.split("\n")) {
      if (line.startsWith("@")) theirs[line] = group = [];
      else if (/^\s+[@\w]/.test(line)) group.push(line.trim());
    }
    expect(Object.keys(theirs).length).toBeGreaterThan(25);
    expect(systemdGroups).toEqual(theirs);
  });
});

describe("lines for a unit", () => {
  it.each(judged)("written for %j mean the same", async (text) => {
    const { diagram } = await read(text);
    const { text: written, difference } = systemdLines(diagram);
    expect(difference.verdict, written).toBe("equal");
  });
  it("say where they cannot mean the same", async () => {
    const { diagram } = await readPolicy(
      "f",
      new TextEncoder().encode("A = args[0]; A == 7 ? dead : ok; ok: return ALLOW; dead: return ERRNO(5)"),
    );
    const { difference } = systemdLines(diagram);
    expect(difference.verdict).toBe("different");
  });
});
