// `trapgate query inevitable`: from which moment on the run could only fail.
import { findCalls } from "../../debug/query/calls.ts";
import { failureOf, findInevitable, type Share } from "../../debug/query/inevitable.ts";
import { compareMoments, momentText } from "../../machine/moment.ts";
import { count, integer } from "../arguments.ts";
import type { Command } from "../command.ts";
import { jsonText, print } from "../text/print.ts";
import { answer, ask, askHelp, operandsOf, synopsis } from "./ask.ts";

const options = {
  fails: { type: "string" },
  moments: { type: "string" },
  copies: { type: "string" },
  "copy-seed": { type: "string" },
} as const;

/** Calls between the two moments that are printed, at most. */
const MOST_DECIDING = 5;

/** `trapgate query inevitable`: the entry of the table of subcommands. */
export const command: Command = {
  synopsis: synopsis(""),
  summary: "when the failure became inevitable: copies from many moments go on with other random numbers and schedules",
  get options() {
    return [
      ["--fails END", "the failure: exit:N, exit:!0, signal:NAME, hang, output:TEXT (default: the end of the run itself)"],
      ["--moments N", "moments that are tried first (default: 12); then intervals are halved"],
      ["--copies N", "copies at each moment (default: 8)"],
      ["--copy-seed N", "the seed of their random numbers and slices (default: 1)"],
      ...askHelp,
    ] as const;
  },
  async run(args) {
    const { values, rest } = operandsOf(args, options, []);
    const failure = values.fails === undefined ? undefined : failureOf(values.fails);
    const moments = values.moments === undefined ? undefined : count(values.moments, "--moments");
    const copies = values.copies === undefined ? undefined : count(values.copies, "--copies");
    const seed = values["copy-seed"] === undefined ? undefined : integer(values["copy-seed"], "--copy-seed");
    const asked = await ask(values, rest);
    try {
      const found = await findInevitable(asked.history, { failure, moments, copies, seed });
      const { shares, from, escaped, mayEscape } = found;
      const text = ({ failed, copies: all }: Share): string => `${failed} of ${all} copies fail`;
      const status = await answer(
        asked,
        shares.map((share) => ({
          when: { at: share.moment },
          pid: asked.pid,
          tid: 0,
          comm: "",
          text: () => `${text(share)}${from && compareMoments(from.moment, share.moment) === 0 ? "  <- inevitable" : ""}`,
          facts: { failed: share.failed, copies: share.copies },
        })),
        values,
      );
      // The transitions between the two moments have decided.
      const deciding =
        from && escaped
          ? (await findCalls(asked.history, {})).filter(
              ({ after }) => compareMoments(after, escaped.moment) > 0 && compareMoments(after, from.moment) <= 0,
            )
          : [];
      const percent = Math.ceil(mayEscape * 100);
      if (values.json)
        print(
          `${jsonText({ failure: found.failure, inevitable: from ? momentText(from.moment) : null, between: deciding.map(({ text: call }) => call), escaped: escaped ? momentText(escaped.moment) : null, mayEscape })}\n`,
        );
      else if (!from)
        print(`${found.failure}: not inevitable before the end: ${text(escaped as Share)} at ${momentText((escaped as Share).moment)}\n`);
      else if (!escaped) print(`${found.failure}: inevitable from the beginning\n`);
      else
        print(
          `${found.failure}: inevitable from ${momentText(from.moment)} on (fewer than ${percent} % of copies escape, at 95 % confidence); at ${momentText(escaped.moment)} ${escaped.copies - escaped.failed} of ${escaped.copies} have escaped\n${deciding.length > 0 && deciding.length <= MOST_DECIDING ? deciding.map((call) => `between: ${call.text}\n`).join("") : ""}`,
        );
      return status;
    } finally {
      asked.close();
    }
  },
};
