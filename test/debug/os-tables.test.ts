// `info os`: gdb shows the tables of the machine, the same as gdbserver's where that is installed.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Debugger } from "../../src/debug/debugger.ts";
import type { Feature } from "../../src/kernel/core/feature.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64, top } from "../support/host.ts";
import { gdbOn, tied } from "./gdb.ts";
import { serve } from "./serve.ts";

const TABLES = "processes procgroups threads files sockets shm semaphores msg modules".split(" ");
const commands = ["break ready", "continue", "info os", ...TABLES.flatMap((name) => [`echo <${name}>\\n`, `info os ${name}`])];
/** The heading of each table, and its rows. */
const tablesIn = (said: string): Map<string, string[]> =>
  new Map(
    [...said.matchAll(/<(\w+)>\n([^<]*)/g)].map(([, name = "", text = ""]) => [
      name,
      text.split("\n").map((line) => line.replace(/ +/g, " ").trim()),
    ]),
  );

describe.skipIf(missing("gdb on trapgate debug", nativeX64, gcc, gdb))("info os", () => {
  it("shows the tables of gdbserver with the machine's rows", { timeout: 120_000 }, async () => {
    await inFolder(async (folder) => {
      const program = `${folder}/os`;
      execFileSync("gcc", ["-g", "-static", "-pthread", "-o", program, `${top}/test/debug/os.c`]);
      const said = gdbOn(folder, program, [...commands, "echo <end>\\n", "info os cpus", "info os nothing"]);
      expect(said).toMatch(/^msg +Listing of all message queues/m);
      expect(said).toMatch(/^0 +AuthenticAMD +21 /m);
      expect(said).toMatch(/Empty data returned by target\. {2}Wrong osdata type\?/);
      const tables = tablesIn(said);
      const time = "\\w{3} \\w{3} [ \\d]?\\d \\d\\d:\\d\\d:\\d\\d \\d{4}";
      const rows: Readonly<Record<string, readonly string[]>> = {
        processes: [`2 root ${program} 0`],
        procgroups: [`2 os 2 ${program}`],
        threads: ["2 os 2 0", "2 os 3 0"],
        files: ["2 os 0 .*", "2 os 3 socket:\\[\\d+\\]", "2 os 6 /dev/null"],
        sockets: [
          "127.0.0.1 24321 0.0.0.0 0 LISTEN root INET STREAM",
          "127.0.0.1 24321 127.0.0.1 (\\d+) ESTABLISHED root INET STREAM",
          "127.0.0.1 \\d+ 127.0.0.1 24321 ESTABLISHED root INET STREAM",
          ":: 24322 :: 0 CLOSE root INET6 DGRAM",
        ],
        shm: [`77001 \\d+ 640 5000 os os 1 root root root root ${time} ${time}`],
        semaphores: [`77002 \\d+ 600 3 root root root root ${time}`],
        msg: [`77003 \\d+ 644 10 1 os 0 root root root root ${time} ${time}`],
      };
      for (const [name, wanted] of Object.entries(rows))
        for (const row of wanted)
          expect(
            tables.get(name)?.filter((line) => new RegExp(`^${row}$`).test(line)),
            `${name}: ${row}`,
          ).toHaveLength(1);
      if (spawnSync("gdbserver", ["--version"]).status !== 0) return;
      const script = `${folder}/native`;
      writeFileSync(script, `${[...commands, "echo <end>\\n", "continue"].join("\n")}\n`);
      const words = ["-nx", "-batch", "-iex", "set pagination off", "-iex", "set width 0", "-ex", `file ${program}`];
      const native = spawnSync(...tied("gdb", [...words, "-ex", `target remote | gdbserver --once - ${program}`, "-x", script]), {
        encoding: "utf8",
        timeout: 60_000,
      }).stdout;
      for (const name of TABLES) expect(tables.get(name)?.[0], name).toBe(tablesIn(native).get(name)?.[0]);
      const listed = (text: string): string[] => [...text.matchAll(/^(\w+) +(Listing of .*)/gm)].map(([line]) => line.trim());
      expect(listed(said)).toEqual(listed(native));
    });
  });
});

describe("the object osdata", () => {
  const ask = async (annexes: readonly string[], features?: readonly Feature[]): Promise<readonly (string | undefined)[]> => {
    const file = readFileSync(`${top}/guest/bin/a1`);
    const debug = new Debugger(new Timeline(new Machine(features ? { features } : {}), file, { stdin: "" }));
    await debug.restart();
    const { ask: one } = serve(debug);
    const { now } = debug.kernel;
    const said: (string | undefined)[] = [];
    for (const annex of annexes) said.push(await one(`qXfer:osdata:read:${annex}:0,4000`));
    expect(debug.kernel.now).toBe(now);
    return said;
  };
  it("has no rows where the kernel lacks the part, and no data for other names", async () => {
    const [list, shm, cpus, ...others] = await ask(["", "shm", "cpus", "types", "constructor"], []);
    expect(list?.match(/<item>/g)).toHaveLength(10);
    expect(shm).toMatch(/<osdata type="shm">\n<\/osdata>\n$/);
    expect(cpus).toContain('<column name="processor">0</column><column name="vendor_id">');
    expect(others).toEqual(["l", "l"]);
  });
  it("reads at the clock of the run", async () => {
    expect((await ask(TABLES)).every((text) => text?.startsWith("l<?xml"))).toBe(true);
  });
});
