// A filter that the user attaches before the program starts, as a sandbox does: no_new_privs and one filter.
import type { Abi } from "../abi/abi.ts";
import { entryWork } from "../kernel/base/pending-work.ts";
import { filterState } from "../kernel/base/seccomp-state.ts";
import type { Process } from "../kernel/task/process.ts";
import { Problem, type Span } from "../problem.ts";
import { type AsmProblem, assemble } from "../seccomp/asm/assemble.ts";
import { decodeProgram, INSN_SIZE, type Program } from "../seccomp/bpf/insn.ts";
import { attach, Filter } from "../seccomp/filter.ts";
import type { SeccompProfile } from "../seccomp/profile/profile.ts";
import type { Policy } from "./options.ts";

/** The statement that is wrong, in its line. */
const spanOf = (text: string, { line, column }: AsmProblem): Span => {
  const whole = text.split("\n")[line - 1] as string;
  const length = /^[^;#]*/.exec(whole.slice(column - 1))?.[0].trimEnd().length ?? 1;
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
  if (first) throw new Problem("policy-syntax", first.message, { span: spanOf(given, first) });
  return program;
};

/** The attached filter. */
export const confine = (process: Process, policy: Policy): Filter => {
  const { leader, kernel } = process;
  const profile = kernel.profile.seccomp;
  const { abi } = leader.program;
  const filter = attach(profile, null, instructions(policy, profile, abi), { arch: abi.auditArch });
  if (!(filter instanceof Filter)) {
    const where = filter.pc === undefined ? "" : `, instruction ${filter.pc}`;
    throw new Problem("refused-filter", `the policy${where}: ${filter.message}`);
  }
  leader.seccomp = filterState(filter);
  leader.entryWork |= entryWork.seccomp;
  leader.noNewPrivs = true;
  return filter;
};
