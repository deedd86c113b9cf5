// What a subcommand is.

export interface Command {
  /** After the name, in the usage line. */
  readonly synopsis: string;
  /** One line for the overview. */
  readonly summary: string;
  /** Option, argument name, meaning: what `--help` prints. */
  readonly options: readonly (readonly [option: string, meaning: string])[];
  /** The exit status for a user's mistake, where it is not the usual one. */
  readonly trouble?: number;
  /** Runs with the arguments after the name; the result is our exit status. Throws a Problem for a user's mistake. */
  run(args: readonly string[]): Promise<number>;
}
