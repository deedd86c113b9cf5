// The option --policy of run, trace and others: a policy of any format as the filter of the program's start.
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { WorkBudget } from "../budget.ts";
import { readRegular } from "../host/node-bytes.ts";
import { writeLine } from "../host/node-sink.ts";
import { detectFormat, type Policy, readPolicy } from "../policy/formats/read.ts";
import { Problem } from "../problem.ts";
import { Nodes } from "../seccomp/index.ts";
import type { PreparedRun } from "./run-options.ts";
import { namedFile } from "./seccomp/named-file.ts";
import { color } from "./text/color.ts";
import { shown } from "./text/print.ts";

/** Values of options that say how the file is read. */
export interface PolicyFile {
  /** `[MODE:]FILE` */
  readonly file: string;
  readonly thread?: string | undefined;
  readonly container?: string | undefined;
  readonly warn: (line: string) => void;
  readonly budget?: WorkBudget;
  /** True if the meaning of a filter without a text is wanted, for explanations. */
  readonly explained?: boolean;
}
/** A policy that was read for a run. */
export interface RunPolicy {
  readonly name: string;
  /** The value for the machine. Filter text stays text, because its names are calls of the program's ABI. */
  readonly given: string | Uint8Array;
  /** Undefined: filter text that says something only for another kernel. */
  readonly policy: Policy | undefined;
}

const bytesOf = (file: string): Uint8Array => {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw new Problem("cannot-read", `--policy: ${file} is a directory`);
  if (!stat?.isFile()) throw new Problem("cannot-read", `--policy: there is no file ${file}`);
  return readRegular(file);
};

/** Throws a Problem with file, line and column. */
export const readRunPolicy = async ({ file: text, thread, container, warn, budget, explained = false }: PolicyFile): Promise<RunPolicy> => {
  const { mode, file } = namedFile(text);
  const bytes = bytesOf(file);
  const options = {
    ...(mode === undefined ? {} : { as: mode }),
    ...(thread === undefined ? {} : { thread }),
    ...(container === undefined ? {} : { container }),
    ...(budget === undefined ? {} : { budget }),
    profileFile: (path: string) => bytesOf(join(dirname(file), path)),
  };
  const format = detectFormat(bytes);
  if (thread !== undefined && format !== "firecracker") throw new Problem("usage", `--thread: ${file} is no policy of Firecracker`);
  if (container !== undefined && format !== "pod") throw new Problem("usage", `--container: ${file} is no pod`);
  // The reader refuses an empty file with the words that all commands have.
  const isEmpty = bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09);
  if (isEmpty) await readPolicy(file, bytes, options);
  if (format === "asm" || format === "raw") {
    // The machine reports mistakes by the rules of its kernel.
    const read = explained ? readPolicy(file, bytes, options) : Promise.resolve(undefined);
    const policy = await read.catch((error: unknown) => {
      if (error instanceof Problem && error.kind !== "time-limit" && error.kind !== "memory-limit") return undefined;
      throw error;
    });
    return { name: file, given: format === "asm" ? new TextDecoder().decode(bytes) : bytes, policy };
  }
  const nodes = new Nodes();
  const policy = await readPolicy(file, bytes, options, nodes);
  for (const { message, place } of policy.warnings)
    warn(`${policy.source.name}${place ? `:${policy.source.lineOf(place.from)}` : ""}: ${message}`);
  return { name: file, given: budget ? nodes.under(budget, () => policy.bpf()) : policy.bpf(), policy };
};

/** A mistake that the machine found in filter text, with the file's name. */
export const withFileName = (error: unknown, name: string): unknown =>
  error instanceof Problem && error.span?.source === "the policy"
    ? new Problem(error.kind, error.sentence, { help: error.help, span: { ...error.span, source: name } })
    : error;
/** Bytes of the policy's meaning at most: it stays beside the guest's memory. */
const MOST_POLICY = 96 * 2 ** 20;
/** Reads the policy of a run. Throws a Problem with file, line and column. */
export const policyFor = (
  policy: NonNullable<PreparedRun["policy"]>,
  { why, whyJson }: PreparedRun,
  all: WorkBudget,
): Promise<RunPolicy> => {
  const budget = all.part({ bytes: MOST_POLICY, subject: "the policy" });
  const warn = (line: string): void => writeLine(2, shown(`${color.yellow("warning")}: ${line}`));
  return readRunPolicy({ ...policy, budget, explained: why || whyJson !== undefined, warn });
};
