// The common part of the subcommands of `trapgate seccomp`: reading policies, options, warnings.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { capabilityNames } from "../../abi/capability.ts";
import { DEFAULT_LIMITS, WorkBudget } from "../../budget.ts";
import { formats, type Policy, type ReadOptions, readPolicy, readProgram } from "../../policy/formats/read.ts";
import { modes } from "../../policy/mode.ts";
import { Problem } from "../../problem.ts";
import { Nodes, type Program } from "../../seccomp/index.ts";
import { oneOf, seconds, size } from "../arguments.ts";
import { errorColor as pc } from "../text/color.ts";
import { complain } from "../text/print.ts";
import { readInput } from "../text/read.ts";
import { namedFile } from "./named-file.ts";

/** The kubelet's, by default. */
const KUBELET = "/var/lib/kubelet/seccomp";

/** The options of commands that read a policy. */
export const readOptions = {
  format: { type: "string" },
  as: { type: "string" },
  cap: { type: "string", multiple: true },
  "kernel-version": { type: "string" },
  thread: { type: "string" },
  container: { type: "string" },
  "seccomp-root": { type: "string" },
  timeout: { type: "string" },
  memory: { type: "string" },
  quiet: { type: "boolean", short: "q" },
} as const;
/** Their lines in the help. */
export const readHelp: readonly (readonly [string, string])[] = [
  ["--format FORMAT", `${formats.join(", ")}; otherwise it is detected`],
  ["--as MODE", `compiler of a profile: ${modes.join(", ")}; runc by default`],
  ["--cap CAP[,CAP…]", "capabilities for Docker's and Podman's conditions, instead of their defaults"],
  ["--kernel-version X.Y", "kernel version for minKernel: 6.12 by default"],
  ["--thread NAME", "which of Firecracker's filters"],
  ["--container NAME", "which of a pod's containers"],
  ["--seccomp-root DIR", `folder of the profiles that pods name: the pod's folder, or ${KUBELET}, by default`],
  ["--timeout SECONDS, --memory SIZE", `limits of reading and answering (default: ${DEFAULT_LIMITS.seconds} s, 512M)`],
  ["-q, --quiet", "no warnings"],
];

interface Values {
  readonly format?: string | undefined;
  readonly as?: string | undefined;
  readonly cap?: readonly string[] | undefined;
  readonly "kernel-version"?: string | undefined;
  readonly thread?: string | undefined;
  readonly container?: string | undefined;
  readonly "seccomp-root"?: string | undefined;
  readonly timeout?: string | undefined;
  readonly memory?: string | undefined;
  readonly quiet?: boolean | undefined;
}

interface Work {
  readonly budget: WorkBudget;
  /** All policies of the command are in one store. */
  readonly nodes: Nodes;
}
/** One for each command line. */
const works = new WeakMap<Values, Work>();
/** The limits of a command, from its options, and its store. */
export const workOf = (values: Values): Work => {
  const known = works.get(values);
  if (known) return known;
  const limits = {
    seconds: values.timeout === undefined ? DEFAULT_LIMITS.seconds : seconds(values.timeout, "--timeout"),
    bytes: values.memory === undefined ? DEFAULT_LIMITS.bytes : size(values.memory, "--memory"),
  };
  const budget = new WorkBudget({ ...limits, subject: "the policy" });
  const made = { budget, nodes: new Nodes(budget) };
  works.set(values, made);
  return made;
};
/** As options of the reader. `MODE` may be given for a file alone: see `readOne`. */
export const readerOptions = (values: Values): ReadOptions => ({
  ...(values.format === undefined ? {} : { format: oneOf(values.format, formats, "--format") }),
  ...(values.as === undefined ? {} : { as: oneOf(values.as, modes, "--as") }),
  ...(values.cap === undefined
    ? {}
    : {
        capabilities: values.cap
          .flatMap((list) => list.split(","))
          .map((cap) => oneOf(cap.toUpperCase().replace(/^(?!CAP_)/, "CAP_"), capabilityNames, "--cap")),
      }),
  ...(values.thread === undefined ? {} : { thread: values.thread }),
  ...(values.container === undefined ? {} : { container: values.container }),
  ...(values["kernel-version"] === undefined ? {} : { kernel: values["kernel-version"] }),
});

/** Standard input for "-". Throws a Problem if it cannot be read. */
export const bytesOf = readInput;

const warn = ({ source, warnings }: Policy): void => {
  for (const { message, place } of warnings) {
    const where = place ? `:${source.lineOf(place.from)}` : "";
    complain(`${pc.yellow("warning")}: ${source.name}${where}: ${message}\n`);
  }
};

/**
 * Reads the policy of FILE or MODE:FILE. Warnings go to standard error. `store`: one whose time is not
 * limited, for commands that use the policy after a guest's run.
 */
export const readOne = async (argument: string, values: Values, store?: Nodes): Promise<Policy> => {
  const { file, mode } = namedFile(argument);
  const root = values["seccomp-root"];
  const folders = root === undefined ? [dirname(file), KUBELET] : [root];
  const profileFile = (path: string): Uint8Array =>
    bytesOf(folders.map((folder) => join(folder, path)).find(existsSync) ?? join(folders[0] as string, path));
  const { budget, nodes } = workOf(values);
  const options = { ...readerOptions(values), budget, profileFile, ...(mode ? { as: mode } : {}) };
  const policy = await readPolicy(file, bytesOf(file), options, store ?? nodes);
  if (!values.quiet) warn(policy);
  return policy;
};

/** `default.json (oci, as runc)` */
export const titleOf = ({ source, format, mode }: Policy): string => `${source.name} (${format}${mode ? `, as ${mode}` : ""})`;

/** The program in a file, whether or not a kernel takes it; of a profile the one that it is compiled to. */
export const readInstructions = (argument: string, values: Values, rules: Parameters<typeof readProgram>[3]): Promise<Program> => {
  const { file, mode } = namedFile(argument);
  return readProgram(
    file,
    bytesOf(file),
    { ...readerOptions(values), budget: workOf(values).budget, ...(mode ? { as: mode } : {}) },
    rules,
  );
};

/** Exactly so many file names. */
export const files = (rest: readonly string[], count: number, name: string): readonly string[] => {
  if (rest.length === count) return rest;
  const what = count === 1 ? "one policy or filter" : `${count} policies or filters`;
  throw new Problem(rest.length > count ? "extra-argument" : "missing-argument", `${name} takes ${what}, not ${rest.length}`, {
    help: `see trapgate seccomp ${name} --help`,
  });
};
