// Guests that open many files of a rw mount: the host's descriptors are bounded, given back, and none is
// missing for anything else.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { E } from "../../src/abi/errno.ts";
import { nodeTree } from "../../src/host/node-tree.ts";
import { emptyFolder, inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";

const openNow = (): number => readdirSync("/proc/self/fd").length;

describe.skipIf(missing("descriptors of the host", nativeX64, gcc))("a guest that opens files of a rw mount", () => {
  const built = (folder: string): string => {
    execFileSync("gcc", ["-O1", "-static", "-w", "-o", join(folder, "hold"), join(top, "test/hostile/hold.c")]);
    return join(folder, "hold");
  };
  it("gives all back when it has closed them, but for some that are only kept to be quick", () =>
    inFolder(async (folder) => {
      const content = readFileSync(built(folder));
      const before = openNow();
      for (let round = 0; round < 3; round++) {
        const place = emptyFolder(join(folder, "place"));
        const run = await Machine.run("/hold", {
          files: { "/hold": { content, mode: 0o755 } },
          mounts: [{ tree: nodeTree(place, { writable: true }), at: "/m", mode: "rw" }],
          cwd: "/m",
          args: ["2", "200"],
        });
        expect(run.status).toEqual({ exit: 0 });
        expect(run.stdout.text).toBe("400 0\n");
        expect(openNow() - before).toBeLessThan(300);
      }
    }));
  it("gets ENFILE before the host lacks any", () =>
    inFolder(async (folder) => {
      const program = built(folder);
      mkdirSync(join(folder, "place"));
      const command = `ulimit -n 128; exec "$0" ${top}/bin/trapgate.js run --mount ${folder}/place:/m:rw --cwd /m ${program} 2 100`;
      const text = execFileSync("sh", ["-c", command, process.execPath], { encoding: "utf8" });
      expect(text).toBe(`32 ${E.ENFILE}\n`);
    }));
});
