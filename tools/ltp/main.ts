// `npm run conformance:ltp -- DIR [NAME…]`: the system-call tests of a built Linux Test Project, natively
// and inside, and a table of the entries that do worse inside. DIR is a checkout in which
// testcases/kernel/syscalls is built, for either ABI; `--list NAME` runs another list of its folder runtest.
// Native results are kept in .cache, in a file of DIR's name; `--again` runs them anew, `--jobs N` sets how
// many run at a time, `--trapgate FILE` the command line.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Entry, entriesOf } from "./entries.ts";
import { reasonOf } from "./rest.ts";
import { inside, natively, type Outcome } from "./run.ts";

const SECONDS = 60;
const top = fileURLToPath(new URL("../..", import.meta.url));

const outcome = z.object({
  exit: z.union([z.number(), z.literal("timeout")]),
  pass: z.number(),
  fail: z.number(),
  broken: z.number(),
  unsupported: z.number(),
  lines: z.array(z.string()),
});

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    again: { type: "boolean" },
    list: { type: "string", default: "syscalls" },
    jobs: { type: "string", default: "2" },
    trapgate: { type: "string", default: join(top, "bin/trapgate.js") },
  },
});
const [folder, ...names] = positionals;
if (!folder) throw new Error("which folder has the built LTP? npm run conformance:ltp -- DIR [NAME…]");
const ltp = resolve(folder);
const store = join(top, ".cache", `${basename(ltp)}${values.list === "syscalls" ? "" : `-${values.list}`}.json`);
const trapgate = [process.execPath, resolve(values.trapgate)];

const matches = ({ name }: Entry): boolean => names.length === 0 || names.some((n) => new RegExp(`^(${n})$`).test(name));
const entries = entriesOf(ltp, values.list).filter(matches);
const stored: Record<string, Outcome> =
  existsSync(store) && !values.again ? z.record(z.string(), outcome).parse(JSON.parse(readFileSync(store, "utf8"))) : {};

/** Removes the folder of a test, which may have left mounts in it. */
const removeMounted = (folder: string): void => {
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n").reverse()) {
    const at = line.split(" ")[1] ?? "";
    if (at.startsWith(`${folder}/`)) spawnSync("umount", ["-l", at]);
  }
  rmSync(folder, { recursive: true, force: true });
};

const native = async (entry: Entry): Promise<Outcome> => {
  const known = stored[entry.name];
  if (known) return known;
  const tmp = mkdtempSync(join(tmpdir(), "trapgate-ltp-"));
  try {
    const outcome = await natively(ltp, entry, tmp, SECONDS);
    stored[entry.name] = outcome;
    writeFileSync(store, JSON.stringify(stored));
    return outcome;
  } finally {
    removeMounted(tmp);
  }
};

const show = ({ exit, pass, fail, broken, unsupported }: Outcome): string => `${exit} (${pass}, ${fail}, ${broken}, ${unsupported})`;
let [judged, ended, passed, unexplained] = [0, 0, 0, 0];
const one = async (entry: Entry): Promise<void> => {
  const there = await native(entry);
  if (there.exit !== 0) return;
  const here = await inside(trapgate, ltp, entry, SECONDS);
  judged++;
  if (here.exit === 0) ended++;
  if (here.exit === 0 && here.pass >= there.pass) passed++;
  else {
    const reason = here.exit === 0 ? undefined : reasonOf(entry.name);
    if (here.exit !== 0 && reason === undefined) unexplained++;
    const known = reason === undefined ? "" : ` (known: ${reason})`;
    console.log(`${entry.name} native ${show(there)} inside ${show(here)} ${here.lines.join(" || ")}${known}`);
  }
};

mkdirSync(join(top, ".cache"), { recursive: true });
const queue = [...entries];
const worker = async (): Promise<void> => {
  for (let entry = queue.shift(); entry; entry = queue.shift()) await one(entry);
};
await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
console.log(
  `${judged} entries pass natively; inside ${ended} end with 0, ${passed} of them with as many passes; ${unexplained} without a known reason`,
);
process.exitCode = unexplained === 0 ? 0 : 1;
