// A Problem on standard error: one sentence, and where its place is known the line with a caret.
import type { Problem, Span } from "../problem.ts";
import { statusOfProblem } from "./status.ts";

/** The line that it is about, with a caret below; nothing if the place is not known. */
const excerpt = ({ line, column = 1, length = 1, text }: Span): string => {
  if (line === undefined || text === undefined) return "";
  const margin = `${line}`.padStart(5);
  const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  return `\n${margin} | ${text}\n${" ".repeat(margin.length)} | ${indent}${"^".repeat(Math.max(1, length))}`;
};

/** Returns the exit status. */
export const tell = (problem: Problem): number => {
  const { span } = problem;
  const place = span?.line === undefined ? "" : `${span.source}:${span.line}:${span.column ?? 1}: `;
  const help = problem.help === undefined ? "" : ` (${problem.help})`;
  process.stderr.write(`trapgate: ${place}${problem.message}${help}${span ? excerpt(span) : ""}\n`);
  return statusOfProblem(problem.code);
};
