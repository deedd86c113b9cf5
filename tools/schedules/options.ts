// The command line of the comparisons with published verdicts and numbers: --sources DIR, options with
// values, and parts of the names of programs.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";

/** `defaults`: the other options. `folder`: the folder that DIR is, for the message if it is missing. */
export const readOptions = <Name extends string>(
  defaults: Readonly<Record<Name, string>>,
  folder: string,
): { readonly sources: string; readonly values: Readonly<Record<Name, string>>; readonly isWanted: (name: string) => boolean } => {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries(["sources", ...names].map((name) => [name, { type: "string" as const }]));
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const { sources } = values;
  if (typeof sources !== "string" || !existsSync(sources)) throw new Error(`--sources DIR is missing: ${folder}`);
  const given = Object.fromEntries(names.map((name) => [name, values[name] ?? defaults[name]])) as Record<Name, string>;
  return { sources, values: given, isWanted: (name) => positionals.length === 0 || positionals.some((part) => name.includes(part)) };
};
