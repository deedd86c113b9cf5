// `--help` and `--version`: readers of the commands' own descriptions.
import { readFileSync } from "node:fs";
import type { Command, Commands } from "./command.ts";
import { color as pc } from "./text/color.ts";
import { printLines as print } from "./text/print.ts";

const column = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
};

const fronts = {
  trapgate: [
    "Runs 32-bit and 64-bit x86 Linux programs on an emulated processor and a small kernel. Each system call passes seccomp filters.",
    "COMMAND [OPTION…] [--] [PROG [ARG…]]",
  ],
  seccomp: [
    "Explains, compares and proves seccomp filters and policies. FILE is a profile, BPF, or assembly; - is standard input.",
    "seccomp COMMAND [OPTION…] FILE…",
  ],
  query: [
    "Asks a run: it is executed once to its end, and again for the answer. Moments are those of trapgate debug --at.",
    "query QUESTION [OPERAND] [OPTION…] [--] {PROG [ARG…] | RECORDING}",
  ],
} as const;

/** Prints the list of commands. Returns the exit status. */
export const overview = async (commands: Commands, front: keyof typeof fronts = "trapgate"): Promise<number> => {
  const rows = await Promise.all(Object.entries(commands).map(async ([name, load]) => [name, (await load()).command.summary] as const));
  const [what, usage] = fronts[front];
  const prefix = front === "trapgate" ? front : `trapgate ${front}`;
  print(
    what,
    "",
    `${pc.bold("usage")}: trapgate ${usage}`,
    "",
    ...column(rows),
    "",
    `${prefix} COMMAND --help prints the options of a command.`,
  );
  return 0;
};

/** Prints the help of one command. Returns the exit status. */
export const details = (name: string, command: Command): number => {
  print(`${pc.bold("usage")}: trapgate ${name} ${command.synopsis}`, "", command.summary, "", ...column(command.options));
  return 0;
};

/** Prints the version of the package. Returns the exit status. */
export const version = (): number => {
  const { version: text } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  print(text);
  return 0;
};
