// npm run schedules:counts -- --sources DIR [--most N] [NAME…]: the number of Mazurkiewicz traces that
// `explore --search dpor` runs beside the number of executions that GenMC's own tests expect under sequential
// consistency. DIR is the folder `tests/correct` of GenMC (github.com/MPI-SWS/genmc). An execution there has
// the reads-from relation and the order of the writes to each place: under sequential consistency a trace
// without redundancy. Executions in which an assumption fails, or a loop reads once more, count here and not
// there. Programs are compiled unchanged, by the host's compiler. Nothing of them is kept.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore } from "../../src/machine/explore/explore.ts";
import { hostTree } from "../../src/node.ts";
import { readOptions } from "./options.ts";

/** `most`: programs with more executions are left out. */
const { sources, values, isWanted } = readOptions({ seconds: "30", most: "3000" }, "the folder tests/correct of GenMC");

interface Case {
  readonly name: string;
  readonly source: string;
  readonly defines: readonly string[];
  readonly executions: number;
}

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, "utf8").split("\n") : []);
const casesIn = (top: string): Case[] =>
  readdirSync(top).flatMap((group) =>
    readdirSync(join(top, group)).flatMap((test) => {
      const folder = join(top, group, test);
      const counts = lines(join(folder, "expected.sc.mo.in")).flatMap((line) =>
        line
          .trim()
          .split(/\s+/)
          .filter((word) => word !== ""),
      );
      if (counts.length === 0) return [];
      const given = lines(join(folder, "args.sc.mo.in")).filter((line) => line.trim() !== "");
      const sets = given.length > 0 ? given.map((line) => line.trim().split(/\s+/)) : [[]];
      const variants = readdirSync(join(folder, "variants"))
        .filter((file) => file.endsWith(".c"))
        .sort();
      return variants.flatMap((file, v) =>
        sets.map((defines, d) => ({
          name: [group, test, file.slice(0, -2), ...defines].join(" "),
          source: join(folder, "variants", file),
          defines: defines.filter((one) => one.startsWith("-D")),
          executions: Number(counts[v * sets.length + d]),
        })),
      );
    }),
  );

const shim = join(import.meta.dirname, "verifier.c");
const header = "void __VERIFIER_assume(int);\nint __VERIFIER_nondet_int(void);\n";

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-counts-"));
  const counts = { equal: 0, more: 0, fewer: 0, none: 0 };
  console.log("| program | GenMC | dpor | schedules | seconds |\n|---|---|---|---|---|");
  try {
    writeFileSync(join(folder, "genmc.h"), header);
    writeFileSync(join(folder, "table.c"), "void *const verifier_sections[] = {0};\n");
    const wanted = casesIn(sources).filter(({ executions, name }) => executions > 0 && executions <= Number(values.most) && isWanted(name));
    for (const { name, source, defines, executions } of wanted) {
      const program = join(folder, "program");
      const flags = ["-w", "-g", "-O1", "-pthread", "-I", folder, ...defines];
      try {
        execFileSync("gcc", [...flags, source, shim, join(folder, "table.c"), "-o", program], { stdio: "pipe" });
      } catch {
        counts.none++;
        continue;
      }
      const { traces, schedules, milliseconds } = await explore(program, {
        root: hostTree("/"),
        search: "dpor",
        atomic: "verifier_atomic",
        neverOutput: ["reach_error"],
        seconds: Number(values.seconds),
        clock: "2025-01-01",
        minimise: false,
      });
      const count = traces?.count ?? 0;
      const verdict = !traces?.all ? "none" : count === executions ? "equal" : count > executions ? "more" : "fewer";
      counts[verdict]++;
      const text = verdict === "none" ? `${count}, stopped` : verdict === "fewer" ? `**${count}**` : count;
      console.log(`| ${name} | ${executions} | ${text} | ${schedules} | ${(milliseconds / 1000).toFixed(1)} |`);
    }
    console.log(
      `\n${counts.equal} numbers are equal, ${counts.more} greater, ${counts.fewer} smaller; ${counts.none} not compiled or stopped`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
};
await main();
