// The command line's front: which subcommand, and how whatever goes wrong is told.

import { Problem, type Span } from "../problem.ts";
import type { Command } from "./command.ts";
import { FAILED, statusOfProblem } from "./status.ts";

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
};

/** The line that it is about, with a caret below; nothing if the place is not known. */
const excerpt = ({ line, column = 1, length = 1, text }: Span): string => {
  if (line === undefined || text === undefined) return "";
  const margin = `${line}`.padStart(5);
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  return `\n${margin} | ${text}\n${" ".repeat(margin.length)} | ${indent}${"^".repeat(Math.max(1, length))}`;
};

const tell = (problem: Problem): number => {
  const { span } = problem;
  const place = span?.line === undefined ? "" : `${span.source}:${span.line}:${span.column ?? 1}: `;
  const help = problem.help === undefined ? "" : ` (${problem.help})`;
  process.stderr.write(`trapgate: ${place}${problem.message}${help}${span ? excerpt(span) : ""}\n`);
  return statusOfProblem(problem.code);
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
