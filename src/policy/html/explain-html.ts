// An explanation as a page: each call with its verdicts by ABI, to be searched and filtered.
import { abis } from "../../abi/syscall-number.ts";
import { isUndecided } from "../../seccomp/index.ts";
import { aText, takes } from "../../wants.ts";
import type { ExplainedVerdict, Explanation } from "../explain/explain.ts";
import { anExplanation } from "../explain/explain.ts";
import { conjunctionText, numberText } from "../explain/predicate-text.ts";
import { namerOf } from "../explain/value-names.ts";
import { valueText } from "../explain/value-text.ts";
import { isPassing } from "../why/queried-call.ts";
import { escapeHtml, page } from "./page.ts";

type Kind = "yes" | "no" | "part";
const passes = (value: number): boolean => !isUndecided(value) && isPassing(value);
const kindOf = ({ cases }: ExplainedVerdict): Kind => {
  const all = cases.map(({ value }) => passes(value));
  return all.every(Boolean) ? "yes" : all.some(Boolean) ? "part" : "no";
};

const verdictHtml = (verdict: ExplainedVerdict | undefined, call: string): string => {
  if (!verdict) return '<td class="none">–</td>';
  const namer = namerOf(call);
  const parts = verdict.cases.map(({ value, when }, i) => {
    const text = `<span class="v ${passes(value) ? "yes" : "no"}">${escapeHtml(valueText(value))}</span>`;
    if (when.length === 0) return i === 0 ? text : `${text}<span class="when">otherwise</span>`;
    return `${text}<span class="when">if ${escapeHtml(when.map((all) => conjunctionText(all, namer)).join(" or if "))}</span>`;
  });
  return `<td>${parts.join("")}${verdict.truncated ? '<span class="when">and more conditions than are listed</span>' : ""}</td>`;
};

const SCRIPT = `
const rows = [...document.querySelectorAll("tbody tr[data-name]")];
const search = document.querySelector("input"); let kind = "";
const show = () => { let n = 0; for (const row of rows) { const on = row.dataset.name.includes(search.value.trim()) && (!kind || row.dataset.kind.split(" ").includes(kind));
  row.hidden = !on; if (on) n++; } document.querySelector("#n").textContent = n + " of " + rows.length + " calls"; };
search.addEventListener("input", show);
for (const button of document.querySelectorAll("button[data-kind]")) button.addEventListener("click", () => { kind = kind === button.dataset.kind ? "" : button.dataset.kind;
  for (const other of document.querySelectorAll("button[data-kind]")) other.setAttribute("aria-pressed", other.dataset.kind === kind); show(); });
show();`;

/**
 * A page that stands alone.
 *
 * @example
 * const { nodes, root } = policy.diagram.effects();
 * writeFileSync("policy.html", explanationHtml(explainRoot(nodes, root), "default.json"));
 */
export const explanationHtml = takes(
  "explanationHtml",
  { explanation: anExplanation, title: aText },
  (explanation: Explanation, title: string): string => {
    const rows = explanation.calls.map(({ name, verdicts }) => {
      const kinds = new Set(
        Object.values(verdicts)
          .filter((verdict) => verdict !== undefined)
          .map(kindOf),
      );
      const cells = abis.map((abi) => verdictHtml(verdicts[abi.name], name)).join("");
      return `<tr data-name="${escapeHtml(name)}" data-kind="${[...kinds].sort().join(" ")}"><th>${escapeHtml(name)}</th>${cells}</tr>`;
    });
    const numbers = explanation.numbers.map(({ abi, from, to, verdict }) => {
      const range = from === to ? numberText(from) : `${numberText(from)} to ${numberText(to)}`;
      return `<tr><th>${abi} ${range}</th>${verdictHtml(verdict, "")}</tr>`;
    });
    const others = explanation.architectures.map(({ from, to, verdict }) => {
      const range = from === to ? numberText(from) : `${numberText(from)} to ${numberText(to)}`;
      return `<tr><th>architecture ${range}</th>${verdict ? verdictHtml(verdict, "") : "<td>it depends on the number</td>"}</tr>`;
    });
    const heads = abis.map(({ name }) => `<th>${name}</th>`).join("");
    const note = explanation.incomplete
      ? "<p>The filter tells numbers apart in more ways than a table can hold: rows are missing here.</p>"
      : "";
    return page(
      title,
      `<h1>${escapeHtml(title)}</h1>
<p class="about">What happens to every system call of every ABI. The answers hold for all arguments.</p>
<div class="chips"><input type="search" placeholder="search a call" aria-label="search a call"><button data-kind="yes" aria-pressed="false">passes</button>
<button data-kind="part" aria-pressed="false">passes with some arguments</button><button data-kind="no" aria-pressed="false">denied</button><span id="n" class="none"></span></div>
<div class="scroll"><table><thead><tr><th>call</th>${heads}</tr></thead><tbody>
${rows.join("\n")}
</tbody></table></div>
<h2>Numbers that are no call, and other architectures</h2>${note}
<div class="scroll"><table><tbody>
${[...numbers, ...others].join("\n")}
</tbody></table></div>`,
      SCRIPT,
    );
  },
);
