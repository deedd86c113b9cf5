// Policies in TypeScript as files: what `learn --to ts` writes is read back with the same meaning, as data.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "trapgate";
import {
  AF,
  arg,
  CLONE,
  dataOfCall,
  differenceText,
  errno,
  killThread,
  learn,
  Observed,
  parseCall,
  policy,
  readPolicy,
  trap,
  writeProfile,
} from "trapgate/policy";
import { compare } from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";

const read = (text: string) => readPolicy("sandbox.ts", new TextEncoder().encode(text));
const head = 'import { AF, allow, arg, CLONE, errno, killThread, policy, trap } from "trapgate/policy";\n';

describe("a policy in TypeScript", () => {
  it("is read as the library makes it", async () => {
    const made = policy({ default: errno("EPERM"), arch: ["x64", "i386"], otherArch: killThread })
      .allow("read", "write")
      .on(errno(13), "close", arg(0).lt(3))
      .allow("socket", arg(0).in(AF.UNIX, AF.INET), arg(1).low.ne(3))
      .allow("clone", arg(0).hasNone(CLONE.NEWUSER | CLONE.NEWNET))
      .first(trap(7), "openat", arg(0).wide.eq(-100));
    const policyText = `${head}
// A comment.
export const sandbox = policy({ default: errno("EPERM"), arch: ["x64", "i386"], otherArch: killThread, })
  .allow("read", 'write')
  .on(errno(13), "close", arg(0).lt(3))
  .allow("socket", arg(0).in(AF.UNIX, 2n), arg(1).low.ne(0x3))
  .allow("clone", arg(0).hasNone(CLONE.NEWUSER | CLONE.NEWNET)) /* flags */
  .first(trap(7), "openat", arg(0).wide.eq(-100));
`;
    const found = await read(policyText);
    expect(found.format).toBe("ts");
    expect(compare(made.diagram, found.diagram).verdict).toBe("equal");
    expect(found.source.lineOf(found.places.ofCall?.(41, { name: "x64" } as never)[0]?.from ?? 0)).toBeGreaterThan(0);
  });
  it("is what learn writes", async () => {
    const seen = new Observed();
    for (const call of ["read(0)", "socket(1, 1)", "openat(-100, 0, 0)", "lseek(0, 0, 2)"]) seen.add(dataOfCall(parseCall(call)));
    const learned = learn(seen);
    const found = await read(writeProfile(learned.profile, "ts"));
    // -1, with which a tracer skips a call, has bit 30: it is no call of the rules' ABI.
    const differing = compare(learned.diagram, found.diagram);
    expect(
      differenceText(differing)
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual(["x64 0xffffffff: ERRNO(EPERM) -> KILL_THREAD"]);
  });
  it.each([
    [`${head}export const s = policy({ defualt: errno(1) });`, ":2:27: policy has no option defualt (did you mean default?)"],
    [`${head}export const s = policy({ default: errno("EPREM") });`, 'errno: error cannot be "EPREM" (did you mean EPERM?)'],
    [
      `${head}export const s = policy({ default: errno(1) }).allow("opnat");`,
      ':2:54: policy.on: x64: there is no system call "opnat" (did you mean openat?)',
    ],
    [
      `${head}export const s = policy({ default: errno(1) }).allow("read", arg(6).eq(1));`,
      "arg: index must be a whole number from 0 to 5, not 6",
    ],
    [`${head}export const s = policy({ default: errno(1) }).allow("read", arg(0).equals(1));`, "arg has no equals"],
    [`${head}export const s = policy({ default: errno(1) }).alow("read");`, "policy has no method alow (did you mean allow?)"],
    [`${head}export const s = policy({ default: errno(1) }).allow("socket", arg(0).eq(AF.UNX));`, "AF has no UNX (did you mean UNIX?)"],
    [
      `import { x } from "node:fs";\n${head}policy({ default: errno(1) });`,
      '"node:fs" is not read (a policy file is read as data, not run)',
    ],
    [`${head}process.exit(1); policy({ default: errno(1) })`, 'here must be "policy(…)"'],
    [
      `${head}export const s = policy({ default: errno(1) }).allow("read"); console.log(1)`,
      "here the module must end: it holds one policy",
    ],
  ])("says what is wrong: %#", async (text, message) => {
    const error = await read(text).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(Problem);
    expect((error as Problem).message).toContain(message);
    expect((error as Problem).span?.line).toBeDefined();
  });
  it("runs a program: learn --to ts, then run --policy", { timeout: 120_000 }, () =>
    inFolder(async (folder) => {
      const file = join(folder, "sandbox.ts");
      const hello = guestPath("hello-syscall");
      expect(trapgate(["seccomp", "learn", "--to", "ts", "-o", file, hello]).status).toBe(0);
      expect(trapgate(["run", "--policy", file, hello])).toMatchObject({ status: 0, stdout: "hello through syscall\n" });
      writeFileSync(file, `${head}export const s = policy({ default: errno("EPERM") }).allow("exit");\n`);
      expect(trapgate(["run", "--policy", file, hello]).stdout).toBe("");
    }),
  );
});

describe("--cap", { timeout: 60_000 }, () => {
  it("knows the names of capabilities", () =>
    inFolder(async (folder) => {
      const file = join(folder, "p.json");
      writeFileSync(file, '{ "defaultAction": "SCMP_ACT_ALLOW" }');
      expect(trapgate(["seccomp", "explain", "--cap", "SYS_ADMN", file]).stderr).toContain(
        '--cap has no value "CAP_SYS_ADMN" (did you mean CAP_SYS_ADMIN?)',
      );
      expect(trapgate(["seccomp", "explain", "--cap", "sys_admin,CAP_CHOWN", file]).status).toBe(0);
    }));
});
