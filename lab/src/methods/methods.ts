// The methods of the lab's worker.
import "../no-eval.ts";

import { Problem } from "trapgate";
import { machineMethods, type SentOptions, type Served } from "trapgate/browser";
import { runRecorded } from "../../../src/browser/run.ts";
import { checkPolicy, explain } from "./policy.ts";
import { assembled, checkProgram } from "./program.ts";
import type { LabMethods, LabRun } from "./protocol.ts";
import { TypedRecorder } from "./typed-recorder.ts";

const MEMORY = 2 ** 27;
/** Seconds of processor time, and of real time without a terminal. A program that does not end is ended. */
const CPU_TIME = 20;
const TIMEOUT = 30;

const optionsOf = async ({ setting, args, policy, stdin, schedule, terminal }: LabRun): Promise<SentOptions> => {
  const report = policy === undefined ? undefined : await checkPolicy(policy, setting.kernel);
  const [wrong] = report?.problems.filter(({ severity }) => severity === "error") ?? [];
  if (wrong) throw new Problem("bad-policy", wrong.message, wrong.help === undefined ? {} : { help: wrong.help });
  return {
    kernel: setting.kernel as never,
    cpu: `:${setting.vendor}`,
    x32: setting.x32,
    ia32: setting.ia32,
    uid: setting.uid,
    args,
    memory: MEMORY,
    ...(terminal ? {} : { stdin, cpuTime: CPU_TIME, timeout: TIMEOUT }),
    ...(report?.program ? { policy: report.program } : {}),
    ...(schedule === undefined ? {} : { schedule }),
  };
};

/** The options of the demo root's login shell. */
const shellOptions = { argv0: "-sh", cwd: "/root", env: { HOME: "/root", USER: "root", TERM: "xterm-256color", PATH: "/bin" } } as const;

/** The program as the machine takes it: bytes, or a path in a root directory. */
const subjectOf = ({ program, setting }: LabRun) => {
  if (program.kind === "recording") throw new Problem("usage", "this needs a program: a recording is a run as it was");
  if (program.kind === "shell") return { program: "/bin/sh", root: { url: program.root }, own: shellOptions, lines: [], size: 0 };
  if (program.kind === "root") return { program: program.path, root: { archive: program.root }, own: {}, lines: [], size: 0 };
  const source = sourceOf(assembled(program, setting.kernel));
  return program.kind === "elf" && program.root ? { ...source, root: { archive: program.root } } : source;
};
const sourceOf = ({ bytes, lines }: ReturnType<typeof assembled>) => ({ program: bytes, own: {}, lines, size: bytes.length });

const run: Served<LabMethods>["run"] = async (job, context) => {
  if (job.program.kind === "recording") {
    const { runRecording } = await import("./recording.ts");
    return runRecording(job.program.bytes, job.calls, context);
  }
  const { lines, size, own, ...subject } = subjectOf(job);
  context.part({ kind: "prepared", lines, size });
  const options = { ...(await optionsOf(job)), ...own };
  const { calls, terminal } = job;
  if (!terminal) return machineMethods.run({ ...subject, options, calls }, context as never);
  const recorder = new TypedRecorder((input) => context.part({ kind: "taken", input }));
  return runRecorded({ ...subject, options, calls, terminal }, context as never, recorder);
};

export const labMethods: Served<LabMethods> = {
  run,
  async explore({ run: job, never, departures, seconds }, context) {
    const { program } = subjectOf(job);
    if (typeof program === "string")
      throw new Problem("bad-property-value", "schedules are searched for a single program, not for one of a root directory", {
        help: "choose a program, or drop an ELF file",
      });
    const { schedule, timeout, ...options } = await optionsOf(job);
    return machineMethods.explore({ program, options: { ...options, never, departures, seconds } }, context as never);
  },
  async history({ run: job, go, memory }) {
    // A debugger is a part of its own: most runs are not looked at.
    const { historyMoment } = await import("./history.ts");
    if (!job) return historyMoment(undefined, go, memory);
    if (job.program.kind === "recording") return historyMoment({ recording: job.program.bytes }, go, memory);
    const { lines, size, own, ...subject } = subjectOf(job);
    const { timeout, ...options } = await optionsOf(job);
    const { terminal, typed } = job;
    const typing = terminal && typed ? { terminal, typed } : {};
    return historyMoment({ ...subject, options: { ...options, ...own }, ...typing }, go, memory);
  },
  checkProgram: async ({ program, kernel }) => ({ problems: checkProgram(program, kernel) }),
  checkPolicy: ({ text, kernel }) => checkPolicy(text, kernel),
  explain: async ({ filters, name, abi, kernel }) => explain(filters, name, abi, kernel),
};
