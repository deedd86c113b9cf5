// The words for completion in shells: commands, options and values, from the tables of `--help`.
import { engines } from "../../cpu/engine.ts";
import { modelNames } from "../../cpu/machine/model.ts";
import { bugs, vsyscallModes } from "../../kernel/base/profile.ts";
import { formats } from "../../policy/formats/read.ts";
import { outputs } from "../../policy/formats/write.ts";
import { modes } from "../../policy/mode.ts";
import { seccompProfileNames } from "../../seccomp/index.ts";
import type { Command, Commands } from "../command.ts";

/** An option, with its names and dashes. */
export interface OptionWords {
  readonly names: readonly string[];
  readonly meaning: string;
  /** Undefined: no value. A list: its values. file, folder: completed by the shell. */
  readonly value: undefined | "file" | "folder" | "text" | readonly string[];
}
/** A command by its full name: `run`, `seccomp diff`. */
export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly OptionWords[];
  /** True if words after the first one that is no option belong to a program. */
  readonly runsProgram: boolean;
}

/** Values of options that are names. */
const values: Readonly<Record<string, readonly string[]>> = {
  "--kernel": seccompProfileNames,
  "--engine": engines,
  "--cpu": modelNames,
  "--vsyscall": vsyscallModes,
  "--bug": Object.keys(bugs),
  "--format": formats,
  "--as": modes,
  "--to": [...outputs, "systemd"],
};

const valueOf = (names: readonly string[], placeholder: string | undefined): OptionWords["value"] => {
  if (placeholder === undefined) return undefined;
  const known = names.map((name) => values[name]).find(Boolean);
  if (known) return known;
  if (/^[a-z\d]+(\|[a-z\d]+)+$/.test(placeholder)) return placeholder.split("|");
  if (/DIR\b/.test(placeholder)) return "folder";
  return /FILE|HOST|OUTPUT|PREFIX/.test(placeholder) ? "file" : "text";
};

/**
 * The options of a row such as `-e, --env NAME=VALUE`. A row may have several: `--thread NAME, --container
 * NAME`.
 */
const optionsOf = ([row, meaning]: readonly [string, string]): OptionWords[] => {
  const parts = row.split(/, (?=-)/).map((part) => {
    const [name = "", ...rest] = part.split(" ");
    return { name, placeholder: rest.length === 0 ? undefined : rest.join(" ") };
  });
  const own = parts.filter(({ name }) => /^--?[\w-]+$/.test(name));
  const last = own.at(-1)?.placeholder;
  // Without a placeholder in between, the names are one option.
  if (own.slice(0, -1).every(({ placeholder }) => placeholder === undefined)) {
    const names = own.map(({ name }) => name);
    return names.length === 0 ? [] : [{ names, meaning, value: valueOf(names, last) }];
  }
  return own.map(({ name, placeholder }) => ({ names: [name], meaning, value: valueOf([name], placeholder) }));
};

const wordsOf = (name: string, { summary, options, synopsis }: Command): CommandWords => ({
  name,
  summary,
  options: [...options.flatMap(optionsOf), { names: ["-h", "--help"], meaning: "the options", value: undefined }],
  runsProgram: synopsis.includes("PROG"),
});

/** All commands, `seccomp` followed by its subcommands. */
export const commandWords = async (commands: Commands, prefix = ""): Promise<readonly CommandWords[]> => {
  const found: CommandWords[] = [];
  for (const [name, load] of Object.entries(commands)) {
    const { command, subcommands } = await load();
    found.push(wordsOf(`${prefix}${name}`, command));
    if (subcommands) found.push(...(await commandWords(subcommands, `${prefix}${name} `)));
  }
  return found;
};
