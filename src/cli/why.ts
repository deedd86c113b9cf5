// The option --why of run and trace: the denied calls, the rule that denied each, and a rule that would allow
// it.
import type { Denial } from "../machine/denial.ts";
import { frameText } from "../machine/stack/frame.ts";
import type { Policy } from "../policy/formats/read.ts";
import { type Why, why, whyProgram } from "../policy/why/why.ts";
import { whyText } from "../policy/why/why-text.ts";
import { encodeProgram, RefusedFilter, type SeccompProfile, seccompProfile, upstream } from "../seccomp/index.ts";
import { visible } from "../visible.ts";
import { writeOutput } from "./save/output-file.ts";
import { color as pc } from "./text/color.ts";

/** Kinds of denials that are explained. */
const MOST_KINDS = 50;

interface Kind {
  readonly denial: Denial;
  count: number;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/**
 * Collects denials of a run. Equal ones are one kind: the same call, from the same place, with the same
 * verdict.
 */
export class WhyReport {
  readonly #policy: Policy | undefined;
  readonly #profile: SeccompProfile;
  readonly #kinds = new Map<string, Kind>();
  #left = 0;
  constructor(policy: Policy | undefined, profile: SeccompProfile) {
    this.#policy = policy;
    this.#profile = profile;
  }

  add(denial: Denial): void {
    const { abi, number, verdict, door, filter, stack } = denial;
    const key = [abi, number, verdict, door, filter, ...stack.slice(0, 3).map(({ address }) => address)].join(" ");
    const known = this.#kinds.get(key);
    if (known) known.count++;
    else if (this.#kinds.size < MOST_KINDS) this.#kinds.set(key, { denial, count: 1 });
    else this.#left++;
  }

  #why({ program, byPolicy, ...call }: Denial): { readonly why: Why; readonly name: string } | undefined {
    if (!program) return undefined;
    const policy = this.#policy;
    const isPolicy = byPolicy && policy !== undefined && (!policy.program || same(encodeProgram(policy.program), program));
    if (isPolicy) return { why: why(policy, call), name: policy.source.name };
    try {
      return { why: whyProgram(program, call, this.#profile), name: byPolicy ? "the policy" : `filter ${call.filter} of the program` };
    } catch (error) {
      if (error instanceof RefusedFilter) return undefined;
      throw error;
    }
  }

  text(): string {
    const kinds = [...this.#kinds.values()];
    if (kinds.length === 0) return "trapgate: no call was denied\n";
    const parts = kinds.map(({ denial, count }) => {
      const { comm, pid, call, verdict, door, abi, stack } = denial;
      const times = count > 1 ? `, ${count} times` : "";
      const head = `${pc.bold(`denied: ${call}`)}: ${verdict}${times}\n  by ${visible(comm)}[${pid}], through ${door}, ABI ${abi}\n`;
      const found = this.#why(denial);
      const text = found
        ? whyText(found.why, found.name).split("\n").slice(1).join("\n")
        : "  strict mode allows read, write, exit and sigreturn\n";
      const frames = stack.map((frame) => `      ${frameText(frame)}\n`).join("");
      return `${head}${text}${frames ? `  called from\n${frames}` : ""}`;
    });
    const all = kinds.reduce((sum, { count }) => sum + count, this.#left);
    return `${parts.join("\n")}\ntrapgate: ${all} call${all === 1 ? "" : "s"} denied${this.#left > 0 ? `, ${this.#left} of them of other kinds` : ""}\n`;
  }

  json(): unknown {
    return [...this.#kinds.values()].map(({ denial: { program: _, ...denial }, count }) => {
      const found = this.#why({ ...denial, program: _ });
      return { ...denial, count, ...(found ? { why: { filter: found.name, ...found.why } } : {}) };
    });
  }

  /** Throws a Problem if the file cannot be written. */
  write(file: string): void {
    const text = JSON.stringify(this.json(), (_, v: unknown) => (typeof v === "bigint" ? `0x${v.toString(16)}` : v), 2);
    writeOutput(file, `${text}\n`, "--why-json");
  }
}
/** The report of a run under this policy and kernel. */
export const reportFor = (policy: Policy | undefined, kernel = "upstream"): WhyReport =>
  new WhyReport(policy, seccompProfile(kernel) ?? upstream);
