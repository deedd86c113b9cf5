// `trapgate query when`: the moments at which a condition became true.
import { parseExpression } from "../../debug/query/expression.ts";
import { namesOf, rangeOf } from "../../debug/query/range.ts";
import { findEvent, findWhen } from "../../debug/query/when.ts";
import type { Command } from "../command.ts";
import { answered, askHelp, operandsOf, synopsis } from "./ask.ts";

const options = { pc: { type: "string" }, first: { type: "boolean" }, last: { type: "boolean" } } as const;

/** `trapgate query when`: the entry of the table of subcommands. */
export const command: Command = {
  synopsis: synopsis("CONDITION"),
  summary: "when a condition became true, over variables, memory and registers, or of output and signals",
  get options() {
    return [
      ["CONDITION", "'counter > 3', 'u32[buffer + 8] == 0', 'rax == 5', output:TEXT, signal:NAME"],
      ["--pc ADDRESS", "look only before the instruction at this address, such as a function: each time that it holds"],
      ["--first, --last", "only the first time, or only the last one before the moment"],
      ...askHelp,
    ] as const;
  },
  async run(args) {
    const {
      values,
      given: [text = ""],
      rest,
    } = operandsOf(args, options, ["CONDITION"]);
    return answered(values, rest, async ({ history, pid, until }) => {
      const event = await findEvent(history, text, until);
      const pc = values.pc === undefined ? undefined : rangeOf(history, pid, values.pc).address;
      const found = event ?? (await findWhen(history, pid, parseExpression(text, namesOf(history, pid)), { pc, until }));
      const chosen = values.first ? found.slice(0, 1) : values.last ? found.slice(-1) : found;
      return chosen.map(({ by, ...became }) => ({
        ...became,
        text: (instruction) => by ?? instruction ?? "",
        facts: { by: by ?? "instruction" },
      }));
    });
  },
};
