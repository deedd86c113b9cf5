// "Did you mean": one function for all tables of names, and the messages that had no proposal or a wrong
// one.
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { capabilityNames } from "../../src/abi/capability.ts";
import { E } from "../../src/abi/errno.ts";
import { syscallNumbers } from "../../src/abi/numbers.ts";
import { subcommands } from "../../src/cli/commands/seccomp.ts";
import { runOptions } from "../../src/cli/run-options.ts";
import { readOptions } from "../../src/cli/seccomp/input.ts";
import { engines } from "../../src/cpu/engine.ts";
import { modelNames } from "../../src/cpu/machine/model.ts";
import { bugs, vsyscallModes } from "../../src/kernel/base/profile.ts";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import { signalNames } from "../../src/machine/tracing/status.ts";
import { nearest } from "../../src/nearest.ts";
import { actionNames } from "../../src/policy/actions.ts";
import { severities } from "../../src/policy/audit/finding.ts";
import { architectureNames } from "../../src/policy/formats/container-schema.ts";
import { formats } from "../../src/policy/formats/read.ts";
import { systemdGroups } from "../../src/policy/formats/systemd/groups.ts";
import { outputs } from "../../src/policy/formats/write.ts";
import { modes } from "../../src/policy/mode.ts";
import { numberNames } from "../../src/policy/named.ts";
import { seccompProfileNames } from "../../src/seccomp/index.ts";
import { trapgate } from "../support/cli.ts";
import { emptyFolder } from "../support/guest.ts";

const tables: Readonly<Record<string, readonly string[]>> = {
  "system calls": Object.keys(syscallNumbers),
  errors: Object.keys(E),
  capabilities: capabilityNames,
  signals: signalNames,
  constants: [...numberNames()],
  "libseccomp's actions": actionNames,
  "libseccomp's architectures": architectureNames,
  "systemd's groups": Object.keys(systemdGroups),
  "policy formats": formats,
  "output formats": outputs,
  "compile modes": modes,
  severities,
  "kernel profiles": seccompProfileNames.filter((name) => !/^[\d.]+$/.test(name)),
  "processor models": modelNames,
  engines,
  "vsyscall modes": vsyscallModes,
  bugs: Object.keys(bugs),
  "subcommands of seccomp": Object.keys(subcommands),
  "options of run": Object.keys(runOptions),
  "options of seccomp": Object.keys(readOptions),
};
/** Slips of the hand: two letters exchanged, one left out, one twice. */
const slips = (name: string): readonly string[] => {
  const at = Math.floor(name.length / 2);
  const swapped = name.slice(0, at - 1) + name[at] + name[at - 1] + name.slice(at + 1);
  return [swapped, name.slice(0, at) + name.slice(at + 1), name.slice(0, at) + name[at] + name.slice(at)].filter((slip) => slip !== name);
};

describe("the nearest name", () => {
  it.each(Object.entries(tables))("of %s is found for each slip of a name of four letters or more", (_, names) => {
    const lost = names
      .filter((name) => name.length >= 4)
      .flatMap((name) => slips(name).map((slip) => ({ name, slip, found: nearest(slip, names) })))
      .filter(({ found, slip, name }) => found === undefined || (found !== name && !names.includes(slip) && !near(found, slip)));
    expect(lost).toEqual([]);
  });
  it("is none for half a name and for versions", () => {
    expect(
      nearest(
        "Z9",
        catalogue.map(({ id }) => id),
      ),
    ).toBeUndefined();
    expect(nearest("7.0", seccompProfileNames)).toBeUndefined();
    expect(nearest("frobnicate", Object.keys(syscallNumbers))).toBeUndefined();
  });
});
/** Another name that is as near. */
function near(found: string, slip: string): boolean {
  return (
    Math.abs(found.length - slip.length) <= 1 &&
    [...found].filter((letter) => slip.includes(letter)).length >= Math.min(found.length, slip.length) - 2
  );
}

const folder = emptyFolder(join(tmpdir(), `trapgate-nearest-${process.pid}`));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const json = file("git.json", '{ "defaultAction": "SCMP_ACT_ALLOW" }');

describe("a message", { timeout: 60_000 }, () => {
  it.each<[readonly string[], RegExp]>([
    [["run", "--kernel", "7.0", "/bin/true"], /there is no kernel profile "7\.0" \(the newest version is 6\.18; there are patch:v5, /],
    [["profiles", "7.0"], /the newest version is 6\.18; there are/],
    [["seccomp", "explain", "--cap", "SYS_ADMN", json], /did you mean CAP_SYS_ADMIN\?/],
    [["seccomp", "explain", file("empty.json", "")], /empty\.json: the file is empty/],
    [["seccomp", "explain", file("blank.json", " \n")], /blank\.json: the file is empty/],
    [
      ["seccomp", "explain", file("a.service", "SystemCallFilter=@system-service ~@mount\n")],
      /"~@mount": ~ stands at the beginning of a line.*write SystemCallFilter=~@mount in a line of its own/,
    ],
    [
      ["seccomp", "explain", file("call.asm", "A = sys_number\nA == getpidd ? ok : no\nok: return ALLOW\nno: return KILL\n")],
      /call\.asm:2:6: value "getpidd" is not known \(did you mean getpid\?\) \[TG0401\]\n.*\n.*\| {6}\^{7}$/m,
    ],
    [
      ["seccomp", "explain", file("label.asm", "A = sys_number\nA == getpid ? okk : no\nok: return ALLOW\nno: return KILL\n")],
      /label\.asm:2:15: there is no label okk \(did you mean ok\?\)/,
    ],
    [
      ["seccomp", "explain", file("error.asm", "return ERRNO(EPREM)\n")],
      /error\.asm:1:14: error "EPREM" is not known \(did you mean EPERM\?\)/,
    ],
    [["seccomp", "explain", file("action.asm", "return ALOW\n")], /action\.asm:1:8: action "ALOW" is not known \(did you mean ALLOW\?\)/],
    [["seccomp", "explain", `runk:${json}`], /there is no mode "runk" \(did you mean runc\?\)/],
    [["seccomp", "explain", `foo:${json}`], /there is no mode "foo" \(there are kernel, runc, crun, /],
    [["run", "--policy", `foo:${json}`, "guest/bin/a1"], /there is no mode "foo" \(there are kernel, runc, crun, /],
    [["run", "--policy", file("none.json", "\n"), "guest/bin/a1"], /none\.json: the file is empty/],
    [["seccomp", "explain", file("word.asm", "A = sys_numbr\nreturn ALLOW\n")], /"sys_numbr" is not known \(did you mean sys_number\?\)/],
    [["run", "--cpu", "max,+gfnii", "guest/bin/a1"], /a processor model has no "\+gfnii" \(did you mean gfni\?\)/],
    [["asm", file("bad.asm", "mov eax, [rbx*3]\n")], /bad\.asm: line 1: /],
    [["asm", join(folder, "absent.asm")], /cannot read .*absent\.asm: there is no such file/],
    [["landmines", "--only", "Z9"], /--only has no value "Z9" \(there are A1, A2, /],
    [["syscalls", "opnat"], /there is no system call "opnat" \(did you mean openat\?\)/],
    [["run", file("run.zip", "PK\u0003\u0004")], /run\.zip: is an archive, not a program \(a saved run is opened in the page/],
  ])("of %j has its remedy", (args, message) => {
    const { stderr } = trapgate(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("internal error");
  });
});
