// `trapgate run --code-cache`: compiled code of a program's earlier runs, between processes.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { emptyFolder } from "../support/guest.ts";
import { gcc32, missing, top } from "../support/host.ts";

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
    const { status, stdout, stderr } = trapgate(["run", "--stats", "--code-cache", cache, ...options, "--", program, "20000"]);
    const figure = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(stderr)?.[1]);
    return { seen: { status, stdout }, compiled: figure("regions compiled"), earlier: figure("regions of earlier runs") };
  };
  const file = (): string => {
    const [name, ...more] = readdirSync(cache);
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
  it("keeps what it has among files that are none", () => {
    execFileSync("mkfifo", [join(cache, "fifo")]);
    symlinkSync("/dev/zero", join(cache, "link"));
    mkdirSync(join(cache, "folder"));
    const first = run();
    expect(run()).toMatchObject({ seen: first.seen });
    expect(run().earlier).toBeGreaterThan(2);
    expect(readdirSync(cache)).toHaveLength(4);
  });
  it("does without what V8 forgets when it collects garbage", () => {
    const forgetful = ["--stress-flush-code", "--stress-compaction", "--gc-interval=20"];
    const args = [...forgetful, `${top}/bin/trapgate.js`, "run", "--stats", "--code-cache", cache, "--", program, "200000"];
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
