// `--help` and `--version`: readers of the commands' own descriptions.
import { readFileSync } from "node:fs";
import { color as pc } from "./color.ts";
import type { Command } from "./command.ts";

type Commands = Readonly<Record<string, () => Promise<{ readonly command: Command }>>>;

const print = (...lines: string[]): void => void process.stdout.write(`${lines.join("\n")}\n`);
const column = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
};

export const overview = async (commands: Commands): Promise<number> => {
  const rows = await Promise.all(Object.entries(commands).map(async ([name, load]) => [name, (await load()).command.summary] as const));
  print(
    "Runs x86 and x86-64 Linux programs on an emulated processor and a small kernel, with seccomp at every door.",
    "",
    `${pc.bold("usage")}: trapgate COMMAND [OPTION…] [--] [PROG [ARG…]]`,
    "",
    ...column(rows),
    "",
    "trapgate COMMAND --help tells more.",
  );
  return 0;
};

export const details = (name: string, command: Command): number => {
  print(`${pc.bold("usage")}: trapgate ${name} ${command.synopsis}`, "", command.summary, "", ...column(command.options));
  return 0;
};

export const version = (): number => {
  const { version: text } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  print(text);
  return 0;
};
