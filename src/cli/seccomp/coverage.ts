// `trapgate seccomp coverage`: run a program under a policy, and tell which rules, instructions and branches
// its calls used.
import { existsSync, readFileSync } from "node:fs";
import { PolicyCoverage } from "../../policy/coverage/coverage.ts";
import { coverageText, lcov } from "../../policy/coverage/report.ts";
import { coverageHtml } from "../../policy/html/coverage-html.ts";
import { Problem } from "../../problem.ts";
import { Nodes, type SyscallData } from "../../seccomp/index.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { runOptionHelp } from "../run-help.ts";
import { prepare, runOptions } from "../run-options.ts";
import { complain, jsonText } from "../text/print.ts";
import { readOne } from "./input.ts";
import { write } from "./output.ts";

interface Line {
  readonly arch: number;
  readonly nr: number;
  readonly args: readonly number[];
  readonly times: number;
}
const isLine = (value: unknown): value is Line => {
  if (typeof value !== "object" || value === null) return false;
  const { arch, nr, args, times } = value as Line;
  return [arch, nr, times].every(Number.isSafeInteger) && Array.isArray(args) && args.length === 12 && args.every(Number.isSafeInteger);
};

/** Calls of earlier runs. */
const recorded = (file: string): readonly Line[] => {
  if (!existsSync(file)) return [];
  const wrong = new Problem("bad-value", `--calls: ${file} was not written by coverage`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw wrong;
  }
  if (!Array.isArray(value) || !value.every(isLine)) throw wrong;
  return value;
};

/** `trapgate seccomp coverage`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "--policy [MODE:]FILE [OPTION…] [--] {PROG [ARG…] | RECORDING}",
  summary: "run a program under a policy, or take the calls of a recording, and count the rules, instructions and branches that they used",
  options: [
    ["--calls FILE", "add this run's calls to the file, and report on all of them: the runs of a test suite"],
    ["--lcov FILE", "write an lcov file"],
    ["--html FILE", "write a page"],
    ["--json FILE", "write data"],
    ...runOptionHelp,
  ],
  async run(args) {
    const { values, rest } = parse(args, {
      ...runOptions,
      calls: { type: "string" },
      lcov: { type: "string" },
      html: { type: "string" },
      json: { type: "string" },
    });
    if (values.policy === undefined) throw new Problem("usage", "coverage needs --policy FILE");
    const policy = await readOne(values.policy, { thread: values.thread, container: values.container }, new Nodes());
    const coverage = new PolicyCoverage(policy);
    const kinds = new Map<string, Line>();
    const count = ({ arch, nr, args: words }: SyscallData, times: number): void => {
      coverage.add({ arch, nr, args: words, ipLo: 0, ipHi: 0 }, times);
      const key = `${arch} ${nr} ${words.join(" ")}`;
      kinds.set(key, { arch, nr, args: [...words], times: (kinds.get(key)?.times ?? 0) + times });
    };
    for (const { args: words, times, ...call } of values.calls === undefined ? [] : recorded(values.calls)) {
      count({ ...call, args: Uint32Array.from(words), ipLo: 0, ipHi: 0 }, times);
    }
    const { recordingIn, replayToEnd } = await import("../recorded.ts");
    const recording = recordingIn(rest, values, ["policy", "thread", "container"]);
    const ofRecording = (): Promise<number> =>
      replayToEnd(
        recording as string,
        {},
        {
          observer: {
            enter: ({ origAx: nr, args: words }, _, { abi }) =>
              count({ nr, arch: abi.auditArch, args: Uint32Array.from(words), ipLo: 0, ipHi: 0 }, 1),
          },
        },
      );
    const ofProgram = (): Promise<number> =>
      execute(prepare(values, rest), undefined, {
        event: (event) => {
          if (event.kind !== "verdict" || event.evaluation?.data.length !== 64) return;
          const view = new DataView(event.evaluation.data.buffer, event.evaluation.data.byteOffset, 64);
          const words = Uint32Array.from({ length: 12 }, (_, i) => view.getUint32(16 + 4 * i, true));
          count({ nr: view.getInt32(0, true), arch: view.getUint32(4, true), ipLo: 0, ipHi: 0, args: words }, 1);
        },
      });
    const status = await (recording === undefined ? ofProgram() : ofRecording());
    if (values.calls !== undefined) write(`${JSON.stringify([...kinds.values()])}\n`, values.calls);
    const report = coverage.report();
    if (values.lcov !== undefined) write(lcov(report), values.lcov);
    if (values.html !== undefined) write(coverageHtml(report), values.html);
    if (values.json !== undefined) write(`${jsonText({ ...report, lines: Object.fromEntries(report.lines) }, 2)}\n`, values.json);
    complain(coverageText(report));
    return status;
  },
};
