// Users' mistakes: one clear line, an exit status between 125 and 127, never a stack trace.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { guestPath, trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";

/** `lines`: a mistake in a file is shown there, with a caret below. */
const complains = ({ status, stdout, stderr }: ReturnType<typeof trapgate>, wanted: number, text: RegExp, lines = 1): void => {
  expect(stderr).toMatch(text);
  expect(stderr.trimEnd().split("\n")).toHaveLength(lines);
  expect(stderr).toMatch(/^trapgate: /);
  expect(stdout).toBe("");
  expect(status).toBe(wanted);
};

const elf = (): Buffer => Buffer.from(readFileSync(guestPath("hello-syscall")));
const patched = (at: number, ...bytes: number[]): Buffer => {
  const file = elf();
  file.set(bytes, at);
  return file;
};
/** p_memsz of the second program header: 2^60. */
const HUGE_MEMSZ = 64 + 56 + 40;

/** File name, content, mode, exit status, message. */
const files: readonly (readonly [string, Buffer | string, number, number, RegExp])[] = [
  ["text", "no program\n", 0o755, 126, /text: is not an ELF file/],
  ["empty", "", 0o755, 126, /empty: is not an ELF file/],
  ["truncated", elf().subarray(0, 40), 0o755, 126, /truncated: is a truncated ELF file/],
  ["cut-headers", elf().subarray(0, 100), 0o755, 126, /cut-headers: is a truncated ELF file/],
  ["arm", patched(18, 40), 0o755, 126, /arm: is an ELF file for ARM/],
  ["aarch64", patched(18, 183), 0o755, 126, /aarch64: is an ELF file for AArch64/],
  ["object", patched(16, 1), 0o755, 126, /object: is an ELF file, but no program/],
  ["huge", patched(HUGE_MEMSZ, 0, 0, 0, 0, 0, 0, 0, 0x10), 0o755, 126, /huge: asks for more memory than there is/],
  ["not-executable", elf(), 0o644, 126, /not-executable: permission denied/],
  [
    "no-interpreter",
    "#!/no/such/interpreter\n",
    0o755,
    127,
    /no-interpreter: needs the interpreter \/no\/such\/interpreter, which the guest does not have \(--root \/ shows/,
  ],
];

describe("a file that cannot be run", () => {
  it.each(files)("%s", async (name, content, mode, status, text) => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, name), content, { mode });
      complains(trapgate(["run", join(folder, name)]), status, text);
      complains(trapgate(["run", "--root", folder, `/${name}`]), status, text);
    });
  });
  it("a file that is missing", () => complains(trapgate(["run", "/no/such/file"]), 127, /\/no\/such\/file: not found/));
  it("a file in a file", () => complains(trapgate(["run", "/etc/passwd/none"]), 127, /\/etc\/passwd\/none: not found/));
  it("a folder", async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, "sub"));
      complains(trapgate(["run", folder]), 126, /is a directory/);
      complains(trapgate(["run", "--root", folder, "/sub"]), 126, /is a directory|permission denied/);
    });
  });
  it("a fifo", async () => {
    await inFolder(async (folder) => {
      const fifo = join(folder, "fifo");
      execFileSync("mkfifo", ["-m", "755", fifo]);
      complains(trapgate(["run", fifo]), 126, /permission denied/);
      complains(trapgate(["run", "--root", folder, "/fifo"]), 126, /permission denied/);
      complains(trapgate(["run", "--policy", fifo, guestPath("hello-syscall")]), 125, /there is no file/);
    });
  });
  it("a name that is in the working directory alone, not in PATH", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "static"), elf(), { mode: 0o755 });
      complains(
        trapgate(["run", "--root", folder, "static"]),
        127,
        /static: not found \(a name without a slash is looked up in the guest.s PATH/,
      );
    });
  });
  it("a script in PATH whose interpreter is missing", async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, "bin"));
      writeFileSync(join(folder, "bin", "script"), "#!/no/such\n", { mode: 0o755 });
      complains(trapgate(["run", "--root", folder, "script"]), 127, /script: needs the interpreter \/no\/such, which/);
    });
  });
  it("a name that the root does not have", async () => {
    await inFolder(async (folder) => complains(trapgate(["run", "--root", folder, "/bin/sh"]), 127, /\/bin\/sh: not found/));
  });
});

describe("a command line that means nothing", () => {
  const hello = guestPath("hello-syscall");
  it.each([
    ["an unknown command", ["fly"], /there is no command "fly"/],
    ["an unknown option in place of a command", ["--fly"], /unknown option '--fly' \(before the command there are --help, /],
    ["a misspelt option in place of a command", ["--vresion"], /unknown option '--vresion' \(did you mean --version\?\)/],
    ["an unknown flag", ["run", "--fast", hello], /unknown option '--fast'/],
    ["no program", ["run"], /which program\?/],
    ["an unknown kernel", ["run", "--kernel", "v7", hello], /no kernel profile "v7" \(there are patch:v5, /],
    ["an unknown processor", ["run", "--cpu", "z80", hello], /no processor model "z80"/],
    ["details of an unknown processor", ["models", "z80"], /no processor model "z80"/],
    ["a size that is none", ["run", "--memory", "much", hello], /--memory wants a size/],
    ["a size of one byte", ["run", "--memory", "1", hello], /not 1 byte \(/],
    ["a size that cannot be", ["run", "--memory", "1K", hello], /between 1 MiB and/],
    ["a mount without a guest path", ["run", "--mount", "/tmp", hello], /--mount wants HOST:GUEST/],
    ["a mount of nothing", ["run", "--mount", "/no/such:/mnt", hello], /\/no\/such is not a folder/],
    ["a root that is no folder", ["run", "--root", "/etc/passwd", "/bin/sh"], /\/etc\/passwd is not a folder/],
    ["a policy that is not there", ["run", "--policy", "/no/such", hello], /there is no file \/no\/such/],
    ["an environment entry without a name", ["run", "--env", "=x", hello], /--env wants NAME=VALUE/],
    ["a shard that is none", ["landmines", "--shard", "3/2"], /--shard wants a part and how many there are/],
    ["an unknown landmine", ["landmines", "--only", "Z9"], /--only has no value "Z9"/],
    ["a call that is none", ["explore", "--never", "opnat", hello], /there is no system call "opnat"/],
    ["a schedule that is none", ["run", "--schedule", "soon", hello], /"soon" is no schedule/],
    ["a schedule as long as no file's name", ["run", "--schedule", "x".repeat(300), hello], /"x{300}" is no schedule/],
    ["a schedule of another program", ["explore", "--replay", "3:4", hello], /not one of this program .*: the run has no point 3/],
    ["a slice of nothing", ["explore", "--slice", "0", hello], /--slice wants at least 1/],
    ["a report that cannot be written", ["run", "--why-json", "/no/such/file", hello], /--why-json: cannot write \S+: its folder/],
    ["a saved trace that cannot be written", ["trace", "--save", "/no/such/file", hello], /--save: cannot write \S+: its folder/],
    ["a policy that cannot be written", ["seccomp", "learn", "-o", "/no/such/file", hello], /--output: cannot write/],
    ["filters that cannot be written", ["seccomp", "dump", "--save", "/no/such/file", hello], /--save: cannot write/],
    ["results that cannot be written", ["landmines", "--only", "A1", "--junit", "/"], /--junit: cannot write \/: it is a directory/],
    ["no user's number", ["run", "--uid", "4294967295", hello], /--uid wants a number below 4294967295/],
    ["a policy that is a folder", ["run", "--policy", "/", hello], /--policy: \/ is a directory/],
    ["a thread of no policy", ["run", "--thread", "vmm", hello], /--thread selects a part of a policy: it needs --policy/],
    ["a container of a filter", ["run", "--container", "c", "--policy", "/etc/hostname", hello], /--container: \S+ is no pod/],
    ["assembly that is none", ["asm", hello], /is no text \(disasm shows the code/],
    ["control characters", ["run", "--kernel", "a\x1b[2J\r", hello], /no kernel profile "a\\x1b\[2J\\x0d"/],
    ["a trace file that cannot be written", ["trace", "-o", "/no/such/file", hello], /cannot be written/],
  ] as const)("%s", (_, args, text) => complains(trapgate(args), 125, text));

  it("a policy that is not one: text, instructions cut short, instructions that the checker refuses", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "policy");
      for (const [content, text, lines] of [
        [
          "this is no filter\n",
          /policy:1:1: "this is no filter" is no statement \[TG0401\]\n {4}1 \| this is no filter\n {6}\| \^{17}\n/,
          3,
        ],
        ["{\n", /policy:2:1: here must be a name in quotes \[TG0401\]/, 3],
        ["[]\n", /policy:1:1: this JSON is no seccomp profile \(one has defaultAction and syscalls\)/, 3],
        [Buffer.from([6, 0, 0, 0, 0]), /no list of BPF instructions/, 1],
        [Buffer.from([6, 0, 0, 0, 0, 0, 255, 127, 255, 255, 0, 0, 0, 0, 0, 0]), /the policy, instruction 1/, 1],
      ] as const) {
        writeFileSync(file, content);
        complains(trapgate(["run", "--policy", file, hello]), 125, text, lines);
      }
    });
  });
});
