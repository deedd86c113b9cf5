// `trapgate run --code-cache` and `trapgate cache`: compiled code of earlier runs, between processes.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { emptyFolder } from "../support/guest.ts";
import { gcc32, missing, top } from "../support/host.ts";

/** Files of a cache with compiled regions of programs, or with compiled handlers. */
const filesWith = (content: "regions" | "handlers", cache: string): string[] =>
  readdirSync(cache).filter((name) => {
    const path = join(cache, name);
    return lstatSync(path).isFile() && readFileSync(path, "latin1").slice(0, 1000).includes(`"${content}":`);
  });

describe.skipIf(missing("the cache of compiled code", gcc32))("--code-cache", () => {
  const folder = join(top, ".cache", `code-cache-${process.pid}`);
  const program = join(folder, "kept");
  const cache = join(folder, "cache");
  beforeAll(() => {
    emptyFolder(folder);
    execFileSync("gcc", ["-O2", "-static", "-DK=3", "-o", program, `${top}/test/machine/kept.c`]);
  });
  beforeEach(() => void emptyFolder(cache));
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...options: string[]) => {
    const { status, stdout, stderr } = trapgate([
      "run",
      "--no-start-cache",
      "--stats",
      "--code-cache",
      cache,
      ...options,
      "--",
      program,
      "20000",
    ]);
    const figure = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(stderr)?.[1]);
    const [compiled, earlier, handlers] = ["regions compiled", "regions of earlier runs", "handlers of earlier runs"].map(figure);
    return { seen: { status, stdout }, compiled: compiled!, earlier: earlier!, handlers: handlers! };
  };
  const file = (): string => {
    const [name, ...more] = filesWith("regions", cache);
    expect(more).toEqual([]);
    return join(cache, name!);
  };

  it("has the second run begin with the regions of the first, in a file that is the user's alone", () => {
    const [first, second] = [run(), run()];
    expect(first).toMatchObject({ earlier: 0, seen: { status: 0 } });
    expect(first.compiled).toBeGreaterThan(2);
    expect(second.earlier).toBeGreaterThan(2);
    expect(second.compiled).toBeLessThan(first.compiled);
    expect(second.seen).toEqual(first.seen);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });
  it.each<[string, (name: string) => void]>([
    ["is cut short", (name) => writeFileSync(name, readFileSync(name).subarray(0, -100))],
    [
      "has one byte changed",
      (name) =>
        writeFileSync(
          name,
          readFileSync(name).map((byte, n) => (n === 5000 ? byte ^ 1 : byte)),
        ),
    ],
    ["is empty", (name) => writeFileSync(name, "")],
    ["others may write", (name) => chmodSync(name, 0o666)],
  ])("takes no notice of a file that %s", (_what, spoil) => {
    const first = run();
    spoil(file());
    expect(run()).toMatchObject({ earlier: 0, seen: first.seen });
  });
  it("has handlers' machine code, and does without what is spoilt", () => {
    const first = run();
    expect(filesWith("handlers", cache).length).toBeGreaterThan(1);
    const names = readdirSync(cache);
    const second = run();
    expect(second.seen).toEqual(first.seen);
    expect([first.handlers, second.handlers > 100]).toEqual([0, true]);
    const damaged = () => trapgate(["cache", "--code-cache", cache, "list"]).stdout.split("it is damaged").length - 1;
    for (const name of names) {
      const content = readFileSync(join(cache, name));
      content[content.length >> 1]! ^= 1;
      writeFileSync(join(cache, name), content);
    }
    expect(damaged()).toBe(names.length);
    // A run without regions calls handlers often enough to keep them anew.
    expect(run()).toMatchObject({ seen: first.seen, handlers: 0 });
    expect(damaged()).toBe(0);
  });
  it.each<[string, (name: string) => void]>([
    ["a fifo", (name) => void execFileSync("mkfifo", [name])],
    ["a link to a device", (name) => symlinkSync("/dev/zero", name)],
    ["a link to what was kept", (name) => symlinkSync(join(folder, "elsewhere"), name)],
    ["a folder", (name) => mkdirSync(name)],
  ])("takes no notice of %s where its file would be", (_what, put) => {
    const first = run();
    const name = file();
    renameSync(name, join(folder, "elsewhere"));
    put(name);
    expect(run()).toMatchObject({ earlier: 0, seen: first.seen });
  });
  it("has the code of a file in any program and folder, and none of a file of the same name", () => {
    const first = run();
    mkdirSync(join(folder, "other"), { recursive: true });
    const copy = join(folder, "other", "renamed");
    copyFileSync(program, copy);
    const { status, stdout, stderr } = trapgate(["run", "--no-start-cache", "--stats", "--code-cache", cache, "--", copy, "20000"]);
    expect({ status, stdout }).toEqual(first.seen);
    expect(stderr).toMatch(/^regions of earlier runs: [1-9]/m);
    execFileSync("gcc", ["-O2", "-static", "-DK=4", "-o", join(folder, "other", "kept"), `${top}/test/machine/kept.c`]);
    const other = trapgate(["run", "--no-start-cache", "--code-cache", cache, "--", join(folder, "other", "kept"), "20000"]);
    expect(other.stdout).toBe(execFileSync(join(folder, "other", "kept"), ["20000"], { encoding: "utf8" }));
  });
  it("keeps what runs at the same time have made", async () => {
    const runs = ["19999", "20000", "20001"].map((rounds) => {
      const args = [`${top}/bin/trapgate.js`, "run", "--no-start-cache", "--code-cache", cache, "--", program, rounds];
      return new Promise<number | null>((resolve) => spawn(process.execPath, args, { stdio: "ignore" }).on("close", resolve));
    });
    expect(await Promise.all(runs)).toEqual([0, 0, 0]);
    expect(filesWith("regions", cache)).toHaveLength(1);
    expect(run().earlier).toBeGreaterThan(2);
  });
  it("keeps what it has among files that are none", () => {
    execFileSync("mkfifo", [join(cache, "fifo")]);
    symlinkSync("/dev/zero", join(cache, "link"));
    mkdirSync(join(cache, "folder"));
    const first = run();
    expect(run()).toMatchObject({ seen: first.seen });
    expect(run().earlier).toBeGreaterThan(2);
    expect(filesWith("regions", cache)).toHaveLength(1);
    expect(readdirSync(cache)).toEqual(expect.arrayContaining(["fifo", "link", "folder"]));
  });
  it("does without what V8 forgets when it collects garbage", () => {
    const forgetful = ["--stress-flush-code", "--stress-compaction", "--gc-interval=20"];
    const args = [
      ...forgetful,
      `${top}/bin/trapgate.js`,
      "run",
      "--no-start-cache",
      "--stats",
      "--code-cache",
      cache,
      "--",
      program,
      "200000",
    ];
    for (const earlier of [/^regions of earlier runs: 0$/m, /^regions of earlier runs: [1-9]/m]) {
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(stderr).toMatch(earlier);
      expect(status).toBe(0);
    }
  });
  it("is off when told and for a guest that may write there", () => {
    run();
    expect(run("--code-cache", "off").earlier).toBe(0);
    expect(run("--engine", "interpret").earlier).toBe(0);
    expect(run("--mount", `${folder}:/mnt:rw`).earlier).toBe(0);
    expect(run("--mount", `${folder}:/mnt:ro`).earlier).toBeGreaterThan(2);
  });
  it.each([`${program}/none`, "/proc/none/cache"])("is none where there can be none: %s", (none) => {
    expect(run("--code-cache", none)).toMatchObject({ earlier: 0, seen: { status: 0 } });
  });
  it.each(["", program])("wants a folder: %j", (bad) => {
    const { status, stderr } = trapgate(["run", "--code-cache", bad, "--", program]);
    expect(stderr).toContain(`--code-cache wants a folder or off, not ${JSON.stringify(bad)}`);
    expect(status).toBe(125);
  });
});

describe.skipIf(missing("the cache of compiled code", gcc32))("trapgate cache", () => {
  const folder = join(top, ".cache", `cache-command-${process.pid}`);
  const program = join(folder, "kept");
  const cache = join(folder, "cache");
  beforeAll(() => {
    emptyFolder(folder);
    execFileSync("gcc", ["-O2", "-static", "-DK=3", "-o", program, `${top}/test/machine/kept.c`]);
  });
  beforeEach(() => void emptyFolder(cache));
  afterAll(() => rmSync(folder, { recursive: true }));
  const command = (...args: string[]) => {
    const { status, stdout, stderr } = trapgate(["cache", "--code-cache", cache, ...args]);
    return { status, stdout, stderr };
  };

  it("lists what runs have kept, and says of which files it makes no use", () => {
    expect(command("list")).toEqual({ status: 0, stdout: `${cache}: 0 files, 0 KiB\n`, stderr: "" });
    expect(trapgate(["run", "--no-start-cache", "--code-cache", cache, "--", program, "20000"]).status).toBe(0);
    const lines = command("list").stdout.split("\n");
    const sizes = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d +\\d+ KiB +\\d+";
    for (const line of [`^${sizes} regions +kept$`, `^${sizes} handlers +routines-shared$`, `: ${lines.length - 2} files, \\d+ KiB$`])
      expect(lines).toContainEqual(expect.stringMatching(line));
    const [name] = filesWith("regions", cache);
    chmodSync(join(cache, name!), 0o666);
    expect(command("list").stdout).toContain("not used: it is damaged, or others may write it\n");
  });
  it("removes its files and no others", () => {
    expect(trapgate(["run", "--no-start-cache", "--code-cache", cache, "--", program, "20000"]).status).toBe(0);
    writeFileSync(join(cache, "letter.txt"), "mine");
    writeFileSync(join(cache, "0123abcd.99"), "of a run that was killed");
    expect(command("clear").stdout).toMatch(/: removed [4-9] files, \d+ KiB\n$/);
    expect(readdirSync(cache)).toEqual(["letter.txt"]);
    expect(command("clear").stdout).toBe(`${cache}: removed 0 files, 0 KiB\n`);
  });
  it("warms a program, whose next run begins with its regions", () => {
    const { status, stdout } = command("warm", "--memory", "1G", program, "20000");
    expect(stdout).toMatch(/: \d+ files, \d+ KiB: (?:.*, )?kept(?:, .*)?\n$/);
    expect(status).toBe(0);
    const { stderr } = trapgate(["run", "--no-start-cache", "--memory", "1G", "--stats", "--code-cache", cache, "--", program, "20000"]);
    expect(stderr).toMatch(/^regions of earlier runs: [1-9]/m);
  });
  it.each<[string[], string]>([
    [[], "list, clear or warm?"],
    [["lits"], "list"],
    [["warm"], "which program?"],
    [["clear", "all"], "cache clear takes no argument"],
  ])("explains mistakes: %j", (args, text) => {
    const { status, stderr } = command(...args);
    expect(stderr).toContain(text);
    expect(status).toBe(125);
  });
  it("has no folder that is none", () => {
    const { stdout, status } = trapgate(["cache", "--code-cache", join(folder, "none"), "list"]);
    expect([stdout, status]).toEqual([`${join(folder, "none")}: 0 files, 0 KiB\n`, 0]);
  });
});
