// `trapgate query closed` and `query descriptor`: the life of a descriptor.
import { type DescriptorChange, findDescriptor } from "../../debug/query/descriptors.ts";
import { integer } from "../arguments.ts";
import type { Command } from "../command.ts";
import { answered, askHelp, operandsOf, type PrintedAnswer, synopsis } from "./ask.ts";

const answerOf = ({ after, pid, tid, comm, kind, by, from, to }: DescriptorChange): PrintedAnswer => ({
  when: { before: after },
  pid,
  tid,
  comm,
  text: () => `${kind} by ${by}: ${kind === "replaced" ? `${from} -> ${to}` : (from ?? to)}`,
  facts: { kind, by, from, to },
});

/** `trapgate query descriptor`: the entry of the table of subcommands. */
export const command: Command = {
  synopsis: synopsis("FD"),
  summary: "who opened, replaced and closed a descriptor, or who closed it last",
  get options() {
    return [["FD", "the descriptor"], ["--closed", "only the last close or replacement before the moment"], ...askHelp] as const;
  },
  async run(args) {
    const {
      values,
      given: [text = ""],
      rest,
    } = operandsOf(args, { closed: { type: "boolean" } }, ["FD"]);
    const fd = integer(text, "FD");
    return answered(values, rest, async ({ history, pid, until }) => {
      const found = await findDescriptor(history, pid, fd, until);
      const closes = values.closed ? found.filter(({ kind }) => kind !== "opened").slice(-1) : found;
      return closes.map(answerOf);
    });
  },
};
