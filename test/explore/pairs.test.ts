// The property that two calls of a task are atomic towards a call of others.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { explore } from "trapgate";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, top } from "../support/host.ts";

const root = hostTree("/");
const pairs = ['access("checked"*); openat(*"checked"*); rename(*)'];

describe.skipIf(missing("schedules of C programs", gcc))("a pair of calls", { timeout: 120_000 }, () => {
  const build = (): Promise<Uint8Array> =>
    inFolder((folder) => {
      const file = join(folder, "check-then-open");
      execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(top, "test/explore/programs/check-then-open.c")]);
      return Promise.resolve(readFileSync(file));
    });

  it("is violated by a call of another task between the two", async () => {
    const program = await build();
    for (const search of ["systematic", "random", "feedback"] as const) {
      const { violation } = await explore(program, { root, search, pairs, seconds: 600 });
      expect(violation?.what).toBe(
        'task 3 ran rename("other", "checked") between two calls: task 2 ran access("checked", R_OK), and then openat',
      );
    }
  });
  it("holds if a mutex keeps them together, or for a call that no other task runs", async () => {
    const program = await build();
    const limits = { root, search: "systematic", seconds: 600 } as const;
    expect((await explore(program, { ...limits, pairs, args: ["locks"] })).violation).toBeUndefined();
    expect((await explore(program, { ...limits, pairs: ["access(*); openat(*); unlink(*)"] })).violation).toBeUndefined();
    // The order of the two counts.
    expect((await explore(program, { ...limits, pairs: ["getppid(*); openat(*); rename(*)"] })).violation).toBeUndefined();
  });
  it("names three calls", async () => {
    await expect(explore("x", { pairs: ["access(*); openat(*)"] })).rejects.toThrow("does not name three calls");
    await expect(explore("x", { pairs: ["access(*); opanat(*); rename(*)"] })).rejects.toThrow('there is no system call "opanat"');
  });
});
