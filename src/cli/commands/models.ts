// `trapgate models`: the processors that --cpu accepts, and the differences of vendors in points that the
// architecture leaves open.

import { vendorDifferences } from "../../cpu/isa/vendor-differences.ts";
import { defaultModel, knownModel, modelNames } from "../../cpu/machine/model.ts";
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { color as pc } from "../text/color.ts";
import { printLines as print } from "../text/print.ts";

const list = (): void => {
  for (const name of modelNames) {
    const { family, model, stepping, features } = knownModel(name);
    const numbers = `family ${family}, model ${model}, stepping ${stepping}; ${features.length} features`;
    print(`${pc.bold(name.padEnd(15))} ${numbers}${name === defaultModel ? " (default)" : ""}`);
  }
};

const details = (name: string): void => {
  const { name: full, vendor, features } = knownModel(name);
  print(`${pc.bold(full)}: ${features.join(" ")}`);
  for (const { what, amd, intel, source } of vendorDifferences) {
    if (vendor === "intel" && intel === undefined) print(`${pc.bold(what)}: as AMD's, not recorded: ${source}`);
    else if (vendor === "intel") print(`${pc.bold(what)}: ${intel}\n    ${source}`);
    else if (amd !== "") print(`${pc.bold(what)}: ${amd}`);
  }
};

/** `trapgate models`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[NAME]",
  summary: "list the processors for --cpu; with a name, its features and its vendor differences",
  options: [],
  async run(args) {
    const [name, ...more] = parse(args, {}).rest;
    if (more.length > 0) throw new Problem("extra-argument", "models takes one name");
    if (name === undefined) list();
    else details(name);
    return 0;
  },
};
