// Coverage as a page: the policy's text with hits by line, its rules, and the filter's instructions.

import { takes } from "../../wants.ts";
import type { CoverageReport, CoveredInstruction } from "../coverage/coverage.ts";
import { aReport, coverageSums } from "../coverage/report.ts";
import { escapeHtml, page } from "./page.ts";

const bar = (title: string, [used, all]: readonly [number, number]): string =>
  all === 0
    ? ""
    : `<div class="bar"><small>${title}</small><b>${Math.round((100 * used) / all)} %</b> <span class="none">${used} of ${all}</span><div><i style="width:${(100 * used) / all}%"></i></div></div>`;

const lineHtml = (number: string, hits: string, text: string, kind: string): string =>
  `<div${kind ? ` class="${kind}"` : ""}><span>${number}</span><span>${hits}</span><code>${escapeHtml(text)}</code></div>`;

const kindOf = ({ hits, branch }: CoveredInstruction): string =>
  hits === 0 ? "miss" : branch && (branch.jumped === 0 || branch.passed === 0) ? "half" : "hit";
const branchText = ({ branch, hits }: CoveredInstruction): string =>
  branch && hits > 0 ? `   # jumps ${branch.jumped}, goes on ${branch.passed}` : "";

/**
 * A page that stands alone.
 *
 * @example
 * writeFileSync("coverage.html", coverageHtml(coverage.report()));
 */
export const coverageHtml = takes("coverageHtml", { report: aReport }, (report: CoverageReport): string => {
  const sums = coverageSums(report);
  const source = (report.text ?? "")
    .replace(/\n$/, "")
    .split("\n")
    .map((text, i) => {
      const hits = report.lines.get(i + 1);
      return lineHtml(String(i + 1), hits === undefined ? "" : String(hits), text, hits === undefined ? "" : hits > 0 ? "hit" : "miss");
    });
  const rules = report.rules.map(
    ({ name, line, verdict, hits }) =>
      `<tr><th>${escapeHtml(name)}</th><td class="v">${escapeHtml(verdict)}</td><td>${line ?? ""}</td><td class="v ${hits > 0 ? "yes" : "no"}">${hits}</td></tr>`,
  );
  const unmatched = report.unmatched.map(
    ({ call, verdict, hits }) => `<tr><th>${escapeHtml(call)}</th><td class="v">${escapeHtml(verdict)}</td><td class="v">${hits}</td></tr>`,
  );
  const instructions = report.instructions.map((each) =>
    lineHtml(String(each.pc).padStart(4, "0"), String(each.hits), `${each.text}${branchText(each)}`, kindOf(each)),
  );
  return page(
    `Coverage of ${report.file}`,
    `<h1>Coverage of ${escapeHtml(report.file)}</h1>
<p class="about">${report.calls} calls. Green was used, red was not; yellow branches went one way only.</p>
<div class="bars">${bar("rules used", sums.rules)}${bar("instructions used", sums.instructions)}${bar("branches used", sums.branches)}</div>
${report.text === undefined ? "" : `<h2>The policy</h2><div class="src">${source.join("")}</div>`}
${rules.length > 0 ? `<h2>Rules</h2><div class="scroll"><table><thead><tr><th>call</th><th>verdict</th><th>line</th><th>hits</th></tr></thead><tbody>${rules.join("\n")}</tbody></table></div>` : ""}
${unmatched.length > 0 ? `<h2>Calls without a rule</h2><div class="scroll"><table><thead><tr><th>call</th><th>verdict</th><th>hits</th></tr></thead><tbody>${unmatched.join("\n")}</tbody></table></div>` : ""}
<h2>The filter</h2><div class="src">${instructions.join("")}</div>`,
  );
});
