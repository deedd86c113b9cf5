// A Problem on standard error: as text, or as one line of JSON.
import type { Problem } from "../problem.ts";
import { messages } from "./messages.ts";
import { statusOfProblem } from "./status.ts";
import { errorColor as pc } from "./text/color.ts";
import { complain, jsonText } from "./text/print.ts";

/** The message with colours for a terminal: the program's name, the code, and the caret. */
const colored = (message: string): string =>
  message.replace(/ (\[TG\d{4}\])/, (_, code: string) => ` ${pc.dim(code)}`).replace(/\^+$/, (caret) => pc.red(caret));

/** Writes a Problem. Returns the exit status. */
export const tell = (problem: Problem): number => {
  const text = messages.json ? jsonText({ error: problem }) : `${pc.red("trapgate:")} ${colored(problem.message)}`;
  complain(`${text}\n`);
  return statusOfProblem(problem.kind);
};
