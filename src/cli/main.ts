// The front of the command line: it finds the command, runs it, and reports mistakes.

import { InternalError } from "../kernel/base/internal-error.ts";
import { didYouMean } from "../nearest.ts";
import { Problem } from "../problem.ts";
import { type Commands, withHelp } from "./command.ts";
import { messages } from "./messages.ts";
import { FAILED } from "./status.ts";
import { complain, written } from "./text/print.ts";

/** Each command is loaded at its first use. */
const commands: Commands = {
  run: () => import("./commands/run.ts"),
  trace: () => import("./commands/trace.ts"),
  lab: () => import("./commands/lab.ts"),
  debug: () => import("./commands/debug.ts"),
  dap: () => import("./commands/dap.ts"),
  record: () => import("./commands/record.ts"),
  pack: () => import("./commands/pack.ts"),
  replay: () => import("./commands/replay.ts"),
  query: () => import("./commands/query.ts"),
  explore: () => import("./commands/explore.ts"),
  landmines: () => import("./commands/landmines.ts"),
  profiles: () => import("./commands/profiles.ts"),
  syscalls: () => import("./commands/syscalls.ts"),
  models: () => import("./commands/models.ts"),
  disasm: () => import("./commands/disasm.ts"),
  explain: () => import("./commands/explain.ts"),
  asm: () => import("./commands/asm.ts"),
  seccomp: () => import("./commands/seccomp.ts"),
  snapshot: () => import("./commands/snapshot.ts"),
  cache: () => import("./commands/cache.ts"),
  completion: () => import("./commands/completion.ts"),
};

/** Prints an internal error: its cause, and the facts that a report needs. */
const confess = (error: unknown): number => {
  complain(`trapgate: internal error: ${error instanceof Error ? error.message : error}\n`);
  const cause = error instanceof InternalError ? error.cause : error;
  complain(`Please report this, with the program and the text below. ${cause instanceof Error ? cause.stack : cause}\n`);
  return FAILED;
};

/** The options that stand before the command. */
const frontOptions = ["--help", "--version", "--json"] as const;

const find = (name: string): Commands[string] => {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load) return load;
  if (name.startsWith("-"))
    throw new Problem("unknown-option", `unknown option '${name}'`, {
      help: didYouMean(name, frontOptions) ?? `before the command there are ${frontOptions.join(", ")}`,
    });
  const names = Object.keys(commands);
  throw new Problem("unknown-command", `there is no command "${name}"`, {
    help: didYouMean(name, names) ?? `there are ${names.join(", ")}`,
  });
};

const dispatch = async (args: readonly string[]): Promise<number> => {
  const [name = "--help", ...rest] = args;
  const [first] = rest;
  if (name === "--json") {
    messages.json = true;
    return dispatch(rest);
  }
  if (name === "help" && first !== undefined) return dispatch([...rest, "--help"]);
  if (name === "--help" || name === "-h" || name === "help") return (await import("./help.ts")).overview(commands);
  if (name === "--version" || name === "-V" || name === "version") return (await import("./help.ts")).version();
  const { command, subcommands } = await find(name)();
  // A command of commands lists these itself.
  if ((first === "--help" || first === "-h") && !subcommands) return (await import("./help.ts")).details(name, command);
  return withHelp(name, command, rest, commands);
};

/** Runs the command line and sets the exit status. A Problem becomes a message on standard error. */
export const main = async (args: readonly string[]): Promise<void> => {
  try {
    process.exitCode = await dispatch(args);
  } catch (error) {
    process.exitCode = error instanceof Problem ? (await import("./tell.ts")).tell(error) : confess(error);
  }
  await written();
};
