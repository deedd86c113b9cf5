// Findings as SARIF 2.1.0 (OASIS), the format that code hosts read, and as text.

import { aText, listOf, optional, takes } from "../../wants.ts";
import type { Finding, Severity } from "./finding.ts";
import { aFinding } from "./finding.ts";

const levels: Readonly<Record<Severity, "error" | "warning" | "note">> = { high: "error", medium: "warning", low: "note", info: "note" };
/** security-severity of GitHub: 0 to 10. */
const scores: Readonly<Record<Severity, string>> = { high: "8.0", medium: "5.5", low: "2.0", info: "0.5" };

const messageOf = ({ title, reason, remedy, denied, passes }: Finding): string => {
  const shown = passes ? ` ${passes.call} gets ${passes.verdict}${denied ? `, ${denied.call} gets ${denied.verdict}` : ""}.` : "";
  return `${title}. ${reason}${shown} Remedy: ${remedy}.`;
};

/**
 * A SARIF log of one run, as an object. `file`: the policy's path, as the reader of the log knows it.
 *
 * @example
 * writeFileSync("audit.sarif", JSON.stringify(sarif(audit(policy), "sandbox.json")));
 */
export const sarif = takes("sarif", { findings: listOf(aFinding), file: aText }, (findings: readonly Finding[], file: string): object => {
  const rules = [...new Map(findings.map((finding) => [finding.id, finding])).values()];
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "trapgate seccomp audit",
            informationUri: "https://github.com/trapgate/trapgate",
            rules: rules.map(({ id, title, reason, remedy, severity }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: reason },
              help: { text: remedy },
              defaultConfiguration: { level: levels[severity] },
              properties: { "security-severity": scores[severity], tags: ["security", "seccomp"] },
            })),
          },
        },
        results: findings.map((finding) => ({
          ruleId: finding.id,
          ruleIndex: rules.findIndex(({ id }) => id === finding.id),
          level: levels[finding.severity],
          message: { text: messageOf(finding) },
          locations: [{ physicalLocation: { artifactLocation: { uri: file }, region: { startLine: finding.line ?? 1 } } }],
        })),
      },
    ],
  };
});

const wrap = (text: string, indent: string, width = 110): string => {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
};

const SHOWN = 12;
/**
 * A finding as lines. `proof`: the results of its calls in a machine.
 *
 * @example
 * for (const finding of audit(policy)) console.log(findingText(finding, "sandbox.json"));
 */
export const findingText = takes(
  "findingText",
  { finding: aFinding, file: aText, proof: optional(listOf(aText)) },
  (finding: Finding, file: string, proof: readonly string[] = []): string => {
    const { severity, id, title, reason, remedy, denied, passes, calls, line, landmine } = finding;
    const where = line === undefined ? "" : `  (${file}:${line})`;
    const more = calls.length > SHOWN ? ` and ${calls.length - SHOWN} more` : "";
    const shown = (what: string, { call, verdict }: NonNullable<Finding["denied"]>): string => `    ${what} ${call}: ${verdict}`;
    return [
      `${severity.toUpperCase()} ${id}: ${title}${where}`,
      wrap(reason, "    "),
      ...(denied ? [shown("denied:", denied)] : []),
      ...(passes ? [shown("passes:", passes)] : []),
      ...proof.map((text) => `    ${text}`),
      ...(calls.length > 1 ? [wrap(`calls: ${calls.slice(0, SHOWN).join(", ")}${more}`, "    ")] : []),
      wrap(`remedy: ${remedy}`, "    "),
      ...(landmine ? [`    see trapgate landmines --only ${landmine}`] : []),
    ].join("\n");
  },
);
