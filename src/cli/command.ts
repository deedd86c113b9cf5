// A command of `trapgate`: its description, from which help and completion are made, and its action.
import { Problem } from "../problem.ts";
import { messages } from "./messages.ts";

/** Commands by name. Each is loaded at its first use, with its subcommands if it has some. */
export type Commands = Readonly<Record<string, () => Promise<{ readonly command: Command; readonly subcommands?: Commands }>>>;

/** A command of `trapgate`, or of `trapgate seccomp`. */
export interface Command {
  /** After the name, in the usage line. */
  readonly synopsis: string;
  /** One line for the overview. */
  readonly summary: string;
  /** Option, argument name and meaning, for `--help`. */
  readonly options: readonly (readonly [option: string, meaning: string])[];
  /** The exit status for a user's mistake, where it is not the usual one. */
  readonly trouble?: number;
  /**
   * Runs with the arguments after the name; `commands` are all commands. The result is the exit status.
   * Throws a Problem for a mistake of the user.
   */
  run(args: readonly string[], commands: Commands): Promise<number>;
}

/** Runs a command. `path` is its name in full; a mistake in its arguments names the help of it. */
export const withHelp = async (path: string, command: Command, args: readonly string[], commands: Commands): Promise<number> => {
  // Behind PROG the option belongs to the guest.
  const own = command.synopsis.includes("PROG")
    ? args.slice(
        0,
        Math.max(
          0,
          args.findIndex((arg) => !arg.startsWith("-")),
        ),
      )
    : args;
  if (own.includes("--json") && command.options.some(([option]) => option === "--json")) messages.json = true;
  try {
    return await command.run(args, commands);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const told = error.code.startsWith("TG01") ? error.withHelp(`see trapgate ${path} --help`) : error;
    if (command.trouble === undefined) throw told;
    (await import("./tell.ts")).tell(told);
    return command.trouble;
  }
};
