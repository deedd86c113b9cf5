// Starts that are not run twice: a run goes on where the start of an earlier, equal one has ended, and no
// guest and no user can tell. What the start has asked of the host must be as it was.
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { emptyFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

const folder = join(top, ".cache", `starts-${process.pid}`);
/** Some ten million instructions. */
const LOOP = "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done";

interface Seen {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
/** One program with a cache of its own. `shared`: seen in the guest at /mnt. */
class Script {
  readonly cache: string;
  readonly shared: string;
  readonly #text: string;
  readonly #more: readonly string[];
  readonly #input: string;
  constructor(name: string, text: string, { more = [], input = "" }: { readonly more?: readonly string[]; readonly input?: string } = {}) {
    this.cache = join(folder, name, "cache");
    this.shared = join(folder, name, "shared");
    mkdirSync(this.cache, { recursive: true });
    mkdirSync(join(this.shared, "folder"), { recursive: true });
    writeFileSync(join(this.shared, "file"), "one\n");
    this.#text = text;
    this.#more = more;
    this.#input = input;
  }
  words(...options: string[]): readonly string[] {
    const given = ["--root", "/", "--clock", "2026-01-01", "--cwd", "/", "--mount", `${this.shared}:/mnt`, "--code-cache", this.cache];
    return ["run", ...given, ...this.#more, ...options, "--", "/bin/sh", "-c", this.#text];
  }
  run(...options: string[]): Seen {
    return trapgate(this.words(...options), { input: this.#input });
  }
  figure(name: string): number | undefined {
    const found = new RegExp(`^${name}: (\\d+)$`, "m").exec(this.run("--stats").stderr)?.[1];
    return found === undefined ? undefined : Number(found);
  }
  /** The instructions of the start that a run skips; undefined: it runs all. */
  get skipped(): number | undefined {
    return this.figure("instructions of a kept start");
  }
}

const TIMES = `${LOOP}; cat /proc/uptime; date +%s.%N; head -c 8 /dev/urandom | od -x; cat /proc/self/stat; (exit 7); echo $? $$ >&2; exit 3`;

/** Programs whose start asks about files, and a change after which they must not go on from it. */
const asking: Readonly<Record<string, readonly [text: string, change: (shared: string) => void]>> = {
  "a changed file": [`read l < /mnt/file; ${LOOP}; echo $l`, (shared) => writeFileSync(join(shared, "file"), "two\n")],
  "a new file": [`[ -e /mnt/new ]; r=$?; ${LOOP}; echo $r`, (shared) => writeFileSync(join(shared, "new"), "")],
  "a file that is gone": [`[ -e /mnt/file ]; r=$?; ${LOOP}; echo $r`, (shared) => rmSync(join(shared, "file"))],
  "another mode": [`[ -x /mnt/file ]; r=$?; ${LOOP}; echo $r`, (shared) => chmodSync(join(shared, "file"), 0o755)],
  "entries of a folder": [`r=$(echo /mnt/*); ${LOOP}; echo $r`, (shared) => writeFileSync(join(shared, "more"), "")],
  "times of a folder": [`r=$(stat -c '%y %h' /mnt/folder); ${LOOP}; echo $r`, (shared) => mkdirSync(join(shared, "folder", "sub"))],
};

/** A filter that lets mkdir(2) fail. */
const filter = (errno: number): string => `A = sys_number\nA == mkdir ? dead : ok\nok: return ALLOW\ndead: return ERRNO(${errno})\n`;

describe("the start of a run", () => {
  const scripts = new Map<string, Script>();
  const script = (name: string): Script => scripts.get(name) as Script;
  beforeAll(async () => {
    emptyFolder(folder);
    const add = (name: string, text: string, how?: ConstructorParameters<typeof Script>[2]) =>
      scripts.set(name, new Script(name, text, how));
    for (const [name, [text]] of Object.entries(asking)) add(name, text);
    add("times", TIMES);
    add("input", `${LOOP}; read a; echo "<$a>"; cat`, { input: "first\nsecond\n" });
    add("traversed", `read l < /mnt/folder/../file; ${LOOP}; echo $l`);
    add("writable", `${LOOP}; echo done`, { more: ["--mount", `${join(folder, "writable", "shared")}:/srv:rw`] });
    add("damaged", `${LOOP}; echo done`);
    add("policy", `${LOOP}; mkdir /tmp/a; echo $?`, { more: ["--policy", join(folder, "policy", "shared", "policy")] });
    writeFileSync(join(folder, "policy", "shared", "policy"), filter(1));
    add("misfit", "i=0; while [ $i -lt 100 ]; do i=$((i+1)); done; echo done");
    add("now", `${LOOP}; date +%s`);
    add("silent", `${LOOP}; cat /mnt/file > /new-file; exit $(wc -c < /new-file)`);
    add("both", `${LOOP}; echo one; echo two >&2; cat /mnt/file; echo three >&2; exit 6`);
    add("reads", `${LOOP}; echo one; read l; echo "<$l>"`, { input: "first\n" });
    add("much", `${LOOP}; echo one; head -c 9000000 /dev/zero`);
    add("short", "exit 3");
    add("long", `i=0; while [ $i -lt 20000 ]; do echo a line of output; i=$((i+1)); done; echo end >&2; exit 5`);
    add("killed", `${LOOP}; kill -SEGV $$`);
    // A file that has just changed does not vouch for its content.
    await new Promise((resolve) => setTimeout(resolve, 2100));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is not run twice: output, times, random numbers and status are those of a whole run", () => {
    const times = script("times");
    const whole = times.run("--no-start-cache");
    expect(whole.status).toBe(3);
    expect([times.run(), times.run(), times.run()]).toEqual([whole, whole, whole]);
    expect(times.skipped).toBeGreaterThan(5_000_000);
    // Another seed is another run.
    const other = times.run("--seed", "1");
    expect(other.stdout).not.toBe(whole.stdout);
    expect([times.run("--seed", "1"), times.run()]).toEqual([other, whole]);
  });
  it("is kept again after many runs that did not fit", () => {
    const misfit = script("misfit");
    // The last --clock counts.
    const skipped = (day: number): boolean =>
      misfit.run("--clock", `2026-02-0${day}`, "--stats").stderr.includes("instructions of a kept start");
    for (let day = 1; day <= 9; day++) expect(skipped(day)).toBe(false);
    expect(skipped(9)).toBe(true);
    expect(skipped(8)).toBe(false);
  });
  it("depends on the policy", () => {
    const confined = script("policy");
    const first = confined.run();
    expect(first.stderr).toContain("Operation not permitted");
    expect(confined.skipped).toBeGreaterThan(5_000_000);
    expect(confined.run()).toEqual(first);
    writeFileSync(join(confined.shared, "policy"), filter(2));
    expect(confined.run().stderr).toContain("No such file or directory");
  });
  it("ends before the first input", () => {
    const input = script("input");
    const first = input.run();
    expect(first).toMatchObject({ status: 0, stdout: "<first>\nsecond\n" });
    expect(input.skipped).toBeGreaterThan(5_000_000);
    expect(input.run()).toEqual(first);
  });
  it.each(Object.entries(asking))("is run again after %s", (name, [, change]) => {
    const it = script(name);
    const [first, second] = [it.run(), it.run()];
    expect(second).toEqual(first);
    expect(it.skipped).toBeGreaterThan(5_000_000);
    change(it.shared);
    expect(it.skipped).toBeUndefined();
    const after = it.run();
    expect(after).toEqual(it.run("--no-start-cache"));
    expect(after.stdout).not.toBe(first.stdout);
  });
  it("does not depend on entries of folders that it only goes through", () => {
    const traversed = script("traversed");
    traversed.run();
    writeFileSync(join(traversed.shared, "folder", "more"), "");
    expect(traversed.skipped).toBeGreaterThan(5_000_000);
  });
  it("is not kept for a run that can change the host", () => {
    const writable = script("writable");
    writable.run();
    expect(writable.skipped).toBeUndefined();
  });
  it("is the whole run of a program without output, or whose output goes to /dev/null", () => {
    const silent = script("silent");
    const first = silent.run();
    expect(first).toEqual({ status: 4, stdout: "", stderr: "" });
    expect(silent.skipped).toBeGreaterThan(5_000_000);
    expect(silent.run()).toEqual(first);
    const options = ["--root", "/", "--clock", "2026-01-01", "--code-cache", join(folder, "null"), "--stats"];
    const command = [`${top}/bin/trapgate.js`, "run", ...options, "--", "/bin/sh", "-c", `echo first; ${LOOP}; echo done; exit 5`];
    const run = () => spawnSync(process.execPath, command, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    const figure = (name: string, text: string) => new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1];
    const [one, two] = [run(), run()];
    expect([one.status, two.status]).toEqual([5, 5]);
    for (const name of ["instructions", "syscalls", "nanoseconds"]) expect(figure(name, two.stderr)).toBe(figure(name, one.stderr));
    expect(figure("instructions of a kept start", two.stderr)).toBe(figure("instructions", two.stderr));
  });
  it("is the whole run where the host takes all output, with both streams in their order", () => {
    const both = script("both");
    const ordered = () =>
      spawnSync("sh", ["-c", '"$@" 2>&1', "sh", process.execPath, `${top}/bin/trapgate.js`, ...both.words()], { encoding: "utf8" });
    const first = ordered();
    expect(first).toMatchObject({ status: 6, stdout: "one\ntwo\none\nthree\n" });
    expect(both.figure("instructions of a kept start")).toBe(both.figure("instructions"));
    expect(ordered()).toMatchObject({ status: 6, stdout: first.stdout });
    // It is read behind the first output.
    writeFileSync(join(both.shared, "file"), "changed\n");
    expect(both.skipped).toBeUndefined();
    expect(ordered()).toMatchObject({ status: 6, stdout: "one\ntwo\nchanged\nthree\n" });
  });
  it("is no whole run of a program that reads or writes much behind its first output", () => {
    for (const name of ["reads", "much"]) {
      const it = script(name);
      const first = it.run();
      expect(it.skipped, name).toBeGreaterThan(5_000_000);
      expect(it.skipped, name).toBeLessThan(it.figure("instructions") as number);
      expect(it.run()).toEqual(first);
    }
  });
  it("is a whole run however short it is", () => {
    const short = script("short");
    const first = short.run();
    expect(short.skipped).toBeLessThan(700_000);
    expect(short.run()).toEqual(first);
  });
  it("is no whole run for a reader that is slow or goes away: its program runs, and no byte comes twice", () => {
    const long = script("long");
    const whole = long.run();
    expect(whole.stdout.length).toBeGreaterThan(200_000);
    expect(long.skipped).toBeGreaterThan(5_000_000);
    const through = (reader: string) =>
      spawnSync(
        "bash",
        ["-c", `"$@" | ${reader}; echo "\${PIPESTATUS[0]}" >&2`, "bash", process.execPath, `${top}/bin/trapgate.js`, ...long.words()],
        {
          encoding: "utf8",
          maxBuffer: 1 << 24,
        },
      );
    const slow = through("(sleep 1; cat)");
    expect(slow.stdout).toBe(whole.stdout);
    expect(slow.stderr).toBe("end\n5\n");
    // 128 + SIGPIPE
    expect(through("head -n 1")).toMatchObject({ stdout: "a line of output\n", stderr: "141\n" });
  });
  it("is not kept for a program that a signal ends, because the run tells why", () => {
    const killed = script("killed");
    const first = killed.run();
    expect(first.status).toBe(128 + 11);
    expect(killed.run()).toEqual(first);
    expect(killed.skipped).toBeUndefined();
  });
  it("is not kept for a run with the host's time", () => {
    const now = script("now");
    for (let n = 0; n < 2; n++) {
      const before = Math.floor(Date.now() / 1000);
      expect(Number(now.run("--clock", "now").stdout)).toBeGreaterThanOrEqual(before);
    }
    expect(now.run("--clock", "now", "--stats").stderr).not.toContain("kept start");
  });
  it("is not kept for a program on standard input, which is no file of the host", () => {
    const cache = join(folder, "piped");
    const run = (program: string) =>
      spawnSync(
        process.execPath,
        [`${top}/bin/trapgate.js`, "run", "--root", "/", "--stats", "--code-cache", cache, "-", "-c", `${LOOP}; echo done`],
        { input: readFileSync(program), encoding: "utf8" },
      );
    for (let n = 0; n < 3; n++) {
      const { stdout, stderr } = run("/bin/sh");
      expect(stdout).toBe("done\n");
      expect(stderr).toMatch(/^instructions: \d+$/m);
      expect(stderr).not.toContain("kept start");
    }
  });
  it("is kept as a whole for a program of the host without a root, until its file changes", async () => {
    const [program, cache] = [join(folder, "program"), join(folder, "rootless")];
    const run = (...options: string[]) => trapgate(["run", "--stats", "--code-cache", cache, ...options, "--", program], { input: "" });
    const isKept = ({ stderr }: Seen): boolean => stderr.includes("instructions of a kept start");
    copyFileSync(join(top, "guest/bin/hello-syscall"), program);
    // A program that has just been written may change again without other times.
    expect([run(), run()].map(isKept)).toEqual([false, false]);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const runs = [run(), run(), run("--seed", "7")];
    expect(runs.map(isKept)).toEqual([false, true, false]);
    expect(runs.map(({ stdout, status }) => [stdout, status])).toEqual(runs.map(() => ["hello through syscall\n", 0]));
    // Another program with this name, as old as the first one.
    const { atime, mtime } = statSync(program);
    copyFileSync(join(top, "guest/bin/hello-int80-64"), program);
    utimesSync(program, atime, mtime);
    const other = run();
    expect(isKept(other)).toBe(false);
    expect(other.stdout).toBe("hello through int 0x80 from 64-bit code\n");
  });
  it("is run again if its file is damaged", () => {
    const damaged = script("damaged");
    damaged.run();
    expect(damaged.skipped).toBeDefined();
    for (const name of readdirSync(damaged.cache)) {
      const path = join(damaged.cache, name);
      if (/^[0-9a-f]{8}$/.test(name) && readFileSync(path, "latin1").includes('"start":')) appendFileSync(path, "x");
    }
    expect(damaged.run()).toMatchObject({ status: 0, stdout: "done\n", stderr: "" });
  });
});
