// Stops on code and data under each engine: each is met at the same moments, forward and backward, and the
// run beside them is the undisturbed one.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/cpu/engine.ts";
import { Debugger } from "../../src/debug/debugger.ts";
import { Machine } from "../../src/machine/machine.ts";
import { momentText } from "../../src/machine/moment.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";
import { addressOf } from "./gdb.ts";

const begin = (bytes: Uint8Array, engine: Engine) => {
  const timeline = new Timeline(
    new Machine({ engine, files: { "/program": { content: bytes, mode: 0o755 } } }),
    "/program",
    { stdin: "" },
    { every: 30 },
  );
  return new Debugger(timeline);
};
const engines = ["interpret", "baseline", "jit", "auto"] satisfies Engine[];
/** Calls of fib(20), the last write of the counter, and 30 stops of each. */
const STOPS = 30;

describe.skipIf(missing("stops under engines", nativeX64, gcc))("stops", () => {
  it("are met at the same moments under each engine, forward and backward", { timeout: 300_000 }, async () => {
    await inFolder(async (folder) => {
      const program = `${folder}/stops`;
      execFileSync("gcc", ["-g", "-O1", "-static", "-o", program, `${top}/test/debug/stops.c`]);
      const bytes = readFileSync(program);
      const [call, counter] = [addressOf(program, "fib"), addressOf(program, "counter")];
      const found: string[][] = [];
      const ends: string[] = [];
      for (const engine of engines) {
        const plain = begin(bytes, engine);
        await plain.continue();
        const debug = begin(bytes, engine);
        await debug.restart();
        debug.addWatch({ pid: 2, address: counter, length: 4, on: "write" });
        // In the middle of the run, where code is hot.
        debug.conditions.push({ kind: "door", door: "syscall64" });
        const moments: string[] = [];
        const note = (): void => void moments.push(`${momentText(debug.timeline.moment)} ${debug.stop?.why.kind}`);
        while ((await debug.continue()).why.kind !== "watch");
        debug.conditions.length = 0;
        note();
        debug.addBreakpoint(2, call, "swbreak");
        for (let i = 0; i < STOPS; i++) {
          await debug.continue();
          note();
        }
        const forward = moments.slice(0, -1);
        const back: string[] = [];
        for (let i = 0; i < 10; i++) {
          await debug.continueBack();
          back.unshift(`${momentText(debug.timeline.moment)} ${debug.stop?.why.kind}`);
        }
        expect(back).toEqual(forward.slice(-10));
        debug.removeBreakpoint(2, call, "swbreak");
        debug.removeWatch({ pid: 2, address: counter, length: 4, on: "write" });
        expect((await debug.continue()).why).toMatchObject({ kind: "ended" });
        found.push(moments);
        ends.push(momentText(debug.timeline.moment));
        expect(momentText(plain.timeline.moment)).toBe(ends.at(-1));
      }
      for (const moments of found) expect(moments).toEqual(found[0]);
      expect(new Set(ends).size).toBe(1);
    });
  });
});
