// gdb in batch mode against `trapgate debug`, from the sources.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { top } from "../support/host.ts";

/** The address of a symbol of a static program. */
export const addressOf = (program: string, name: string): number => {
  const line = execFileSync("nm", [program], { encoding: "utf8" })
    .split("\n")
    .find((each) => each.endsWith(` ${name}`));
  return Number.parseInt(line as string, 16);
};
/** A command that ends with this process: of one that is killed, gdb would run on, and its server with it. */
export const tied = (command: string, args: readonly string[]): [command: string, args: string[]] => [
  "setpriv",
  ["--pdeathsig", "KILL", command, ...args],
];
/** Other words of a session: options of trapgate debug, the program's words, settings of gdb, gdb's file. */
interface GdbWords {
  readonly options?: readonly string[];
  readonly args?: readonly string[];
  readonly before?: readonly string[];
  readonly symbols?: string;
}
/** Runs gdb's commands on a program. Returns what gdb prints. Throws if it takes two minutes. */
export const gdbOn = (
  folder: string,
  program: string,
  commands: readonly string[],
  { options = [], args = [], before = [], symbols = program }: GdbWords = {},
): string => {
  const script = `${folder}/commands-${Math.random().toString(36).slice(2)}`;
  writeFileSync(script, `${commands.join("\n")}\n`);
  const stub = [
    process.execPath,
    "--import",
    "tsx",
    `${top}/tools/trapgate.ts`,
    "debug",
    "--listen",
    "-",
    ...options,
    "--",
    program,
    ...args,
  ];
  const quoted = stub.map((word) => `'${word}'`).join(" ");
  const first = ["set pagination off", "set confirm off", "set width 0", "set debuginfod enabled off", ...before];
  const { stdout, stderr, error } = spawnSync(
    ...tied("gdb", [
      "-nx",
      "-batch",
      ...first.flatMap((line) => ["-iex", line]),
      "-ex",
      `file ${symbols}`,
      "-ex",
      `target remote | cd ${top} && ${quoted}`,
      "-x",
      script,
    ]),
    // gdb takes no SIGTERM while it waits for its target.
    { encoding: "utf8", timeout: 120_000, killSignal: "SIGKILL", env: { ...process.env, LC_ALL: "C" } },
  );
  if (error) throw new Error(`gdb has not come to its end: ${stdout}\n${stderr}`, { cause: error });
  return `${stdout}\n${stderr}`;
};
