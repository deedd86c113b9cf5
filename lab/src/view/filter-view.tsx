// A filter's listing: the instructions that were executed are lit, with the values that they worked on.
import type { Walk } from "../state/path.ts";
import { hex } from "./hex.ts";

/** The value of A after the instruction, read from the next executed instruction. */
const after = (steps: Walk["steps"], pc: number): string => {
  const next = steps.find((step, n) => step && n > pc);
  return next ? `A = ${hex(next.a)}${next.x === 0 ? "" : `, X = ${hex(next.x)}`}` : "";
};

export const FilterView = ({ walk, locked }: { readonly walk: Walk; readonly locked: boolean }) => (
  <section class="filter" aria-label={`Filter ${walk.filter}`}>
    <h3>
      Filter {walk.filter} <span class="faint">{locked ? "does not run" : walk.action}</span>
    </h3>
    <ol class="listing" start={0}>
      {walk.lines.map((line, pc) => {
        const step = walk.steps[pc];
        return (
          <li key={pc} class={step ? "lit" : ""}>
            <span class="pc">{String(pc).padStart(4, "0")}</span>
            <code>{line}</code>
            {step && <span class="value">{line.startsWith("return") ? "" : after(walk.steps, pc)}</span>}
            {step && <span class="visually-hidden">executed</span>}
          </li>
        );
      })}
    </ol>
  </section>
);
