// `trapgate query writes`: the writes of a range of memory, or the last one.

import { rangeOf } from "../../debug/query/range.ts";
import { findWrites, lastWrite, type Write } from "../../debug/query/writes.ts";
import type { Command } from "../command.ts";
import { answered, askHelp, bytesJson, operandsOf, type PrintedAnswer, synopsis, valueText } from "./ask.ts";

const options = { last: { type: "boolean" } } as const;

const answerOf = ({ when, pid, tid, comm, by, before, after }: Write): PrintedAnswer => ({
  when,
  pid,
  tid,
  comm,
  text: (instruction) => `${valueText(before)} -> ${valueText(after)}  ${by ?? instruction ?? ""}`,
  facts: { by: by ?? "instruction", before: bytesJson(before), after: bytesJson(after) },
});

/** `trapgate query writes`: the entry of the table of subcommands. */
export const command: Command = {
  synopsis: synopsis("ADDRESS"),
  summary: "who wrote this memory: all writes of an address, a range or a variable, or the last one",
  get options() {
    return [
      ["ADDRESS", "0x404010, 0x404010:8 with a length, counter, buffer+16:4 (default: a variable's size, or one byte)"],
      ["--last", "only the last write before the moment"],
      ...askHelp,
    ] as const;
  },
  async run(args) {
    const {
      values,
      given: [text = ""],
      rest,
    } = operandsOf(args, options, ["ADDRESS"]);
    return answered(values, rest, async ({ history, pid, until }) => {
      const range = { pid, ...rangeOf(history, pid, text) };
      const found = values.last ? [await lastWrite(history, range, until)] : await findWrites(history, range, until);
      return found.flatMap((write) => (write ? [answerOf(write)] : []));
    });
  },
};
