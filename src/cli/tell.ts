// A Problem on standard error: as text, or as one line of JSON.
import type { Problem } from "../problem.ts";
import { errorColor as pc } from "./color.ts";
import { messages } from "./messages.ts";
import { statusOfProblem } from "./status.ts";

/** Control characters of a file or a command line do not reach the terminal. Lines and tabs are ours. */
const shown = (message: string): string =>
  message.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to replace
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
/** The message with colours for a terminal: the program's name, the code, and the caret. */
const colored = (message: string): string =>
  message.replace(/ (\[TG\d{4}\])/, (_, code: string) => ` ${pc.dim(code)}`).replace(/\^+$/, (caret) => pc.red(caret));

/** Writes a Problem. Returns the exit status. */
export const tell = (problem: Problem): number => {
  const text = messages.json ? JSON.stringify({ error: problem }) : `${pc.red("trapgate:")} ${colored(shown(problem.message))}`;
  process.stderr.write(`${text}\n`);
  return statusOfProblem(problem.kind);
};
