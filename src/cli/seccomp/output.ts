// Writing what subcommands make: to standard output, or to a file.
import { writeFileSync } from "node:fs";
import type { Policy } from "../../policy/formats/read.ts";
import { type OutputFormat, outputs, writeProgram } from "../../policy/formats/write.ts";
import { Problem } from "../../problem.ts";
import { NotWritable, type Program, programOf } from "../../seccomp/index.ts";
import { oneOf } from "../arguments.ts";

export const outputOptions = { to: { type: "string" }, output: { type: "string", short: "o" } } as const;
export const outputHelp: readonly (readonly [string, string])[] = [
  ["--to FORMAT", `${outputs.join(", ")}; asm by default, raw with -o`],
  ["-o, --output FILE", "write there"],
];

export const write = (content: string | Uint8Array, file: string | undefined): void => {
  if (file === undefined) return void process.stdout.write(content);
  try {
    writeFileSync(file, content);
  } catch (cause) {
    throw new Problem("host", `cannot write ${file}`, { cause });
  }
};

export const writeOut = (program: Program, values: { readonly to?: string | undefined; readonly output?: string | undefined }): void => {
  const format: OutputFormat = values.to === undefined ? (values.output === undefined ? "asm" : "raw") : oneOf(values.to, outputs, "--to");
  write(writeProgram(program, format), values.output);
};

/** The filter's own program, or one made of its meaning. */
export const programOfPolicy = ({ program, diagram, source }: Policy): Program => {
  if (program) return program;
  try {
    return programOf(diagram);
  } catch (error) {
    if (!(error instanceof NotWritable)) throw error;
    throw new Problem("bad-policy", `${source.name}: ${error.message}`, { cause: error });
  }
};
