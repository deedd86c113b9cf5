// A guest's view of its machine, and the command line's message after a crash, beside the native kernel's
// log.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, gcc, gcc32, missing, nativeX64, top } from "../support/host.ts";

const program = busybox("amd64");
const guest = (options: readonly string[], ...args: string[]): string => trapgate(["run", ...options, "--", program.path, ...args]).stdout;

describe.skipIf(missing("what a guest is told of its machine", program))("options of the guest's world", { timeout: 60_000 }, () => {
  it("--hostname, --clock and --cpus are what guests see", () => {
    const options = ["--hostname", "box", "--clock", "2030-05-06T07:08:09Z", "--cpus", "3"];
    expect(guest(options, "uname", "-n")).toBe("box\n");
    expect(guest(options, "date", "-u", "+%F %T")).toBe("2030-05-06 07:08:09\n");
    expect(guest(options, "nproc")).toBe("3\n");
    expect(guest(options, "grep", "-c", "^processor", "/proc/cpuinfo")).toBe("3\n");
  });
  it("--clock now is the host's time", () => {
    const seconds = Number(guest(["--clock", "now"], "date", "+%s"));
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
  });
  it("the affinity that a guest sets is the affinity that it reads", () => {
    expect(
      guest(["--cpus", "4"], "sh", "-c", "taskset 6 grep Cpus_allowed_list /proc/self/status; taskset 6 nproc").split("\n").at(-2),
    ).toBe("2");
  });
  it("--env-pass passes a variable on, and only that", () => {
    const run = spawnSync(
      process.execPath,
      [`${top}/bin/trapgate.js`, "run", "--env-pass", "GIVEN", "--env-pass", "ABSENT", program.path, "env"],
      {
        env: { ...process.env, GIVEN: "a=b", KEPT: "here" },
        encoding: "utf8",
      },
    );
    expect(run.stdout.split("\n").filter((line) => !line.startsWith("PATH="))).toEqual(["GIVEN=a=b", ""]);
  });
  it("a program comes from standard input", () => {
    const run = spawnSync(process.execPath, [`${top}/bin/trapgate.js`, "run", "-", "arg"], {
      input: readFileSync(join(top, "guest/bin/a1")),
      encoding: "utf8",
    });
    expect(run).toMatchObject({ status: 0, stdout: trapgate(["run", join(top, "guest/bin/a1")]).stdout });
  });
  it.each([
    [["--cpus", "65"], "a machine has 1 to 64 processors, not 65"],
    [["--hostname", "a b"], 'a host name has 1 to 64 ASCII characters without spaces, not "a b"'],
    [["--clock", "soon"], 'the clock cannot be "soon" (it is now, or a time from 1970 to 2038 such as 2025-01-01T12:00:00Z)'],
    [["--env-pass", "A=b"], '--env-pass wants the name of a variable, not "A=b" (--env NAME=VALUE sets one)'],
    [["--env", "FOO"], '--env wants NAME=VALUE, not "FOO" (--env-pass FOO passes the host\'s on)'],
    [
      ["--memory", "4G"],
      "a machine has between 1 MiB and 3.75 GiB of memory, not 4294967296 bytes (a 32-bit WebAssembly memory holds 4 GiB, tables of the machine included)",
    ],
  ])("%s is refused", (options, message) => {
    const { status, stderr } = trapgate(["run", ...options, program.path, "true"]);
    expect({ status, stderr: stderr.replace(/(?: \(see trapgate run --help\))? \[TG\d+\]/, "") }).toEqual({
      status: 125,
      stderr: `trapgate: ${message}\n`,
    });
  });
});

const source = `
int main(int count, char **args) {
  switch (args[1][0]) {
    case 'r': return *(volatile int *)8;
    case 'w': *(volatile char *)main = 1; return 0;
    case 'x': ((void (*)(void))0x1234)(); return 0;
    case 'u': __asm__("ud2"); return 0;
    case 'p': __asm__("hlt"); return 0;
    case 'i': __asm__("int3"); return 0;
    case 'd': { volatile int zero = 0; return 7 / zero; }
  }
  return 0;
}`;
/**
 * Lines without parts that differ from run to run: process ids, addresses of the stack, the number of the
 * host's processor.
 */
const masked = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    line
      .replace(/^\[ *[\d.]+\] /, "")
      .replace(/\[\d+\]/, "[PID]")
      .replace(/sp:? ?[0-9a-f]+/, "sp SP")
      .replace(/on CPU \d+ \(core \d+, socket \d+\)/, "on CPU"),
  );
/** The native kernel's log, if it can be read. */
const dmesg = (): string[] | undefined => {
  const { status, stdout } = spawnSync("dmesg", { encoding: "utf8", maxBuffer: 1 << 26 });
  return status === 0 ? stdout.trimEnd().split("\n") : undefined;
};

describe.each([
  ["64-bit", gcc, "-m64"],
  ["32-bit", gcc32, "-m32"],
] as const)("a crash of a %s program", (_name, compiler, flag) => {
  it.skipIf(missing("what the kernel logs of a crash", compiler, nativeX64)).each([..."rwxupid"])(
    "%s is logged as Linux logs it",
    async (kind) => {
      await inFolder(async (folder) => {
        const file = join(folder, "crash");
        writeFileSync(`${file}.c`, source);
        execFileSync("gcc", [flag, "-static", "-no-pie", "-o", file, `${file}.c`]);
        let native: string[] = [];
        // The kernel takes ten messages in five seconds from all senders together.
        for (let tries = 0; native.length === 0 && tries < 4 && dmesg() !== undefined; tries++) {
          if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 5_100));
          const before = dmesg()?.at(-1);
          spawnSync(file, [kind]);
          const all = dmesg() ?? [];
          native = all.slice(all.lastIndexOf(before ?? "") + 1).filter((line) => /crash\[|Code:/.test(line));
        }
        const { stderr } = trapgate(["run", "--kernel-log", file, kind]);
        expect(masked(stderr.trimEnd().split("\n"))).not.toEqual([]);
        // The host may hide its log, or log no crash: /proc/sys/debug/exception-trace.
        if (native.length > 0) expect(masked(stderr.trimEnd().split("\n"))).toEqual(masked(native));
      });
    },
    60_000,
  );
});

it.skipIf(missing("a crash with symbols", gcc))(
  "--crash shows registers, code and stack with symbols",
  async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "crash");
      writeFileSync(
        `${file}.c`,
        "__attribute__((noinline)) int inner(int *p) { return *p + 1; }\nint main(void) { return inner((int *)16) + 2; }\n",
      );
      execFileSync("gcc", ["-O1", "-static", "-no-pie", "-o", file, `${file}.c`]);
      const { status, stderr } = trapgate(["run", "--crash", file]);
      expect(status).toBe(139);
      expect(stderr).toContain("crash[2]: SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}");
      expect(stderr).toMatch(/^=> 0x[0-9a-f]+ <inner\+0x[0-9a-f]+>: mov eax, dword ptr \[rdi\]$/m);
      expect(stderr).toMatch(/#0 inner\+0x[0-9a-f]+ .*\n.*#1 main\+0x[0-9a-f]+ /);
    });
  },
  60_000,
);
