// `trace` writes strace's lines: a shell's whole life, traced natively by strace and inside by trapgate.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, missing, nativeX64, strace } from "../support/host.ts";

// Builtins only: with one process no line is cut by another's.
const script = `echo hi; test -d d && cd d; pwd; ulimit -n 100; ulimit -n; umask 027; umask 022
trap 'echo caught' USR1; kill -USR1 $$; kill -0 $$; read line <f; echo $line >g; cd ..; cd missing; exec rmdir missing`;

/**
 * Lines without known differences: addresses, process ids, random bytes, the environment, properties of the
 * machine and its file systems.
 */
const normalised = (text: string): string[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) =>
      line
        .replace(/^(set_tid_address\(.*\)|getp?pid\(\)|getppid\(\)) += \d+$/, "$1 = PID")
        .replace(/^(kill\()\d+/, "$1PID")
        .replace(/si_pid=\d+/, "si_pid=PID")
        .replace(/0x[0-9a-f]+ \/\* \d+ vars? \*\//, "ENVIRONMENT")
        .replace(/(?:\\x[0-9a-f]{2})+/, "RANDOM")
        .replace(/nodename="[^"]*"/, 'nodename="HOST"')
        .replace(/(?<=RLIMIT_NOFILE, NULL, ){rlim_cur=(?!100,).*}/, "{THE HOST'S}")
        .replace(/stx_mask=STATX_[A-Z_|]+/, "stx_mask=MASK")
        .replaceAll(/0x[0-9a-f]{5,}/g, "ADDRESS")
        .replace(/ += /, " = "),
    );

/** strace's options, each with a reason to be here. */
// biome-ignore format: table
const options: readonly (readonly string[])[] = [
  ["-e", "trace=%file"], ["-e", "trace=!%desc,%memory"], ["-e", "open,openat,read"], ["-e", "trace=/^(open|read)"], ["-e", "signal=none"],
  ["-y"], ["-x"], ["-xx"], ["-s", "5"], ["-v"], ["-z"], ["-Z"], ["-P", "f"], ["-n"], ["-qq"], ["-e", "read=3", "-e", "write=1"],
  ["-e", "inject=open,openat:error=ENOENT"], ["-e", "fault=sendfile,sendfile64"], ["-e", "inject=fstat,close:retval=7:when=1"], ["-e", "status=failed,unfinished"],
  ["-e", "inject=sendfile,sendfile64:signal=USR1"], ["-a", "60"],
  ["-e", "raw=openat,open,read,getpid"], ["-e", "verbose=none"], ["-e", "verbose=!fstat,fstat64"], ["-e", "abbrev=none"], ["-e", "abbrev=fstat,fstat64"],
  ["-c", "-S", "name"],
];
const withoutTimes = (lines: readonly string[]): string[] =>
  lines.map((line) =>
    line
      // strace itself is a 64-bit program.
      .replace(/^\[ *(?:59|11)\] execve/, "execve")
      .replace(/:\[\d+\]/g, ":[INODE]")
      .replace(/(set_tid_address\(ADDRESS\)) = \d+/, "$1 = PID")
      // Of the table of -c, the columns that both have: calls, errors, names.
      .replace(/^[ -]*(?:% (?:instr|time)|-+ -+ -+) .*/, "")
      .replace(/^ *[\d.]+ .*?( \d+ [ \d]{9} \w+)$/, "COSTS$1")
      .replace(/^\[ *\d+\] (\+\+\+)/, "$1"),
  );

describe("trace -p", () => {
  const trace = (...options: string[]): string => trapgate(["trace", ...options, guestPath("hello-syscall")]).stderr;
  it("says which pids no process had, whatever else it shows", () => {
    expect(trace("-p", "2,7")).toMatch(/^execve\([\s\S]*\n--- no process had the pid 7 ---\n$/);
    expect(trace("-c", "-p", "7")).toBe("--- no process had the pid 7 ---\n");
    expect(trace("--json", "-p", "7")).toBe('{"pid":7,"error":"no such process"}\n');
  });
});

for (const architecture of ["amd64", "i386"] as const) {
  const program = busybox(architecture);
  describe.skipIf(missing("strace's options", program, strace, nativeX64))(
    `strace's options, busybox of ${architecture}`,
    { timeout: 60_000 },
    () => {
      // strace counts its own 64-bit execve in a second table.
      const rows = options
        .filter(([first]) => first !== "-c" || architecture === "amd64")
        .map((row) => ({ given: row, text: row.join(" ") }));
      it.each(rows)("$text", async ({ given }) => {
        await inFolder(async (folder) => {
          writeFileSync(join(folder, "f"), "a line\nanother\n");
          const [native, own] = ["native", "own"].map((name) => join(folder, name)) as [string, string];
          const command = [realpathSync(program.path), "cat", "f"];
          const shell = ["-c", 'true | { "$@" 2>/dev/null | cat; }', "sh", "strace", "-o", native, ...given, ...command];
          execFileSync("sh", shell, { cwd: folder, env: { PATH: "/usr/bin:/bin", PWD: folder }, stdio: "ignore" });
          trapgate([
            "trace",
            "-o",
            own,
            ...given,
            "--mount",
            `${folder}:${folder}:cow`,
            "--cwd",
            folder,
            "-E",
            `PWD=${folder}`,
            "-E",
            "PATH=/usr/bin:/bin",
            "--",
            ...command,
          ]);
          const lines = (file: string): string[] => withoutTimes(normalised(readFileSync(file, "utf8")));
          expect(lines(own)).toEqual(lines(native));
        });
      });
    },
  );
  describe.skipIf(missing("strace's lines", program, strace, nativeX64))(`busybox of ${architecture}`, { timeout: 60_000 }, () => {
    it("is traced as by strace", async () => {
      await inFolder(async (folder) => {
        mkdirSync(join(folder, "d"));
        writeFileSync(join(folder, "d", "f"), "a line\nanother\n");
        const [native, own] = ["native", "own"].map((name) => join(folder, name)) as [string, string];
        // Inside there are no links on the way to the program, which /proc/self/exe would show.
        const command = [realpathSync(program.path), "sh", "-c", script];
        // Standard output is a pipe, as it is inside.
        const options = { cwd: folder, env: { PATH: "/usr/bin:/bin", PWD: folder }, stdio: "ignore" } as const;
        execFileSync("sh", ["-c", '"$@" | cat', "sh", "strace", "-o", native, ...command], options);
        trapgate(["trace", "-o", own, "--mount", `${folder}:${folder}:cow`, "--cwd", folder, "--env", `PWD=${folder}`, "--", ...command]);
        expect(normalised(readFileSync(own, "utf8"))).toEqual(normalised(readFileSync(native, "utf8")));
      });
    });
  });
}
