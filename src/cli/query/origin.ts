// `trapgate query origin`: the way of a byte back to a file, to input, or to the instruction that made it.
import { findOrigin, type OriginStep } from "../../debug/query/origin.ts";
import { rangeOf } from "../../debug/query/range.ts";
import type { Command } from "../command.ts";
import { complain } from "../text/print.ts";
import { answered, askHelp, operandsOf, type PrintedAnswer, synopsis } from "./ask.ts";

const hex = (n: number): string => `0x${n.toString(16)}`;
/** At most so many bytes are asked for at once. */
const MOST_BYTES = 64;

const answerOf = (
  { when, pid, tid, comm, ip, address, what, call }: OriginStep,
  start: PrintedAnswer["when"],
  of: number | undefined,
): PrintedAnswer => ({
  when: when ?? start,
  pid,
  tid: when ? tid : 0,
  comm,
  text: (instruction) => `${hex(address)}  ${ip === undefined ? what : `${instruction ?? ""}: ${what}`}`,
  facts: { ...(of === undefined ? {} : { of: hex(of) }), address: hex(address), what, call },
});

/** `trapgate query origin`: the entry of the table of subcommands. */
export const command: Command = {
  synopsis: synopsis("ADDRESS"),
  summary: "where a byte came from: through copies, calls, pipes and sockets, back to a file, input or an instruction",
  get options() {
    return [["ADDRESS", `0x404010, 0x404010:4 for each of four bytes (at most ${MOST_BYTES}), buffer, buffer+16`], ...askHelp] as const;
  },
  async run(args) {
    const {
      values,
      given: [text = ""],
      rest,
    } = operandsOf(args, {}, ["ADDRESS"]);
    return answered(values, rest, async ({ history, pid, until }) => {
      const { address, length: all } = rangeOf(history, pid, text);
      const length = text.includes(":") ? Math.min(all, MOST_BYTES) : 1;
      if (all > length && text.includes(":")) complain(`trapgate: only the first ${MOST_BYTES} bytes are followed\n`);
      const answers: PrintedAnswer[] = [];
      for (let i = 0; i < length; i++) {
        const { steps, isCut } = await findOrigin(history, pid, address + i, until);
        answers.push(...steps.map((step) => answerOf(step, { at: history.timeline.start }, length > 1 ? address + i : undefined)));
        if (isCut) complain(`trapgate: ${hex(address + i)}: its way has more than ${steps.length} steps\n`);
      }
      return answers;
    });
  },
};
