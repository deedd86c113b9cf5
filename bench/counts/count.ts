// The counts of one run: host instructions by callgrind, and the guest's own by `--stats`.
//
// Node.js gets two flags. `--random-seed` fixes the seed of V8's hash tables, which alone moves a start by 4
// %.
// `--predictable` lets V8 compile and collect on the thread that needs it, when it needs it. The work is the
// same, and no
// other thread's progress decides when optimised code is ready. V8 ignores both when it judges its code cache
// (FlagList::Hash), so that a start reads the compiled form of our scripts as a user's start does. Under
// --single-threaded,
// --hash-seed or --predictable-gc-schedule it would parse them. clock.cjs is the clock.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "./rows.ts";
import { clock, enterProgram } from "./tree.ts";

/** The counts by their names; host instructions are of the process of Node.js with all its threads. */
export type Counts = Readonly<Record<string, number>>;
export const host = "host instructions";
export const regionCounts = ["regions compiled", "bytes of regions"] as const;

const nodeFlags = ["--predictable", "--random-seed=1", "--require", clock];
const valgrind = ["--tool=callgrind", "--smc-check=all-non-file"];
/** Variables of the environment move the count: a start copies them. */
const env = { PATH: process.env["PATH"], LANG: "C.UTF-8" };

/** A killed run has no counts. */
const output = (command: string, args: readonly string[], signal: AbortSignal): Promise<string | undefined> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { env, signal, killSignal: "SIGKILL", stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    child.on("error", () => resolve(undefined));
    child.on("close", (status) => resolve(status === 0 ? text : undefined));
  });

const hostInstructions = async (args: readonly string[], signal: AbortSignal): Promise<number | undefined> => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-counts-"));
  try {
    const out = join(folder, "out");
    const command = [...valgrind, `--callgrind-out-file=${out}`, process.execPath, ...nodeFlags, ...args];
    if ((await output("valgrind", command, signal)) === undefined) return undefined;
    const [, total] = /^(?:totals|summary): (\d+)/m.exec(readFileSync(out, "utf8")) ?? [];
    return total === undefined ? undefined : Number(total);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const sum = (text: string, what: RegExp): number => [...text.matchAll(what)].reduce((total, [, n]) => total + Number(n), 0);

/** The guest's counts; names of `--stats` that a tree does not know are 0 there. */
const guestCounts = (text: string): Counts => ({
  "guest instructions": sum(text, /^instructions: (\d+)$/gm),
  "blocks decoded": sum(text, /^blocks decoded: (\d+)$/gm),
  "returns to the dispatcher": sum(text, /^back to the dispatcher: \w+: (\d+)$/gm),
  ...Object.fromEntries(regionCounts.map((name) => [name, sum(text, new RegExp(`^${name}: (\\d+)$`, "gm"))])),
});

/** Counts of a row; `command`: the staged command line (tree.ts). Undefined: a run was cut off or failed. */
export const count = async (row: Row, command: string, signal: AbortSignal): Promise<Counts | undefined> => {
  if (!row.options) {
    const instructions = await hostInstructions(row.args, signal);
    return instructions === undefined ? undefined : { [host]: instructions };
  }
  const file = row.isCopied ? enterProgram(row.file) : row.file;
  const trapgate = [command, "run", "--code-cache", "off", ...row.options];
  const program = ["--", file, ...row.args];
  const stats = await output(process.execPath, [...nodeFlags, ...trapgate, "--stats", ...program], signal);
  if (stats === undefined) return undefined;
  const instructions = await hostInstructions([...trapgate, ...program], signal);
  return instructions === undefined ? undefined : { [host]: instructions, ...guestCounts(stats) };
};
