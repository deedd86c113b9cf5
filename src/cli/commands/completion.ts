// `trapgate completion`: a script that lets a shell complete commands, options and values.
import { Problem } from "../../problem.ts";
import { oneOf, parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { bash, fish, zsh } from "../completion/scripts.ts";
import { commandWords } from "../completion/words.ts";
import { print } from "../text/print.ts";

const shells = { bash, zsh, fish } as const;
const names = Object.keys(shells) as (keyof typeof shells)[];

/** `trapgate completion`: the entry of the table of commands. */
export const command: Command = {
  synopsis: names.join("|"),
  summary: `print a completion script: source <(trapgate completion bash), or for ${names.slice(1).join(" and ")}`,
  options: [],
  async run(args, commands) {
    const [shell, ...more] = parse(args, {}).rest;
    if (shell === undefined) throw new Problem("missing-argument", "which shell?", { help: `there are ${names.join(", ")}` });
    if (more.length > 0) throw new Problem("extra-argument", "completion takes one shell");
    print(shells[oneOf(shell, names, "completion")](await commandWords(commands)));
    return 0;
  },
};
