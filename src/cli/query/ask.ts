// The common part of `trapgate query`: its options, the run that is asked, and the lines of answers.
import { type AskedMoment, visitAll } from "../../debug/query/answer.ts";
import { History } from "../../debug/query/history.ts";
import { placeText } from "../../debug/query/place.ts";
import { pieces } from "../../host/debug-socket.ts";
import { type Moment, momentText, parseMoment } from "../../machine/moment.ts";
import type { Hooks } from "../../machine/options.ts";
import { replayed } from "../../machine/recording/replay.ts";
import { frameText } from "../../machine/stack/frame.ts";
import type { Timeline } from "../../machine/timeline/timeline.ts";
import { Problem } from "../../problem.ts";
import { count, integer, parse, size } from "../arguments.ts";
import { messages } from "../messages.ts";
import { recordingIn, recordingOf } from "../recorded.ts";
import { programOptionHelp } from "../run-help.ts";
import { inputFile, programOptions } from "../run-options.ts";
import { jsonText, print } from "../text/print.ts";
import { begun } from "../timeline.ts";

/** Options of all questions. */
export const askOptions = {
  at: { type: "string" },
  pid: { type: "string" },
  limit: { type: "string" },
  "stack-trace": { type: "boolean", short: "k" },
  json: { type: "boolean" },
  history: { type: "string" },
  stdin: { type: "string" },
  schedule: { type: "string" },
  ...programOptions,
} as const;
/** Their help. */
export const askHelp: readonly (readonly [string, string])[] = [
  ["--at MOMENT", "ask about the run before INSTRUCTIONS:STEPS (default: before its end)"],
  ["--pid N", "the process (default: the program that was started)"],
  ["--limit N", "answers, at most (default: 1000)"],
  ["-k, --stack-trace", "also the callers of the place, with symbols of the ELF files"],
  ["--json", "one JSON object for each answer, on its own line"],
  ["--history SIZE", "memory for the snapshots that make steps back fast; default 512M"],
  ["--stdin FILE", "the program's standard input (default: this command's, as the program asks for it)"],
  ["--schedule TEXT", "ask a schedule that trapgate explore has printed, or the file that holds it"],
  ...programOptionHelp,
];
/** The usage of all questions. */
export const synopsis = (operand: string, options = "[OPTION…]"): string =>
  `${operand}${operand === "" ? "" : " "}${options} [--] {PROG [ARG…] | RECORDING}`;

type Options = Parameters<typeof parse>[1];
type Values<T extends Options> = ReturnType<typeof parse<T & typeof askOptions>>["values"];

/**
 * Arguments: operands, and options before and behind each, then PROG. Throws a Problem for a missing
 * operand.
 */
export const operandsOf = <const T extends Options>(
  args: readonly string[],
  own: T,
  operands: readonly string[],
): { readonly values: Values<T>; readonly given: readonly string[]; readonly rest: readonly string[] } => {
  const options = { ...askOptions, ...own };
  const given: string[] = [];
  let { values, rest } = parse(args, options);
  for (const name of operands) {
    const [operand, ...others] = rest;
    if (operand === undefined) throw new Problem("missing-argument", `${name} is missing`);
    given.push(operand);
    const more = parse(others, options);
    values = { ...values, ...more.values };
    ({ rest } = more);
  }
  if ((values as { json?: boolean }).json) messages.json = true;
  if (rest.length === 0)
    throw new Problem("missing-argument", "which program or recording?", {
      help: given.length > 0 ? `it follows ${JSON.stringify(given.at(-1))}` : undefined,
    });
  return { values: values as Values<T>, given, rest };
};

/** The values that all questions read. */
type Common = ReturnType<typeof parse<typeof askOptions>>["values"];

/** A run that has been executed, and answers. */
export interface Asked {
  readonly history: History;
  /** The process that is asked about. */
  readonly pid: number;
  readonly until: Moment;
  close(): void;
}

/** Executes the run that is asked. */
export const ask = async (values: Common, rest: readonly string[]): Promise<Asked> => {
  const until = values.at === undefined ? undefined : parseMoment(values.at);
  const memory = values.history === undefined ? {} : { memory: size(values.history, "--history") };
  const pid = values.pid === undefined ? undefined : integer(values.pid, "--pid");
  // Its files have the parts that the run read: symbols may be in those of this host only.
  const file = recordingIn(rest, values, ["root"]);
  const recording = file === undefined ? undefined : recordingOf(file, values.root);
  let close = (): void => {};
  let begin: (hooks: Hooks) => Timeline;
  if (recording) begin = (hooks) => replayed(recording, hooks, undefined, memory);
  else {
    const stdin = values.stdin === undefined ? undefined : inputFile(values.stdin);
    let relay: Hooks = {};
    const hooks: Hooks = { stdout: (bytes) => relay.stdout?.(bytes), stderr: (bytes) => relay.stderr?.(bytes) };
    const started = await begun(values, rest, stdin, hooks, memory);
    close = () => started.close?.();
    begin = (given) => {
      relay = given;
      return started.timeline;
    };
  }
  const history = new History(begin);
  const end = until ?? (recording && (recording.status === undefined || "timeout" in recording.status) ? recording.reached : undefined);
  const input = recording || values.stdin !== undefined ? undefined : pieces();
  await history.finish({ until: end, ...(input ? { input } : {}) });
  return { history, pid: pid ?? history.pid, until: history.end, close };
};

/** An answer: where it is in the run, and what it says. */
export interface PrintedAnswer extends AskedMoment {
  /** Its words, by the instruction at the moment. */
  text(instruction: string | undefined): string;
  /** Its own facts, for --json. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const bytesText = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
/** Bytes as a number, if they have the size of one, else one by one. */
export const valueText = (bytes: Uint8Array | undefined): string => {
  if (!bytes) return "unmapped";
  if (![1, 2, 4, 8].includes(bytes.length)) return bytes.length <= 32 ? bytesText(bytes) : `${bytesText(bytes.subarray(0, 32))} …`;
  const padded = new Uint8Array(8);
  padded.set(bytes);
  return `0x${new DataView(padded.buffer).getBigUint64(0, true).toString(16)}`;
};
/** Bytes as hexadecimal digits, for --json. */
export const bytesJson = (bytes: Uint8Array | undefined): string | null => (bytes ? bytesText(bytes).replaceAll(" ", "") : null);

/** Executes the run that is asked, prints the answers of a question, and returns the exit status. */
export const answered = async (
  values: Common,
  rest: readonly string[],
  question: (asked: Asked) => Promise<readonly PrintedAnswer[]>,
): Promise<number> => {
  const asked = await ask(values, rest);
  try {
    return await answer(asked, await question(asked), values);
  } finally {
    asked.close();
  }
};

const LIMIT = 1000;

/** Prints answers: moment, thread, program, place, words. The result is the exit status: 1 for no answer. */
export const answer = async (asked: Asked, answers: readonly PrintedAnswer[], values: Common): Promise<number> => {
  const limit = values.limit === undefined ? LIMIT : count(values.limit, "--limit");
  const hasStack = values["stack-trace"] ?? false;
  const shown = answers.slice(0, limit);
  const rows = (await visitAll(asked.history, shown, hasStack)).map(({ moment, place, instruction, stack, ...who }, n) => {
    const { text, facts } = shown[n] as PrintedAnswer;
    const row = [momentText(moment), `${who.tid ?? ""}`, who.comm ?? "", place ? placeText(place) : "", text(instruction)];
    const where = place && { pc: hex(place.address), symbol: place.symbol && placeText(place), file: place.file, offset: place.offset };
    const frames = stack.map(frameText);
    const data = { moment: momentText(moment), ...who, ...where, instruction, ...facts, ...(hasStack ? { stack: frames } : {}) };
    return { row, data, frames };
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map(({ row }) => row[column]?.length ?? 0)));
  const padded = (text: string, column: number): string =>
    column < 2 ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  for (const { row, data, frames } of rows)
    if (values.json) print(`${jsonText(data)}\n`);
    else print([row.map(padded).join("  ").trimEnd(), ...frames.map((frame) => `    ${frame}`), ""].join("\n"));
  if (answers.length > shown.length && !values.json) print(`${answers.length - shown.length} more: --limit ${answers.length}\n`);
  return answers.length === 0 ? 1 : 0;
};
const hex = (n: number): string => `0x${n.toString(16)}`;
