// The command line's front: which subcommand, and how whatever goes wrong is told.

import { InternalError } from "../kernel/base/internal-error.ts";
import { Problem } from "../problem.ts";
import type { Command } from "./command.ts";
import { FAILED } from "./status.ts";
import { tell } from "./tell.ts";

/** Loaded when asked for: a subcommand pays for itself only. */
const commands: Record<string, () => Promise<{ readonly command: Command }>> = {
  run: () => import("./commands/run.ts"),
  trace: () => import("./commands/trace.ts"),
  explore: () => import("./commands/explore.ts"),
  landmines: () => import("./commands/landmines.ts"),
  profiles: () => import("./commands/profiles.ts"),
  syscalls: () => import("./commands/syscalls.ts"),
  models: () => import("./commands/models.ts"),
  disasm: () => import("./commands/disasm.ts"),
  explain: () => import("./commands/explain.ts"),
  asm: () => import("./commands/asm.ts"),
  seccomp: () => import("./commands/seccomp.ts"),
};

/** A mistake of ours: what it was about, and what we need to find it. */
const confess = (error: unknown): number => {
  process.stderr.write(`trapgate: internal error: ${error instanceof Error ? error.message : error}\n`);
  const cause = error instanceof InternalError ? error.cause : error;
  process.stderr.write(`Please report this, with the program and what follows. ${cause instanceof Error ? cause.stack : cause}\n`);
  return FAILED;
};

const dispatch = async (args: readonly string[]): Promise<number> => {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") return (await import("./help.ts")).overview(commands);
  if (name === "--version" || name === "-V") return (await import("./help.ts")).version();
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) throw new Problem("usage", `there is no command "${name}"`, { help: `there are ${Object.keys(commands).join(", ")}` });
  const { command } = await load();
  if (rest[0] === "--help" || rest[0] === "-h") return (await import("./help.ts")).details(name, command);
  return command.run(rest);
};

export const main = async (args: readonly string[]): Promise<void> => {
  try {
    process.exitCode = await dispatch(args);
  } catch (error) {
    process.exitCode = error instanceof Problem ? tell(error) : confess(error);
  }
};
