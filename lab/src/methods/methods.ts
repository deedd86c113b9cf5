// What the lab's worker does.

import { Problem } from "trapgate";
import { machineMethods, type SentOptions, type Served } from "trapgate/browser";
import { checkPolicy, explain } from "./policy.ts";
import { assembled, checkProgram } from "./program.ts";
import type { LabMethods, LabRun } from "./protocol.ts";

const MEMORY = 2 ** 27;
/** Seconds of processor time, and of real time without a terminal. A program that does not end is ended. */
const CPU_TIME = 20;
const TIMEOUT = 30;
const MODEL = "x86-64-v1";

const optionsOf = async ({ setting, args, policy, stdin, schedule, terminal }: LabRun): Promise<SentOptions> => {
  const report = policy === undefined ? undefined : await checkPolicy(policy, setting.kernel);
  const [wrong] = report?.problems.filter(({ severity }) => severity === "error") ?? [];
  if (wrong) throw new Problem("bad-policy", wrong.message, wrong.help === undefined ? {} : { help: wrong.help });
  return {
    kernel: setting.kernel as never,
    cpu: `${MODEL}:${setting.vendor}`,
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

const run: Served<LabMethods>["run"] = async (job, context) => {
  const { bytes, lines } = assembled(job.program, job.setting.kernel);
  context.part({ kind: "prepared", lines, size: bytes.length });
  const options = await optionsOf(job);
  const { calls, terminal } = job;
  return machineMethods.run({ program: bytes, options, calls, ...(terminal ? { terminal } : {}) }, context as never);
};

export const labMethods: Served<LabMethods> = {
  run,
  async explore({ run: job, never, departures, seconds }, context) {
    const { bytes } = assembled(job.program, job.setting.kernel);
    const { schedule, timeout, ...options } = await optionsOf(job);
    return machineMethods.explore({ program: bytes, options: { ...options, never, departures, seconds } }, context as never);
  },
  async inspect({ run: job, at, before, memory }, context) {
    const { bytes } = assembled(job.program, job.setting.kernel);
    const { timeout, ...options } = await optionsOf(job);
    const where = memory === undefined ? {} : { memory };
    return machineMethods.inspect({ program: bytes, options, at, before, ...where }, context as never);
  },
  checkProgram: async ({ program, kernel }) => ({ problems: checkProgram(program, kernel) }),
  checkPolicy: ({ text, kernel }) => checkPolicy(text, kernel),
  explain: async ({ filters, name, abi }) => explain(filters, name, abi),
};
