// `trapgate seccomp audit`: weaknesses of a policy, each shown by a call that is made under it.
import { audit } from "../../policy/audit/audit.ts";
import { type Finding, isAtLeast, severities } from "../../policy/audit/finding.ts";
import { findingText, sarif } from "../../policy/audit/report.ts";
import type { Policy } from "../../policy/formats/read.ts";
import { Problem } from "../../problem.ts";
import type { SyscallData } from "../../seccomp/index.ts";
import { oneOf, parseAll } from "../arguments.ts";
import { color as pc } from "../color.ts";
import type { Command } from "../command.ts";
import { progress } from "../progress.ts";
import { files, print, printJson, readHelp, readOne, readOptions, titleOf } from "./input.ts";
import { write } from "./output.ts";
import { type Outcome, runCall } from "./run-call.ts";

interface Proof {
  readonly denied?: Outcome;
  readonly passes?: Outcome;
}

/** Both calls under the filter, in a machine with nothing in it. */
const prove = async (bpf: Uint8Array | undefined, { denied, passes }: Finding): Promise<Proof> => {
  const run = (data: SyscallData) => (bpf ? runCall(bpf, data) : undefined);
  const [one, other] = [denied && (await run(denied.data)), passes && (await run(passes.data))];
  return { ...(one ? { denied: one } : {}), ...(other ? { passes: other } : {}) };
};
const proofText = ({ denied, passes }: Proof): readonly string[] => [
  ...(denied ? [`made under the policy: ${denied.text}`] : []),
  ...(passes ? [`made under the policy: ${passes.text}`] : []),
];

const bpfOf = (policy: Policy): Uint8Array | undefined => {
  try {
    return policy.bpf();
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
};

const paint = { high: pc.red, medium: pc.yellow, low: pc.cyan, info: pc.dim } as const;
const counted = (findings: readonly Finding[]): string =>
  severities
    .flatMap((severity) => {
      const n = findings.filter((finding) => finding.severity === severity).length;
      return n > 0 ? [`${n} ${severity}`] : [];
    })
    .join(", ");

/** `trapgate seccomp audit`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "[OPTION…] [MODE:]FILE",
  summary: "find weaknesses of a policy, and make the calls that show them: 0 none as grave as --fail-on, 1 some",
  options: [
    ["--fail-on SEVERITY", `${severities.join(", ")}: status 1 if there is one as grave; high by default`],
    ["--least SEVERITY", "show no others; info by default"],
    ["--no-run", "do not make the calls"],
    ["--json", "as data"],
    ["--sarif FILE", "write SARIF 2.1.0 too, for code hosts"],
    ...readHelp,
  ],
  trouble: 2,
  async run(args) {
    const { values, rest } = parseAll(args, {
      ...readOptions,
      json: { type: "boolean" },
      sarif: { type: "string" },
      "fail-on": { type: "string" },
      least: { type: "string" },
      "no-run": { type: "boolean" },
    });
    const [file] = files(rest, 1, "audit") as [string];
    const failOn = oneOf(values["fail-on"] ?? "high", severities, "--fail-on");
    const least = oneOf(values.least ?? "info", severities, "--least");
    const policy = await readOne(file, { ...values, quiet: true });
    const findings = audit(policy).filter(({ severity }) => isAtLeast(severity, least));
    const bpf = values["no-run"] ? undefined : bpfOf(policy);
    const { name } = policy.source;
    if (values.sarif !== undefined) write(`${JSON.stringify(sarif(findings, name), null, 2)}\n`, values.sarif);
    const proofs: Proof[] = [];
    const line = progress(() => `calls of ${proofs.length} of ${findings.length} findings made`);
    for (const finding of findings) proofs.push(await prove(bpf, finding));
    line.end();
    if (values.json) {
      const plain = (shown: Finding["denied"]) => shown && { call: shown.call, verdict: shown.verdict };
      printJson(
        findings.map(({ denied, passes, ...finding }, i) => ({
          ...finding,
          denied: plain(denied),
          passes: plain(passes),
          made: proofs[i],
        })),
      );
    } else {
      for (const [i, finding] of findings.entries()) {
        const [head, ...lines] = findingText(finding, name, proofText(proofs[i] as Proof)).split("\n");
        print(`${paint[finding.severity](head as string)}\n${lines.join("\n")}\n\n`);
      }
      print(findings.length === 0 ? `${titleOf(policy)}: nothing found\n` : `${titleOf(policy)}: ${counted(findings)}\n`);
    }
    return findings.some(({ severity }) => isAtLeast(severity, failOn)) ? 1 : 0;
  },
};
