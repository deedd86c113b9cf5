// A filter that the user attaches before the program starts, as a sandbox does: no_new_privs and one filter.
import type { Abi } from "../abi/abi.ts";
import { entryWork } from "../kernel/base/pending-work.ts";
import { filterState } from "../kernel/base/seccomp-state.ts";
import type { Process } from "../kernel/task/process.ts";
import { Problem } from "../problem.ts";
import { assemble } from "../seccomp/asm/assemble.ts";
import { decodeProgram, INSN_SIZE, type Program } from "../seccomp/bpf/insn.ts";
import { attach, Filter } from "../seccomp/filter.ts";
import type { SeccompProfile } from "../seccomp/profile/profile.ts";
import type { Policy } from "./options.ts";

const instructions = (policy: Policy, profile: SeccompProfile, abi: Abi): Program => {
  if (typeof policy !== "string") {
    if (policy.length > 0 && policy.length % INSN_SIZE === 0) return decodeProgram(policy);
    throw new Problem("bad-policy", `the policy is no list of BPF instructions: ${policy.length} bytes are no multiple of ${INSN_SIZE}`);
  }
  const { program, problems } = assemble(policy, { layout: profile.layout, returns: profile.returns, abi });
  const [first] = problems;
  if (first)
    throw new Problem("bad-policy", `the policy, line ${first.line}: ${first.message}`, { span: { source: policy, at: first.line } });
  return program;
};

export const confine = (process: Process, policy: Policy): void => {
  const { leader, kernel } = process;
  const profile = kernel.profile.seccomp;
  const { abi } = leader.program;
  const filter = attach(profile, null, instructions(policy, profile, abi), { arch: abi.auditArch });
  if (!(filter instanceof Filter)) {
    const where = filter.pc === undefined ? "" : `, instruction ${filter.pc}`;
    throw new Problem("bad-policy", `the policy${where}: ${filter.message}`);
  }
  leader.seccomp = filterState(filter);
  leader.entryWork |= entryWork.seccomp;
  leader.noNewPrivs = true;
};
