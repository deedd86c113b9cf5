// Programs for the worker: the guests' macros, and the definitions of the chosen kernel's dialect.
import { assembleProgram } from "trapgate/cpu";
import { mistakesOf } from "../../../src/cpu/text/mistakes.ts";
import { symbolsOf } from "../../../src/landmines/catalogue/landmine.ts";
import type { SentProgram, TextProblem } from "./protocol.ts";

const texts = import.meta.glob<string>(["../../../guest/src/*.inc", "../../../guest/src/a12-child.asm"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const named = new Map(Object.entries(texts).map(([path, text]) => [path.slice(path.lastIndexOf("/") + 1), text]));
const include = (name: string): string | undefined => named.get(name);
/** The program that landmine A12 executes. */
const binary = (name: string): Uint8Array | undefined => {
  const text = named.get(`${name}.asm`);
  return text === undefined ? undefined : assembleProgram(text, { include }).bytes;
};

const symbols = (program: SentProgram & { readonly kind: "source" }, kernel: string): Record<string, string> => {
  const own = program.symbols.split(/[\s,]+/).filter((word) => word !== "");
  const all = [...(program.dialect ? symbolsOf(kernel as never) : []), ...own];
  return Object.fromEntries(all.map((word) => word.split("=") as [string, string?]).map(([name, value = ""]) => [name, value]));
};

/** An ELF file's bytes, with the line of each statement that has code. */
export const assembled = (program: Exclude<SentProgram, { readonly kind: "shell" | "root" | "recording" }>, kernel: string) => {
  if (program.kind === "elf") return { bytes: program.bytes, lines: [] };
  const { bytes, statements } = assembleProgram(program.text, { include, binary, defines: symbols(program, kernel) });
  return { bytes, lines: statements.map(({ address, line }) => [address, line] as const) };
};

/** A mistake as an editor shows it. Anything but a Problem is a mistake of ours. */
export const problemOf = (error: unknown): TextProblem => {
  const { name, message, sentence, help, span } = error as {
    name: string;
    message: string;
    sentence: string;
    help?: string;
    span?: { at?: number; line?: number; column?: number };
  };
  if (name !== "Problem") throw error;
  const [, ...excerpt] = message.split("\n");
  return {
    message: sentence,
    help,
    line: span?.line ?? span?.at,
    severity: "error",
    ...(excerpt.length > 0 ? { excerpt: excerpt.join("\n") } : {}),
  };
};

export const checkProgram = (program: SentProgram, kernel: string): readonly TextProblem[] => {
  if (program.kind !== "source") return [];
  return mistakesOf(program.text, (text) => assembled({ ...program, text }, kernel)).map(problemOf);
};
