// `trapgate seccomp learn`: run a program under a filter that logs every call, and propose the least policy
// for it.
import { existsSync, readFileSync } from "node:fs";
import { dataOfCall, parseCall } from "../../policy/call.ts";
import { differenceText } from "../../policy/explain/explain-text.ts";
import { profileOfMeaning } from "../../policy/formats/meaning-profile.ts";
import { profileOutputs, writeProfile } from "../../policy/formats/profile-writers.ts";
import { systemdLines } from "../../policy/formats/systemd/writer.ts";
import { outputs, writeProgram } from "../../policy/formats/write.ts";
import { type Learned, learn } from "../../policy/learn/learn.ts";
import { Observed } from "../../policy/learn/observed.ts";
import { Problem } from "../../problem.ts";
import { Nodes, programOf, returnValue, upstream } from "../../seccomp/index.ts";
import { integer, oneOf, parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { execute } from "../execute.ts";
import { type Progress, progress } from "../progress.ts";
import { runOptionHelp } from "../run-help.ts";
import { prepare, runOptions } from "../run-options.ts";
import { checkOutput } from "../save/output-file.ts";
import { color as pc } from "../text/color.ts";
import { complain } from "../text/print.ts";
import { readOne } from "./input.ts";
import { write } from "./output.ts";

/** BPF_RET | BPF_K with SECCOMP_RET_LOG. */
const LOG_ALL = Uint8Array.of(6, 0, 0, 0, 0, 0, 0xfc, 0x7f);
const formats = [...profileOutputs, "systemd", ...outputs] as const;

const recorded = (file: string, seen: Observed): void => {
  if (!existsSync(file)) return;
  const wrong = new Problem("bad-value", `--calls: ${file} was not written by learn`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw wrong;
  }
  if (!seen.merge(value)) throw wrong;
};

const say = (text: string): boolean => complain(`${text}\n`);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const tell = (seen: Observed, { added, rare, passes, profile }: Learned, extends_: boolean): void => {
  say(`trapgate: ${seen.total} calls, ${seen.calls.length} different ones; ABIs: ${profile.abis.map(({ name }) => name).join(", ")}`);
  if (extends_) say(`trapgate: ${added.length} of them did not pass under the policy and are added`);
  say(
    `trapgate: of all calls ${percent(passes.never)} are denied, ${percent(passes.sometimes)} pass with some arguments, ${percent(passes.always)} with all`,
  );
  const names = rare.map(({ abi, name, number }) => `${abi === "x64" ? "" : `${abi}.`}${name ?? number}`);
  if (rare.length > 0)
    say(`trapgate: seen once: ${names.join(", ")}; errors and other inputs may lead to calls that this run did not make`);
  const unnamed = seen.calls.filter(({ name }) => name === undefined);
  if (unnamed.length > 0)
    say(`${pc.yellow("warning")}: numbers that no call has are left out: ${unnamed.map(({ number }) => number).join(", ")}`);
};

const textOf = ({ profile, diagram }: Learned, format: (typeof formats)[number], extended: boolean): string | Uint8Array => {
  if (format === "systemd") {
    const { text, difference } = systemdLines(diagram);
    if (difference.verdict !== "equal")
      say(`${pc.yellow("warning")}: systemd's lines cannot express all of this; the changes\n${differenceText(difference)}`);
    return text;
  }
  if (!(profileOutputs as readonly string[]).includes(format)) return writeProgram(programOf(diagram), format as (typeof outputs)[number]);
  if (!extended) return writeProfile(profile, format as (typeof profileOutputs)[number]);
  const whole = profileOfMeaning(diagram);
  if (whole.difference.verdict !== "equal")
    say(`${pc.yellow("warning")}: rules by name cannot express all of this; the changes\n${differenceText(whole.difference)}`);
  return writeProfile(whole.profile, format as (typeof profileOutputs)[number]);
};

/** A line of progress, unless it would stand among the program's own output on the terminal. */
const progressBeside = (text: () => string): Progress => (process.stdout.isTTY ? { clear: () => {}, end: () => {} } : progress(text));

/** `trapgate seccomp learn`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [--] PROG [ARG…]",
  summary: "run a program, log every call, and propose the least policy under which the same calls pass; both ABIs",
  options: [
    ["--to FORMAT", `${formats.join(", ")}; oci by default`],
    ["-o, --output FILE", "write the policy there; the program's own output stays where it was"],
    ["--calls FILE", "add this run's calls to FILE, and learn from all runs in it"],
    ["--extend [MODE:]FILE", "a policy to extend: the new policy passes all its calls"],
    ["--combinations N", "arguments count if there were at most so many combinations of them; 8 by default, 0: names alone"],
    ["--default ACTION", "for all other calls: errno, enosys, kill, log, trap; errno (EPERM) by default"],
    ...runOptionHelp,
  ],
  async run(args) {
    const { values, rest } = parse(args, {
      ...runOptions,
      to: { type: "string" },
      output: { type: "string", short: "o" },
      calls: { type: "string" },
      extend: { type: "string" },
      combinations: { type: "string" },
      default: { type: "string" },
    });
    if (values.policy !== undefined)
      throw new Problem("usage", "learn runs under a filter of its own", { help: "--extend FILE extends a policy" });
    const format = oneOf(values.to ?? "oci", formats, "--to");
    const action = oneOf(values.default ?? "errno", ["errno", "enosys", "kill", "log", "trap"] as const, "--default");
    const { returns } = upstream;
    const otherwise = {
      errno: returnValue(returns, "errno", 1),
      enosys: returnValue(returns, "errno", 38),
      kill: returnValue(returns, "kill_process"),
      log: returnValue(returns, "log"),
      trap: returnValue(returns, "trap"),
    }[action] as number;
    checkOutput(values.output, "--output");
    checkOutput(values.calls, "--calls");
    const base = values.extend === undefined ? undefined : await readOne(values.extend, {}, new Nodes());
    const seen = new Observed();
    if (values.calls !== undefined) recorded(values.calls, seen);
    // execve belongs to the profile: the loader of a policy attaches it before it starts the program.
    seen.add(dataOfCall(parseCall("execve")));
    const prepared = prepare(values, rest);
    const shown = progressBeside(() => `learning: ${seen.total} calls, ${seen.calls.length} different ones`);
    const run = { ...prepared, program: { ...prepared.program, policy: LOG_ALL } };
    const status = await execute(run, undefined, { logged: (call) => seen.add(call) }).finally(shown.end);
    if (values.calls !== undefined) write(`${JSON.stringify(seen.json(), null, 1)}\n`, values.calls);
    const learned = learn(seen, {
      otherwise,
      // These have no conditions on arguments.
      ...(format === "systemd" ? { combinations: 0 } : {}),
      ...(base ? { base } : {}),
      ...(values.combinations === undefined ? {} : { combinations: integer(values.combinations, "--combinations") }),
    });
    tell(seen, learned, base !== undefined);
    write(textOf(learned, format, base !== undefined), values.output);
    return status;
  },
};
