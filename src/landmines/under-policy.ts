// The weak programs of the catalogue under a policy of the user. The policy is attached when the program
// has attached its own filter or Landlock domain: a policy at the start would refuse that preparation, and
// nothing would be tried.
import type { ProfileName, Switches } from "../kernel/base/profile.ts";
import type { Denial } from "../machine/denial.ts";
import { Machine } from "../machine/machine.ts";
import { confineAll } from "../machine/policy.ts";
import { encodeProgram } from "../seccomp/bpf/insn.ts";
import { expectedOf, guestFile, type Landmine, type Outcome } from "./catalogue/landmine.ts";
import { compareOutcomes, describeOutcome, outcomeOf } from "./matrix.ts";

const MEMORY = 2 ** 22;
const SECONDS = 20;

/** The environment of all runs. */
export interface PolicySetting {
  readonly policy: string | Uint8Array;
  readonly profile: ProfileName;
  readonly vendor: "amd" | "intel";
  readonly switches: Partial<Switches>;
  readonly files: (name: string) => Promise<Uint8Array>;
}
/** The result of one program. */
export interface PolicyResult {
  readonly mine: Landmine;
  /**
   * open: it came as far as without the policy. closed: the policy denied a call that it needs.
   * no-question: no policy decides about this row. not-tried: it ended before its escape, and not by the
   * policy.
   */
  readonly verdict: "open" | "closed" | "no-question" | "not-tried";
  /** How it came through, the call at which the policy stopped it, or the reason of the others. */
  readonly what: string;
}

/** Rows with one outcome for a weak and a mended filter say something of kernels, not of a policy. */
const noQuestion = ({ ofItself }: Landmine, fixed: Outcome | undefined): string | undefined => {
  if (ofItself) return "it shows the verdict of its own filter, which a second policy does not change";
  return fixed ? undefined : "it shows the kernel or the processor, which no policy changes";
};

const callText = ({ abi, call, verdict }: Denial): string => `${abi === "x64" ? "" : `${abi}.`}${call}: ${verdict}`;

/** The last call of a preparation that is no filter. */
const isConfined = /^landlock_restrict_self\(.*\) = 0$/;
/** One run; `late`: the policy comes after the program's own filter. */
const attempt = async (program: Uint8Array, { policy, profile, vendor, switches }: PolicySetting, late: boolean) => {
  const machine = new Machine({ ...switches, kernel: profile, cpu: `:${vendor}`, memory: MEMORY });
  let attached = !late;
  const denials: Denial[] = [];
  const programs = new Set<string>();
  const filter = (): void => {
    if (attached) return;
    attached = true;
    for (const { program: insns } of confineAll(machine.kernel, policy)) programs.add(encodeProgram(insns).join());
  };
  const run = await machine.run(program, {
    timeout: SECONDS,
    trace: true,
    ...(late ? {} : { policy }),
    hooks: { filter, trace: (line) => isConfined.test(line) && filter(), denied: (denial) => void denials.push(denial) },
  });
  const isByPolicy = ({ byPolicy, program: bpf }: Denial): boolean => byPolicy || (bpf !== undefined && programs.has(bpf.join()));
  return { run, attached, denial: denials.find(isByPolicy) };
};

/** The result of a row; undefined: it has no meaning in this setting. */
export const underPolicy = async (mine: Landmine, setting: PolicySetting): Promise<PolicyResult | undefined> => {
  const { profile, vendor, switches } = setting;
  const expected = expectedOf(mine, { profile, vendor, switches });
  if (!expected || mine.needs !== undefined) return undefined;
  const reason = noQuestion(mine, expected.fixed);
  if (reason !== undefined) return { mine, verdict: "no-question", what: reason };
  const program = await setting.files(guestFile(mine, profile, "weak"));
  let tried = await attempt(program, setting, true);
  // A program without a filter has no preparation.
  if (!tried.attached) tried = await attempt(program, setting, false);
  const happened = outcomeOf(tried.run, expected.weak);
  if (compareOutcomes(expected.weak, happened) === "as expected") return { mine, verdict: "open", what: describeOutcome(happened) };
  if (tried.denial) return { mine, verdict: "closed", what: `at ${callText(tried.denial)}` };
  return { mine, verdict: "not-tried", what: describeOutcome(happened) };
};
