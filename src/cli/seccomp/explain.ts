// `trapgate seccomp explain`: the effect of a filter on every call, or on one.

import { type Call, dataOfCall, parseCall } from "../../policy/call.ts";
import { explainRoot } from "../../policy/explain/explain.ts";
import { callVerdictsText, explanationText } from "../../policy/explain/explain-text.ts";
import { callText, valueText } from "../../policy/explain/value-text.ts";
import type { Policy } from "../../policy/formats/read.ts";
import { explanationHtml } from "../../policy/html/explain-html.ts";
import { Problem } from "../../problem.ts";
import { effectOf } from "../../seccomp/index.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { print, printJson } from "../text/print.ts";
import { readHelp, readOne, readOptions, titleOf } from "./input.ts";
import { explanationJson } from "./json.ts";
import { write } from "./output.ts";

/** One call with all its arguments: one value. */
const exactCall = (policy: Policy, call: Call, json: boolean): void => {
  const data = dataOfCall(call);
  const value = policy.diagram.valueOf(data);
  const text = typeof value === "number" ? valueText(effectOf(policy.diagram.rules, value)) : `not decided (instruction ${value.pc})`;
  if (json) printJson({ call: callText(data), verdict: text });
  else print(`${callText(data)}: ${text}\n`);
};

/** `trapgate seccomp explain`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] FILE [CALL]",
  summary: "print the verdict of a filter on every system call, or on one such as i386.socketcall or clone(0x7e020000)",
  options: [["--json", "as data"], ["--html FILE", "write a page of all calls with search and filters"], ...readHelp],
  async run(args) {
    const { values, rest } = parseAll(args, { ...readOptions, json: { type: "boolean" }, html: { type: "string" } });
    const [file, text, ...more] = rest;
    if (file === undefined || more.length > 0) {
      throw new Problem(file === undefined ? "missing-argument" : "extra-argument", "explain takes a policy or filter, and perhaps a call");
    }
    const policy = await readOne(file, values);
    const call = text === undefined ? undefined : parseCall(text);
    if (call && (call.args || call.name === undefined)) {
      exactCall(policy, call, values.json ?? false);
      return 0;
    }
    const { nodes, root } = policy.diagram.effects();
    const explanation = explainRoot(nodes, root);
    if (values.html !== undefined) {
      write(explanationHtml(explanation, titleOf(policy)), values.html);
      return 0;
    }
    if (call) {
      const only = call.qualified ? call.abi.name : undefined;
      if (values.json)
        printJson(
          explanationJson({
            ...explanation,
            calls: explanation.calls.filter(({ name }) => name === call.name),
            numbers: [],
            architectures: [],
          }),
        );
      else print(callVerdictsText(explanation, call.name as string, only) ?? "");
    } else if (values.json) printJson(explanationJson(explanation));
    else print(`${titleOf(policy)}\n\n${explanationText(explanation)}`);
    return 0;
  },
};
