// `trapgate seccomp audit`: weaknesses of a policy, each shown by a call that is made under it.
import { audit } from "../../policy/audit/audit.ts";
import { exposure, exposureText } from "../../policy/audit/exposure.ts";
import { type Finding, isAtLeast, severities } from "../../policy/audit/finding.ts";
import { listeners } from "../../policy/audit/listener.ts";
import { findingText, sarif } from "../../policy/audit/report.ts";
import type { Policy } from "../../policy/formats/read.ts";
import { Problem } from "../../problem.ts";
import { oneOf, parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";
import { progress } from "../progress.ts";
import { color as pc } from "../text/color.ts";
import { print, printJson } from "../text/print.ts";
import { type GuestRuns, type Made, show } from "./escape/show.ts";
import { files, readHelp, readOne, readOptions, titleOf, workOf } from "./input.ts";
import { write } from "./output.ts";

/** The last call tells; an escape of several calls shows all of them. */
const lines = (what: string, { text, calls }: Made): readonly string[] =>
  calls.length < 2 ? [`${what}: ${text}`] : [`${what}:`, ...calls.slice(0, -1).map((call) => `  ${call}`), `  ${text}`];
const conclusions: Readonly<Record<NonNullable<GuestRuns["verdict"]>, string>> = {
  open: "open: the guest performed the denied action",
  reached: "open as far as the policy goes: the kernel answered, not the policy",
  closed: "closed in this guest: the policy denies a call that it needs",
};
const proofText = ({ denied, without, passes, verdict }: GuestRuns): readonly string[] => [
  ...(denied ? lines("under the policy", denied) : []),
  ...(without ? lines("without it", without) : []),
  ...(passes ? lines("under the policy", passes) : []),
  ...(verdict ? [conclusions[verdict]] : []),
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
  summary: "find weaknesses of a policy, and run guests that use them: 0 none as grave as --fail-on, 1 some",
  options: [
    ["--fail-on SEVERITY", `${severities.join(", ")}: status 1 if there is one as grave; high by default`],
    ["--least SEVERITY", "show no others; info by default; exposure counts as info"],
    ["--listener KIND", "unknown, or answers: the listener makes calls itself and never lets the kernel go on (unknown by default)"],
    ["--no-run", "do not run the guests"],
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
      listener: { type: "string" },
      "no-run": { type: "boolean" },
    });
    const [file] = files(rest, 1, "audit") as [string];
    const failOn = oneOf(values["fail-on"] ?? "high", severities, "--fail-on");
    const least = oneOf(values.least ?? "info", severities, "--least");
    const own = { ...values, quiet: true };
    const policy = await readOne(file, own);
    const listener = oneOf(values.listener ?? "unknown", listeners, "--listener");
    const findings = audit(policy, { listener }).filter(({ severity }) => isAtLeast(severity, least));
    const exposed = isAtLeast("info", least) ? exposure(policy) : [];
    const bpf = values["no-run"] ? undefined : bpfOf(policy);
    const { name } = policy.source;
    if (values.sarif !== undefined) write(`${JSON.stringify(sarif(findings, name), null, 2)}\n`, values.sarif);
    const proofs: GuestRuns[] = [];
    const line = progress(() => `guests of ${proofs.length} of ${findings.length} findings run`);
    if (bpf) for (const finding of findings) proofs.push(await workOf(own).budget.outside(() => show(finding, bpf, policy.diagram)));
    line.end();
    if (values.json) {
      const plain = (shown: Finding["denied"]) => shown && { call: shown.call, verdict: shown.verdict };
      printJson({
        findings: findings.map(({ denied, passes, ...finding }, i) => ({
          ...finding,
          denied: plain(denied),
          passes: plain(passes),
          made: proofs[i],
        })),
        exposure: exposed,
      });
    } else {
      for (const [i, finding] of findings.entries()) {
        const [head, ...lines] = findingText(finding, name, proofs[i] ? proofText(proofs[i]) : []).split("\n");
        print(`${paint[finding.severity](head as string)}\n${lines.join("\n")}\n\n`);
      }
      if (exposed.length > 0) print(`${exposureText(exposed)}\n`);
      const calls = exposed.reduce((sum, each) => sum + each.calls.length, 0);
      const found = findings.length > 0 ? counted(findings) : calls > 0 ? "no way around it found" : "nothing found";
      print(`${titleOf(policy)}: ${found}${calls > 0 ? `; ${calls} exposed calls` : ""}\n`);
    }
    return findings.some(({ severity }) => isAtLeast(severity, failOn)) ? 1 : 0;
  },
};
