// The command line's front: which subcommand, and how whatever goes wrong is told.

import { Problem } from "../problem.ts";
import type { Command } from "./command.ts";
import { FAILED } from "./status.ts";
import { tell } from "./tell.ts";

/** Loaded when asked for: a subcommand pays for itself only. */
const commands: Record<string, () => Promise<{ readonly command: Command }>> = {
  run: () => import("./run.ts"),
  trace: () => import("./trace.ts"),
  explore: () => import("./explore.ts"),
  landmines: () => import("./landmines.ts"),
  profiles: () => import("./profiles.ts"),
  models: () => import("./models.ts"),
  disasm: () => import("./disasm.ts"),
  explain: () => import("./explain.ts"),
  asm: () => import("./asm.ts"),
  seccomp: () => import("./seccomp.ts"),
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
    if (error instanceof Problem) process.exitCode = tell(error);
    else {
      process.exitCode = FAILED;
      console.error("trapgate: internal error: please report this", error);
    }
  }
};
