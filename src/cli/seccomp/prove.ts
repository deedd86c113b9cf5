// `trapgate seccomp prove`: proves that a filter has the meaning of a policy, or runs a call for which it has
// not.

import type { WorkBudget } from "../../budget.ts";
import { callText, valueText } from "../../policy/explain/value-text.ts";
import type { Policy } from "../../policy/formats/read.ts";
import { compare, encodeProgram, NotWritable, programOf, type SyscallData } from "../../seccomp/index.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { print, printJson } from "../text/print.ts";
import { witnesses } from "./diff.ts";
import { files, readHelp, readOne, readOptions, titleOf, workOf } from "./input.ts";
import { type CallOutcome, runCall } from "./run-call.ts";

/** The call under a policy's own program, or under one that means the same. */
const carriedOut = async ({ program, diagram }: Policy, data: SyscallData, budget: WorkBudget): Promise<CallOutcome> => {
  try {
    const bpf = encodeProgram(program ?? programOf(diagram));
    return await budget.outside(() => runCall(bpf, data));
  } catch (error) {
    if (error instanceof NotWritable) return { text: `not carried out: ${error.message}` };
    throw error;
  }
};

/** `trapgate seccomp prove`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] POLICY FILTER",
  summary: "prove that a filter has the meaning of a policy: 0 proved, 1 different, with a call, 2 trouble",
  options: [["--json", "as data"], ["--no-run", "do not carry the counter-example out"], ...readHelp],
  trouble: 2,
  async run(args) {
    const { values, rest } = parseAll(args, { ...readOptions, json: { type: "boolean" }, "no-run": { type: "boolean" } });
    const [one, other] = files(rest, 2, "prove") as [string, string];
    const [policy, filter] = [await readOne(one, values), await readOne(other, values)];
    const difference = compare(policy.diagram, filter.diagram);
    const status = difference.verdict === "equal" ? 0 : difference.verdict === "different" ? 1 : 2;
    const [first] = difference.verdict === "different" ? witnesses(difference) : [];
    const runs =
      first && !values["no-run"]
        ? {
            policy: await carriedOut(policy, first.data, workOf(values).budget),
            filter: await carriedOut(filter, first.data, workOf(values).budget),
          }
        : undefined;
    if (values.json) {
      const counter = first && {
        call: callText(first.data),
        policy: valueText(first.pair.a),
        filter: valueText(first.pair.b),
        ...(runs ? { runs } : {}),
      };
      printJson({ proved: status === 0, verdict: difference.verdict, ...(counter ? { counterExample: counter } : {}) });
      return status;
    }
    if (status === 0) print(`${titleOf(filter)} has the meaning of ${titleOf(policy)}, for every call\n`);
    else if (!first) print("not decided: some calls need arithmetic that is not followed exactly\n");
    else {
      print(`${titleOf(filter)} does not have the meaning of ${titleOf(policy)}\n\n    ${callText(first.data)}\n`);
      print(`    the policy says ${valueText(first.pair.a)}, the filter ${valueText(first.pair.b)}\n`);
      if (runs)
        print(`\ncarried out in the machine\n    under the policy: ${runs.policy.text}\n    under the filter: ${runs.filter.text}\n`);
    }
    return status;
  },
};
