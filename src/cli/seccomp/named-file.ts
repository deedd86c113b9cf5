// The argument of commands that read a policy: a file, or a compile mode and a file.
import { existsSync } from "node:fs";
import { didYouMean } from "../../nearest.ts";
import { modes } from "../../policy/mode.ts";
import { Problem } from "../../problem.ts";

interface Named {
  readonly file: string;
  readonly mode: (typeof modes)[number] | undefined;
}
/** A file, or MODE:FILE for a profile that is compiled in another mode than the others. */
export const namedFile = (argument: string): Named => {
  const mode = modes.find((name) => argument.startsWith(`${name}:`));
  const [, word, rest] = /^([A-Za-z]+):(.+)$/s.exec(argument) ?? [];
  if (!mode && word !== undefined && rest !== undefined && !existsSync(argument) && existsSync(rest))
    throw new Problem("unknown-name", `there is no mode "${word}"`, { help: didYouMean(word, modes) ?? `there are ${modes.join(", ")}` });
  return { mode, file: mode ? argument.slice(mode.length + 1) : argument };
};
