// `npm run conformance:bpf [seed]`: the checkers and the evaluators against the kernel under us, in full.
import { x64 } from "../../src/abi/abi.ts";
import { disassemble, upstream } from "../../src/seccomp/index.ts";
import { compareCheckers, compareEvaluators, type Report, randomTrials } from "./compare.ts";

const CHECKED = 200_000;
const BATCHES = 20;
const PROGRAMS_A_BATCH = 1000;
const CALLS_A_PROGRAM = 5;

const report = (title: string, { compared, hits, differences }: Report, hit: string): boolean => {
  for (const { what, program } of differences.slice(0, 5)) console.log(`${what}\n${disassemble(program, { ...upstream, abi: x64 })}`);
  console.log(`${title}: ${compared} compared, ${hits} ${hit}, ${differences.length} differences`);
  return differences.length === 0;
};
const sum = (reports: readonly Report[]): Report => ({
  compared: reports.reduce((n, r) => n + r.compared, 0),
  hits: reports.reduce((n, r) => n + r.hits, 0),
  differences: reports.flatMap((r) => r.differences),
});

const seed = Number(process.argv[2] ?? 1);
const evaluators = Array.from({ length: BATCHES }, (_, i) => compareEvaluators(randomTrials(seed + i, PROGRAMS_A_BATCH, CALLS_A_PROGRAM)));
const results = [
  report("seccomp's checker, programs", compareCheckers(seed, CHECKED), "taken"),
  report("checker of socket filters, programs", compareCheckers(seed, CHECKED, "socket"), "taken"),
  report(`evaluators, ${BATCHES * PROGRAMS_A_BATCH} programs, calls`, sum(evaluators), "trapped"),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
