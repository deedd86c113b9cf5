// Sources of Debian packages for tests, and the files that stand in for their programs.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { releaseSource } from "../debian/apt.ts";

/** Ends the command if programs of the host are missing: results without them would be those of no run. */
export const demand = (command: string, programs: readonly string[], packages: string): void => {
  const missing = programs.filter((name) => spawnSync("/bin/sh", ["-c", `command -v ${name}`]).status !== 0);
  if (missing.length === 0) return;
  console.error(`${command}: missing: ${missing.join(", ")} (Debian's packages ${packages}); nothing was run`);
  process.exit(2);
};

/** The folder of a package's sources within `folder`, fetched once: all files, or those of the patterns. */
export const sourcesOf = (name: string, folder: string, patterns: readonly string[] = []): string => {
  const pattern = new RegExp(`^${name}-\\d[\\d.]*$`);
  const known = readdirSync(folder).find((file) => pattern.test(file));
  if (known) return join(folder, known);
  const source = releaseSource();
  if (!source) throw new Error("no archive of this Debian release is configured");
  mkdirSync(join(folder, "lists", "partial"), { recursive: true });
  const list = join(folder, "archive.sources");
  writeFileSync(list, `Types: deb-src\nURIs: ${source.uri}\nSuites: ${source.suite}\nComponents: main\nSigned-By: ${source.signedBy}\n`);
  const options = [
    `Dir::Etc::SourceList=${list}`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}`,
  ].flatMap((option) => ["-o", option]);
  const run = (command: string, args: readonly string[]): string | undefined => {
    const { stderr, status, error } = spawnSync(command, args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
    return error || status !== 0 ? `${command} ${args.join(" ")}: ${error?.message ?? stderr}` : undefined;
  };
  run("apt-get", [...options, "-q", "update"]);
  // Debian's own changes may be missing in a mirror: the original archive is all that is needed.
  const problem = run("apt-get", [...options, "-q", "source", "--download-only", name]);
  const archive = readdirSync(folder).find((file) => file.startsWith(`${name}_`) && /\.orig\.tar\.\w+$/.test(file));
  if (!archive) throw new Error(problem ?? `apt-get has brought no sources of ${name}`);
  const unpacked = run("tar", ["xf", archive, ...(patterns.length > 0 ? ["--wildcards", ...patterns] : [])]);
  if (unpacked) throw new Error(unpacked);
  return sourcesOf(name, folder);
};

const shims = fileURLToPath(new URL("shims", import.meta.url));
/** A file of the shims, with words in the places of @WORD@. */
export const template = (name: string, words: Readonly<Record<string, string>>): string =>
  readFileSync(join(shims, name), "utf8").replace(/@([A-Z]+)@/g, (_, word: string) => words[word] ?? "");
