// All mistakes of a text, of an assembler that stops at the first: the line of each is left out in turn.
import { Problem } from "../../problem.ts";

/** More are not looked for. */
const MAX = 20;
/** Labels in front of a statement: others refer to them. */
const labelsOf = (line: string): string => /^\s*(?:[\w.$?@]+:\s*)*/.exec(line)?.[0] ?? "";

/**
 * The mistakes of a program's text in the order of its lines, at most 20. `assemble` throws a Problem with a
 * line (`span.at`) for each.
 *
 * @example
 * mistakesOf("movv eax, 1\njmp nowhere", (text) => assembleProgram(text)).map(({ span }) => span?.at);   //
 * [1, 2]
 */
export const mistakesOf = (text: string, assemble: (text: string) => unknown): Problem[] => {
  const lines = text.split("\n");
  const found = new Map<number, Problem>();
  while (found.size < MAX) {
    try {
      assemble(lines.join("\n"));
      break;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const at = error.span?.at ?? 0;
      const line = lines[at - 1];
      // A mistake without a line, or one that is there without its line, too.
      if (line === undefined || found.has(at)) {
        if (found.size === 0) return [error];
        break;
      }
      found.set(at, error);
      lines[at - 1] = labelsOf(line);
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([, problem]) => problem);
};
