// `trapgate seccomp diff`: whether two filters mean the same, and every call for which they do not. Statuses
// as diff(1) has them.
import { i386, x64 } from "../../abi/abi.ts";
import { syscallsOf } from "../../abi/syscall-number.ts";
import { explainRoot } from "../../policy/explain/explain.ts";
import { differenceText, otherwiseSame } from "../../policy/explain/explain-text.ts";
import { callText, valueText } from "../../policy/explain/value-text.ts";
import { compare, type Difference, differing, isUndecided, knownWitness, type Pair, type SyscallData } from "../../seccomp/index.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { print, printJson } from "../text/print.ts";
import { files, readHelp, readOne, readOptions, titleOf } from "./input.ts";
import { explanationJson } from "./json.ts";

const known = () => [
  { arch: x64.auditArch, numbers: syscallsOf(x64).keys() },
  { arch: i386.auditArch, numbers: syscallsOf(i386).keys() },
];

interface Witness {
  readonly pair: Pair;
  readonly data: SyscallData;
}
/** A call for each pair of verdicts. */
export const witnesses = (difference: Difference): readonly Witness[] =>
  difference.pairs.flatMap((pair) => {
    const data = knownWitness(difference.a.nodes, differing(difference, pair), known());
    return data && !isUndecided(pair.a) && !isUndecided(pair.b) ? [{ pair, data }] : [];
  });

/** A line about a call for which two filters differ. */
export const witnessText = ({ pair, data }: Witness): string => `    ${callText(data)}: ${valueText(pair.a)} -> ${valueText(pair.b)}`;

const headings = {
  equal: "mean the same for every call",
  different: "differ",
  undecided: "cannot be told apart, but some calls were not decided",
};

/** `trapgate seccomp diff`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [MODE:]FILE [MODE:]FILE",
  summary: "compare two filters by meaning: 0 equal, 1 different, 2 trouble; crun:FILE compiles that profile as crun does",
  options: [["--json", "as data"], ["--brief", "only whether they differ"], ...readHelp],
  trouble: 2,
  async run(args) {
    const { values, rest } = parseAll(args, { ...readOptions, json: { type: "boolean" }, brief: { type: "boolean" } });
    const [one, other] = files(rest, 2, "diff") as [string, string];
    const [a, b] = [await readOne(one, values), await readOne(other, values)];
    const difference = compare(a.diagram, b.diagram);
    const found = values.brief ? [] : witnesses(difference);
    if (values.json) {
      const show = (n: number): string => {
        const pair = difference.pairs[n - 1];
        return pair ? `${valueText(pair.a)} -> ${valueText(pair.b)}` : "same";
      };
      printJson({
        verdict: difference.verdict,
        witnesses: found.map(({ pair, data }) => ({ call: callText(data), a: valueText(pair.a), b: valueText(pair.b) })),
        ...(difference.verdict === "equal" || values.brief
          ? {}
          : {
              differences: explanationJson(explainRoot(difference.a.nodes, difference.root, otherwiseSame), show),
            }),
      });
    } else {
      print(`${titleOf(a)} and ${titleOf(b)} ${headings[difference.verdict]}\n`);
      if (difference.verdict !== "equal" && !values.brief) {
        print(`\n${differenceText(difference)}`);
        if (found.length > 0) print(`\nsuch as\n${found.map(witnessText).join("\n")}\n`);
      }
    }
    return difference.verdict === "equal" ? 0 : difference.verdict === "different" ? 1 : 2;
  },
};
