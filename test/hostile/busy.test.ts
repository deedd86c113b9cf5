// No guest keeps the machine from its clock and its signals. The command `npm run busy` tries the same with
// the command line at length.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine } from "trapgate/internal";
import { afterAll, describe, expect, it } from "vitest";
import { nodeTree } from "../../src/host/node-tree.ts";
import { runHosted } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";
import { type Way, ways } from "./ways.ts";

/** Seconds that each way gets, and how much later it may end on a machine that does nothing else. */
const TIMEOUT = 0.15;
const LATE = 0.5;

const lacking = missing("ways to keep the host busy", gcc, nativeX64);
const folder = lacking ? "" : mkdtempSync(join(tmpdir(), "trapgate-busy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const all = lacking ? [] : ways(folder);
const named = (name: string): Way => all.find((way) => way.name === name)!;

describe.skipIf(lacking)("a guest that keeps the host busy", { timeout: 240_000 }, () => {
  let memory: WebAssembly.Memory | undefined;
  /** The delay of a run's end in seconds. */
  const lateness = async ({ program, name }: Way): Promise<number> => {
    const machine = new Machine({ mounts: [{ tree: nodeTree(folder), at: folder, mode: "ro" }] }, memory);
    const from = performance.now();
    // Output beyond the default of `maxOutput` would end the program before its time is up.
    const { status } = await machine.run(program, { args: [name], timeout: TIMEOUT, maxOutput: 2 ** 40 });
    const late = (performance.now() - from) / 1000 - TIMEOUT;
    memory = machine.giveUp();
    expect([name, status]).toEqual([name, { timeout: TIMEOUT }]);
    return late;
  };
  it("ends when its time is up", async () => {
    // Others may use the processors: a loop that does nothing special shows how much that is.
    const bound = async () => LATE + 4 * Math.max(0, await lateness(named("spin")));
    let allowed = LATE;
    const late: string[] = [];
    for (const [n, way] of all.entries()) {
      if (n % 8 === 0) allowed = await bound();
      let by = await lateness(way);
      // A way that is late is late every time, and others do not always use the processors in its turn.
      for (let tries = 1; by > allowed && tries < 3; tries++) {
        allowed = await bound();
        by = await lateness(way);
      }
      if (by > allowed) late.push(`${way.name} by ${by.toFixed(2)} s`);
    }
    expect(late).toEqual([]);
  });
  it("ends when its AbortSignal aborts, and the promise rejects with the reason", async () => {
    for (const name of ["spin", "getrandom", "rep-scas", "long-sleep"]) {
      const reason = new Error("enough");
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 100);
      const run = runHosted(folder, named(name).program, { args: [name], signal: controller.signal });
      await expect(run).rejects.toBe(reason);
    }
    await expect(runHosted(folder, named("spin").program, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });

  /**
   * Sends signals to a command line without a reader of its output: its end, and the time from the last
   * signal to it.
   */
  const signalled = (name: string, signal: NodeJS.Signals, times = 1): Promise<{ end: number | null; late: number }> =>
    new Promise((resolve) => {
      const { program } = named(name);
      const child = spawn(process.execPath, [`${top}/bin/trapgate.js`, "run", "--code-cache", "off", program, name], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      let last = 0;
      const send = (left: number): void => {
        last = performance.now();
        child.kill(signal);
        if (left > 1) setTimeout(send, 100, left - 1);
      };
      setTimeout(send, 1000, times);
      child.once("exit", (end) => {
        child.stdout.destroy();
        resolve({ end, late: (performance.now() - last) / 1000 });
      });
    });
  it.each(["spin", "read-zero-512M", "getrandom", "rep-scas", "stdout-flood", "ac-rep"])("%s ends by SIGTERM and SIGINT", async (name) => {
    const control = await signalled("spin", "SIGTERM");
    for (const [signal, status] of [
      ["SIGTERM", 143],
      ["SIGINT", 130],
    ] as const) {
      const { end, late } = await signalled(name, signal);
      expect([name, end]).toEqual([name, status]);
      expect(late).toBeLessThan(LATE + 4 * control.late);
    }
  });
  it("that ignores signals ends when the third SIGTERM comes within three seconds", async () => {
    expect(await signalled("signals-ignored", "SIGTERM", 3)).toMatchObject({ end: 143 });
  });
});
