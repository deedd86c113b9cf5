// The output of subcommands: standard output or a file.
import { differenceText } from "../../policy/explain/explain-text.ts";
import { profileOfMeaning } from "../../policy/formats/meaning-profile.ts";
import { type ProfileOutput, profileOutputs, writeProfile } from "../../policy/formats/profile-writers.ts";
import { type Policy, programOfMeaning } from "../../policy/formats/read.ts";
import { systemdLines } from "../../policy/formats/systemd/writer.ts";
import { type OutputFormat, outputs, writeProgram } from "../../policy/formats/write.ts";
import type { Program } from "../../seccomp/index.ts";
import { oneOf } from "../arguments.ts";
import { writeOutput } from "../save/output-file.ts";
import { errorColor as color } from "../text/color.ts";
import { complain, print, printBytes } from "../text/print.ts";

/** The options of commands that write a policy. */
export const outputOptions = { to: { type: "string" }, output: { type: "string", short: "o" } } as const;
/** Their lines in the help. */
export const outputHelp: readonly (readonly [string, string])[] = [
  ["--to FORMAT", `${outputs.join(", ")}; ${profileOutputs.join(", ")}, systemd: rules; asm by default, raw with -o`],
  ["-o, --output FILE", "write there"],
];

/** Writes a file, or to standard output if there is none. Throws a Problem if it cannot. */
export const write = (content: string | Uint8Array, file: string | undefined): void => {
  if (file !== undefined) writeOutput(file, content);
  else if (typeof content === "string") print(content);
  else printBytes(content);
};

const isProgramOutput = (format: string): format is OutputFormat => (outputs as readonly string[]).includes(format);
const rules = (diagram: Policy["diagram"], format: ProfileOutput) => {
  const { profile, difference } = profileOfMeaning(diagram);
  return { text: writeProfile(profile, format), difference };
};

/**
 * Writes a policy. Warnings about lines for systemd go to standard error. Throws a Problem if it cannot be
 * written.
 */
export const writeOut = (
  program: Program,
  { diagram, source }: Policy,
  values: { readonly to?: string | undefined; readonly output?: string | undefined },
): void => {
  const byDefault = values.output === undefined ? "asm" : "raw";
  const format = values.to === undefined ? byDefault : oneOf(values.to, [...outputs, ...profileOutputs, "systemd"] as const, "--to");
  if (isProgramOutput(format)) return write(writeProgram(program, format), values.output);
  const { text, difference } = format === "systemd" ? systemdLines(diagram) : rules(diagram, format);
  write(text, values.output);
  if (difference.verdict === "equal") return;
  const message = `${format === "systemd" ? "systemd's lines" : "rules by name"} cannot express all of this; the changes`;
  complain(`${color.yellow("warning")}: ${source.name}: ${message}\n${differenceText(difference)}`);
};

/** The filter's own program, or one made of its meaning. */
export const programOfPolicy = ({ program, diagram, source }: Policy): Program => program ?? programOfMeaning(diagram, source);
