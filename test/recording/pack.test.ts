// `trapgate pack`: a recording without what its run does not use replays to the same trace.
import { existsSync, openSync, readFileSync, readSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordingOf } from "../../src/cli/recorded.ts";
import type { HostNode, HostTree } from "../../src/kernel/fs/types/host-tree.ts";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { missing, nativeX64 } from "../support/host.ts";

const shell = "/bin/sh";
const lacking = missing("packed recordings", nativeX64, { what: shell, met: existsSync(shell) });

describe.skipIf(lacking)("a packed recording", { timeout: 60_000 }, () => {
  it("is small, and has the same calls and output", async () => {
    await inFolder(async (folder) => {
      const [whole, small] = [join(folder, "whole"), join(folder, "small")];
      writeFileSync(join(folder, "data"), "some\nlines\n".repeat(900));
      // Processes, pipes, a file that is read and mapped, and a script whose text the kernel reads.
      const script = `cd ${folder}; sort data | uniq -c; (exit 3) & wait $!; echo $?; ls -l /usr | head -n 2; kill -TERM $$`;
      const run = trapgate(["record", "-o", whole, "--root", "/", "--", shell, "-c", script]);
      expect(run.stdout).toMatch(/900 lines\n\s*900 some\n3\n/);
      expect(trapgate(["pack", "-o", small, whole])).toMatchObject({ status: 0, stdout: "" });
      rmSync(join(folder, "data"));
      expect(statSync(small).size).toBeLessThan(0.5 * statSync(whole).size);
      const traced = (file: string) => [
        trapgate(["replay", "--calls", "-f", "-o", join(folder, "calls"), file]),
        readFileSync(join(folder, "calls")),
      ];
      expect(traced(small)).toEqual(traced(whole));
      expect(trapgate(["replay", small])).toEqual(run);
    });
  });
  it.each([
    ["without a core file", "kill -SEGV $$", /^$/, 0.5],
    ["whose core file a program reads", "ulimit -c unlimited; (cd /tmp; sh -c 'kill -SEGV $$'; cksum core)", /^\d+ \d+ core\n$/, 0.7],
  ])("of a crash %s is small, and has the same output", async (_name, script, output, part) => {
    await inFolder(async (folder) => {
      const [whole, small] = [join(folder, "whole"), join(folder, "small")];
      const run = trapgate(["record", "-o", whole, "--root", "/", "--", shell, "-c", script]);
      expect(run.stdout).toMatch(output);
      trapgate(["pack", "-o", small, whole]);
      expect(statSync(small).size).toBeLessThan(part * statSync(whole).size);
      expect(trapgate(["replay", small])).toEqual(run);
    });
  });
  it("gets the rest of its files from this host, if they are the same", async () => {
    await inFolder(async (folder) => {
      const [whole, small] = [join(folder, "whole"), join(folder, "small")];
      trapgate(["record", "-o", whole, "--root", "/", "--", shell, "-c", "exit 0"]);
      trapgate(["pack", "-o", small, whole]);
      const path = realpathSync(shell);
      const into = (file: string, root?: string): Uint8Array => {
        let node: HostNode | number = (recordingOf(file, root).options.machine.root as HostTree).root;
        for (const name of path.split("/").slice(1)) node = typeof node === "number" ? node : node.lookup(name);
        const bytes = new Uint8Array(4096);
        if (typeof node === "object") node.read(4 * 4096, bytes);
        return bytes;
      };
      const native = new Uint8Array(4096);
      readSync(openSync(path, "r"), native, 0, 4096, 4 * 4096);
      const packed = into(small);
      expect([into(whole), into(small, "/")]).toEqual([native, native]);
      expect(packed).not.toEqual(native);
      expect(packed.every((byte, i) => byte === 0 || byte === native[i])).toBe(true);
    });
  });
});
