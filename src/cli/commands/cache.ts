// `trapgate cache`: the folder of compiled code that `run` and `trace` keep between runs.
import { spawnSync } from "node:child_process";
import type { Label } from "../../host/node-cache-files.ts";
import { clearCodeCache, codeCacheFiles } from "../../host/node-code-store.ts";
import { cacheFolder } from "../../host/user-cache.ts";
import { Problem } from "../../problem.ts";
import { oneOf, parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { FAILED } from "../status.ts";
import { color as pc } from "../text/color.ts";
import { printLines as print } from "../text/print.ts";

const options = { "code-cache": { type: "string" } } as const;
const actions = ["list", "clear", "warm"] as const;

const KiB = 1024;
const sizeText = (bytes: number): string => (bytes < KiB * KiB ? `${Math.ceil(bytes / KiB)} KiB` : `${(bytes / KiB / KiB).toFixed(1)} MiB`);
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
const totalOf = (files: readonly { readonly bytes: number }[]): string =>
  `${plural(files.length, "file")}, ${sizeText(files.reduce((sum, { bytes }) => sum + bytes, 0))}`;
/** Runs of `warm`, at most. */
const mostRuns = 6;
/** Minutes are enough to see the order of runs. */
const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 16).replace("T", " ");
const contentText = ({ regions, handlers = 0, start }: Pick<Label, "regions" | "handlers" | "start">): string =>
  start !== undefined ? "a start" : regions === undefined ? plural(handlers, "handler") : plural(regions, "region");

const list = (folder: string): void => {
  const files = codeCacheFiles(folder);
  for (const { bytes, used, label } of files) {
    const what = label ? `${contentText(label).padEnd(13)} ${pc.bold(label.name)}` : "not used: it is damaged, or others may write it";
    print(`${timeText(used)}  ${sizeText(bytes).padStart(9)}  ${what}`);
  }
  print(`${folder}: ${totalOf(files)}`);
};

/**
 * Runs a program without its input and output until a run adds nothing to the cache: each compiles what the
 * samples of that run find, and V8 optimises most of it in the next one.
 */
const warm = (folder: string, args: readonly string[]): number => {
  if (args.length === 0) throw new Problem("missing-argument", "which program?");
  const before = new Set(codeCacheFiles(folder).map(({ path, used }) => `${path} ${used}`));
  const content = (): string =>
    JSON.stringify(
      codeCacheFiles(folder)
        .map(({ path, bytes, label }) => [path, bytes, label])
        .sort(),
    );
  for (let run = 0, last = ""; run < mostRuns && last !== content(); run++) {
    last = content();
    const { status } = spawnSync(process.execPath, [process.argv[1] as string, "run", "--code-cache", folder, ...args], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (status !== 0) return status ?? FAILED;
  }
  const made = codeCacheFiles(folder).filter(({ path, used }) => !before.has(`${path} ${used}`));
  const names = [...new Set(made.flatMap(({ label }) => label?.name ?? []))];
  print(`${folder}: ${made.length === 0 ? "nothing new" : `${totalOf(made)}: ${names.join(", ")}`}`);
  return 0;
};

const folderOf = (named: string | undefined): string => {
  const folder = named ?? cacheFolder();
  if (folder !== undefined) return folder;
  throw new Problem("bad-value", "there is no folder for the cache: this user has no home", {
    help: "set HOME or XDG_CACHE_HOME to an absolute path, or give --code-cache DIR",
  });
};

/** `trapgate cache`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[--code-cache DIR] list|clear|warm [OPTION…] [PROG [ARG…]]",
  summary: "show or remove compiled code that runs have kept, or run PROG once in advance",
  options: [
    ["list", "the files of code with compiled regions: last use (UTC), size, regions, name"],
    ["clear", "remove all of them; other files of the folder stay"],
    ["warm [OPTION…] PROG [ARG…]", "run PROG with options of run until its code is kept, at most six times, without input and output"],
    ["--code-cache DIR", "the folder (default: ~/.cache/trapgate)"],
  ],
  async run(args) {
    const { values, rest } = parse(args, options);
    const [name, ...more] = rest;
    if (name === undefined) throw new Problem("missing-argument", "list, clear or warm?");
    const action = oneOf(name, actions, "cache");
    if (action === "warm") return warm(folderOf(values["code-cache"]), more);
    const after = parse(more, options);
    if (after.rest.length > 0) throw new Problem("extra-argument", `cache ${action} takes no argument`);
    const folder = folderOf(after.values["code-cache"] ?? values["code-cache"]);
    if (action === "list") list(folder);
    else print(`${folder}: removed ${totalOf(clearCodeCache(folder))}`);
    return 0;
  },
};
