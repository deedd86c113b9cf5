// `run --policy` of several formats, and `--why`.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";

const hello = guestPath("hello-syscall");
const profile = (action: string): string =>
  `{
  "defaultAction": "${action}",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [{ "names": ["exit_group", "execve"], "action": "SCMP_ACT_ALLOW" }]
}
`;
const pod = `apiVersion: v1
kind: Pod
spec:
  securityContext:
    seccompProfile: { type: Localhost, localhostProfile: profiles.json }
  containers: [{ name: main }]
`;

const withFiles = (use: (folder: string) => void): Promise<void> =>
  inFolder(async (folder) => {
    const contents = {
      "profiles.json": profile("SCMP_ACT_ERRNO"),
      "wrong.json": profile("SCMP_ACT_ALOW"),
      "pod.yaml": pod,
      "a.service": "[Service]\nSystemCallFilter=~write\nSystemCallErrorNumber=EACCES\n",
      "b.policy": "write: return EACCES\nexit_group: 1\n",
      "c.kafel": "ERRNO(13) { write } DEFAULT ALLOW",
      "d.asm": "A = sys_number\nA == write ? no : ok\nok: return ALLOW\nno: return ERRNO(EACCES)\n",
    };
    for (const [name, text] of Object.entries(contents)) writeFileSync(join(folder, name), text);
    use(folder);
  });

describe("run --policy", () => {
  it.each(["profiles.json", "pod.yaml", "b.policy", "c.kafel", "d.asm"])("takes %s", (name) =>
    withFiles((folder) => {
      const { stdout, stderr } = trapgate(["trace", "--policy", join(folder, name), hello]);
      expect(stdout).toBe("");
      expect(stderr).toMatch(/write\(1, "hello through syscall\\n", 22\) = -1 (EPERM|EACCES).*\(seccomp: ERRNO/);
    }),
  );
  it("shows a mistake in a profile with line, column and the nearest name", () =>
    withFiles((folder) => {
      const { status, stderr } = trapgate(["run", "--policy", join(folder, "wrong.json"), hello]);
      expect(status).toBe(125);
      expect(stderr).toContain("wrong.json:2:20: ");
      expect(stderr).toContain("SCMP_ACT_ALLOW");
      expect(stderr).toContain('    2 |   "defaultAction": "SCMP_ACT_ALOW",\n');
    }));
});

describe("--why", () => {
  it("explains each denied call after the run", () =>
    withFiles((folder) => {
      const { stderr } = trapgate(["run", "--why", "--policy", `crun:${join(folder, "profiles.json")}`, hello]);
      expect(stderr).toContain(
        'denied: write(1, "hello through syscall\\n", 22): ERRNO(EPERM)\n  by hello-syscall[2], through syscall64, ABI x64\n',
      );
      expect(stderr).toContain("profiles.json:2:4: the default action, as no rule names the call\n");
      expect(stderr).toContain(
        'the smallest change: { "names": [ "write" ], "action": "SCMP_ACT_ALLOW" }\n    lets pass\n      x64: write\n',
      );
      expect(stderr).toMatch(/called from\n {6}0x[0-9a-f]+ \(.*hello-syscall, at 0x[0-9a-f]+\)\n\ntrapgate: 1 call denied\n$/);
    }));
  it("explains filters of the program's own, in data too", () =>
    withFiles((folder) => {
      const file = join(folder, "why.json");
      const { stderr } = trapgate(["run", "--why", "--why-json", file, guestPath("a1-fixed")]);
      expect(stderr).toContain("denied: getppid(): KILL_PROCESS\n  by a1-fixed[2], through int80, ABI i386\n  filter 1 of the program\n");
      const [denial] = JSON.parse(readFileSync(file, "utf8"));
      expect(denial).toMatchObject({ name: "getppid", abi: "i386", why: { verdict: "KILL_PROCESS", passesIf: [] } });
    }));
  it("says that nothing was denied", () => {
    expect(trapgate(["run", "--why", hello]).stderr).toBe("trapgate: no call was denied\n");
  });
});
