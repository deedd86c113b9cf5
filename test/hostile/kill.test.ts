// The state after the host's process is killed: files of a rw mount as a prefix of the guest's calls made
// them, and a cache that does no harm. `KILLS=200 npx vitest run test/hostile/kill.test.ts` kills so often.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { emptyFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";

const KILLS = Number(process.env["KILLS"] ?? 20);
/** In one run of the guest: more than it gets to before it is killed. */
const CALLS = 100_000;

/** Numbers below 1, the same at each run of the tests. */
const random = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Names, types, modes, links, contents, and times that were set. */
const look = (path: string, name = ""): string[] => {
  const s = lstatSync(path);
  const content = s.isFile() ? readFileSync(path) : s.isSymbolicLink() ? readlinkSync(path, "buffer") : "";
  const time = s.mtimeMs < 2e6 ? s.mtimeMs : "now";
  const size = s.isFile() ? [s.size, s.nlink] : [];
  const line = [
    name,
    (s.mode & 0o177777).toString(8),
    ...size,
    s.isFile() ? time : "",
    createHash("sha256").update(content).digest("hex"),
  ].join(" ");
  return [
    line,
    ...(s.isDirectory()
      ? readdirSync(path)
          .sort()
          .flatMap((n) => look(join(path, n), `${name}/${n}`))
      : []),
  ];
};

/** As a user starts it, but for the umask, which is the guest's to say. */
const start = (...args: readonly string[]): ChildProcess =>
  spawn("sh", ["-c", 'umask 0; exec "$0" "$@"', process.execPath, `${top}/bin/trapgate.js`, "run", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });

describe.skipIf(missing("killed runs", nativeX64, gcc))("a run that is killed", { timeout: 60_000 + KILLS * 10_000 }, () => {
  const folder = join(top, ".cache", `kill-${process.pid}`);
  const [journal, kept] = [join(folder, "journal"), join(folder, "kept")];
  beforeAll(() => {
    emptyFolder(folder);
    execFileSync("gcc", ["-O1", "-static", "-w", "-o", journal, join(top, "test/hostile/journal.c")]);
    execFileSync("gcc", ["-O2", "-static", "-DK=3", "-o", kept, join(top, "test/machine/kept.c")]);
  });
  afterAll(() => void execFileSync("rm", ["-rf", folder]));

  /** The native result of the first calls. */
  const native = (seed: number, calls: number): string[] => {
    const place = emptyFolder(join(folder, "native"));
    execFileSync(journal, [`${seed}`, `${calls}`], { cwd: place });
    return look(place).slice(1);
  };

  it(`leaves what a prefix of the guest's calls made, ${KILLS} times`, async () => {
    const draw = random(22);
    let calls = 0;
    for (let n = 0; n < KILLS; n++) {
      const seed = Math.floor(draw() * 1e6);
      const place = emptyFolder(join(folder, "inside"));
      const run = start("--mount", `${place}:/m:rw`, "--cwd", "/m", "--code-cache", "off", journal, `${seed}`, `${CALLS}`);
      let told = "";
      let errors = "";
      const enough = draw() ** 2 * 4000;
      run.stderr!.on("data", (chunk) => (errors += chunk));
      run.stdout!.on("data", (chunk) => {
        told += chunk;
        if (told.split("\n", enough + 1).length > enough) run.kill("SIGKILL");
      });
      await once(run, "close");
      expect(errors).toBe("");
      const last = Number(told.slice(0, told.lastIndexOf("\n")).split("\n").at(-1));
      calls += last;
      const seen = look(place).slice(1);
      // The call after the last that was told may have been made, too.
      const same = JSON.stringify(seen) === JSON.stringify(native(seed, last));
      if (!same) expect([seed, ...seen]).toEqual([seed, ...native(seed, last + 1)]);
    }
    expect(calls).toBeGreaterThan(KILLS * 100);
  });

  it(`leaves a cache with which the next run says the same, ${KILLS} times`, async () => {
    const draw = random(13);
    const cache = join(folder, "cache");
    const args = ["--code-cache", cache, "--", kept, "20000"];
    const begin = Date.now();
    const first = trapgate(["run", ...args]);
    const length = Date.now() - begin;
    let whileWritten = 0;
    for (let n = 0; n < KILLS; n++) {
      emptyFolder(cache);
      const run = start(...args);
      const ended = once(run, "close");
      if (n % 2) await setTimeout(draw() * length);
      else {
        // As soon as something is written.
        while (run.exitCode === null && readdirSync(cache).length === 0) await setImmediate();
        for (const end = performance.now() + draw(); performance.now() < end; );
      }
      run.kill("SIGKILL");
      await ended;
      if (readdirSync(cache).some((name) => name.includes("."))) whileWritten++;
      const { status, stdout, stderr } = trapgate(["run", ...args]);
      expect({ status, stdout, stderr }).toEqual(first);
    }
    console.info(`${whileWritten} of ${KILLS} runs were killed while the cache was written`);
  });
});
