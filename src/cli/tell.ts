// A Problem on standard error: as text, or as one line of JSON.
import type { Problem } from "../problem.ts";
import { visible } from "../visible.ts";
import { errorColor as pc } from "./color.ts";
import { messages } from "./messages.ts";
import { statusOfProblem } from "./status.ts";

/** The message with colours for a terminal: the program's name, the code, and the caret. */
const colored = (message: string): string =>
  message.replace(/ (\[TG\d{4}\])/, (_, code: string) => ` ${pc.dim(code)}`).replace(/\^+$/, (caret) => pc.red(caret));

/** Writes a Problem. Returns the exit status. */
export const tell = (problem: Problem): number => {
  const text = messages.json ? JSON.stringify({ error: problem }) : `${pc.red("trapgate:")} ${colored(visible(problem.message, "\n\t"))}`;
  process.stderr.write(`${text}\n`);
  return statusOfProblem(problem.kind);
};
