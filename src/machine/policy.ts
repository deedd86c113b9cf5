// A filter that the user attaches before the program starts, as a sandbox does: no_new_privs and one
// filter.
import type { Abi } from "../abi/abi.ts";
import { entryWork } from "../kernel/base/pending-work.ts";
import { filterState } from "../kernel/base/seccomp-state.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Process } from "../kernel/core/process.ts";
import type { Task } from "../kernel/core/task.ts";
import { Problem, type Span } from "../problem.ts";
import { type AsmProblem, assemble } from "../seccomp/asm/assemble.ts";
import { decodeProgram, INSN_SIZE, type Program } from "../seccomp/bpf/insn.ts";
import { attach, Filter } from "../seccomp/filter.ts";
import type { SeccompProfile } from "../seccomp/profile/profile.ts";
import type { Policy } from "./options.ts";

/** The statement that is wrong, in its line. */
const spanOf = (text: string, { line, column, length: part }: AsmProblem): Span => {
  const whole = text.split("\n")[line - 1] as string;
  const length = part ?? /^[^;#]*/.exec(whole.slice(column - 1))?.[0].trimEnd().length ?? 1;
  return { source: "the policy", line, column, length, text: whole };
};

const instructions = (given: Policy, profile: SeccompProfile, abi: Abi): Program => {
  if (typeof given !== "string") {
    const policy = "bpf" in given ? given.bpf() : given;
    if (policy.length > 0 && policy.length % INSN_SIZE === 0) return decodeProgram(policy);
    throw new Problem("not-bpf", `the policy is no list of BPF instructions: ${policy.length} bytes are no multiple of ${INSN_SIZE}`);
  }
  const { program, problems } = assemble(given, { layout: profile.layout, returns: profile.returns, abi });
  const [first] = problems;
  if (first) throw new Problem("policy-syntax", first.message, { help: first.help, span: spanOf(given, first) });
  return program;
};

/** A filter on the path of a task. */
const attached = (policy: Policy, prev: Filter | null, { kernel, program: { abi } }: Task): Filter => {
  const profile = kernel.profile.seccomp;
  const filter = attach(profile, prev, instructions(policy, profile, abi), { arch: abi.auditArch });
  if (filter instanceof Filter) return filter;
  const where = filter.pc === undefined ? "" : `, instruction ${filter.pc}`;
  throw new Problem("refused-filter", `the policy${where}: ${filter.message}`);
};
const enter = (task: Task, filter: Filter): void => {
  task.seccomp = filterState(filter);
  task.entryWork |= entryWork.seccomp;
  task.noNewPrivs = true;
};
/**
 * Confines all tasks that live, in the middle of a run: after the preparations that a policy at the start
 * would refuse. Each keeps its own filters. The result are the new ones.
 */
export const confineAll = (kernel: Kernel, policy: Policy): ReadonlySet<Filter> => {
  const made = new Map<Filter | null, Filter>();
  for (const process of kernel.processes.values())
    for (const task of process.threads) {
      const prev = task.seccomp?.filter ?? null;
      const filter = made.get(prev) ?? attached(policy, prev, task);
      made.set(prev, filter);
      enter(task, filter);
    }
  return new Set(made.values());
};
/** The attached filter. */
export const confine = ({ leader }: Process, policy: Policy): Filter => {
  const filter = attached(policy, null, leader);
  enter(leader, filter);
  return filter;
};
