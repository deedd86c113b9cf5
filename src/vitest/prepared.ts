// A program that is started once and continued in many tests: a machine of its own for each, from one
// snapshot.
import { Machine, type Snapshot } from "../machine/api/machine.ts";
import type { MachineOptions, MountOptions, Program } from "../machine/options.ts";
import type { Run } from "../machine/run.ts";
import type { ForkOptions, RunLimits, StartOptions, Until } from "../machine/snapshot/options.ts";
import { Problem } from "../problem.ts";

/** Options of `prepared`: those of the machine and of the program, and the moment from which tests go on. */
export interface PreparedOptions extends Omit<MachineOptions, "root">, Omit<StartOptions, "stdin"> {
  /** Default `{ idle: true }`: the program waits for its input. */
  readonly until?: Until;
  /** The beginning of standard input, before that moment. */
  readonly input?: string | Uint8Array;
  /** Seconds of real time until that moment, at most. Default 60. */
  readonly startTimeout?: number;
}

/** A program at the moment from which tests go on. */
export interface Prepared {
  /** Continues the program in a machine of its own, to its end. The first call starts the program. */
  run(options?: ForkOptions & RunLimits): Promise<Run>;
  /** The moment itself. */
  snapshot(): Promise<Snapshot>;
}

/** The options of the program among those of `prepared`. */
const programOptions: Readonly<Record<keyof Omit<StartOptions, "stdin">, true>> = {
  args: true,
  argv0: true,
  env: true,
  cwd: true,
  uid: true,
  gid: true,
  policy: true,
  trace: true,
  schedule: true,
  maxOutput: true,
  hooks: true,
};
const isOfProgram = (name: string): boolean => Object.hasOwn(programOptions, name);
const part = (options: object, belongs: (name: string) => boolean): object =>
  Object.fromEntries(Object.entries(options).filter(([name]) => belongs(name)));

const START_TIMEOUT = 60;

/**
 * Prepares a program for many tests: it starts once, runs to a moment, and each test continues a copy of the
 * machine from there. Nothing that one test does is seen by another one, and tests may run at once.
 *
 * @param tree The root directory, seen copy-on-write; undefined: an empty one in memory.
 * @throws {Problem} An option is wrong; the program did not come to the moment.
 *
 * @example
 * const python = prepared(hostTree("/"), "/usr/bin/python3", { args: ["-c", "import sys;
 * exec(sys.stdin.read())"] });
 *
 * it("adds", async () => {
 *   const { stdout } = await python.run({ stdin: "print(1 + 1)" });
 *   expect(stdout.text).toBe("2\n");
 * });
 */
export const prepared = (tree: MountOptions["tree"] | undefined, program: Program, options: PreparedOptions = {}): Prepared => {
  const { until = { idle: true }, input, startTimeout = START_TIMEOUT, ...others } = options;
  const start = async (): Promise<Snapshot> => {
    const machine = new Machine({ ...part(others, (name) => !isOfProgram(name)), ...(tree ? { root: tree } : {}) });
    await machine.start(program, part(others, isOfProgram));
    if (input !== undefined) machine.write(input);
    if (!(await machine.runUntil(until, { timeout: startTimeout }))) {
      const { stderr } = await machine.finish({ timeout: 1 });
      throw new Problem("not-prepared", `the program ended or waits, but ${JSON.stringify(until)} did not come\n${stderr.text}`.trimEnd());
    }
    return machine.snapshot();
  };
  let begun: Promise<Snapshot> | undefined;
  const snapshot = (): Promise<Snapshot> => (begun ??= start());
  return { snapshot, run: async (changes = {}) => (await snapshot()).run(changes) };
};
