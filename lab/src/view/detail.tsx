// Right: the selected call. Why, the filter with the way through it, seccomp_data, registers.
import { useEffect, useState } from "preact/hooks";
import { nearestChanges, walksOf } from "../state/path.ts";
import { type CallRow, laneOf, textOf, verdictOf } from "../state/rows.ts";
import type { RunState } from "../state/run.ts";
import { selectedRow } from "../state/session.ts";
import { checker } from "../state/workers.ts";
import { DataView } from "./data-view.tsx";
import { FilterView } from "./filter-view.tsx";
import { hex } from "./hex.ts";
import { RegistersView } from "./registers-view.tsx";
import { wordText } from "./words.ts";

const doorTexts = {
  int80: "int 0x80 reaches the 32-bit table of calls from code of every mode.",
  sysenter: "sysenter reaches the 32-bit table of calls.",
  syscall32: "syscall, executed by 32-bit code, reaches the 32-bit table of calls.",
  syscall64: "syscall, executed by 64-bit code, reaches the 64-bit table of calls.",
} as const;

const Why = ({ row, run }: { readonly row: CallRow; readonly run: RunState }) => {
  const { verdict, call } = row;
  const [lines, setLines] = useState<readonly string[]>([]);
  const walks = verdict ? walksOf(verdict, call, run.rows.filters, run.setting.kernel) : [];
  useEffect(() => {
    let current = true;
    setLines([]);
    const filters = walks.map(({ filter }) => run.rows.filters.get(filter)?.program).filter((one) => one !== undefined);
    if (filters.length > 0 && !verdict?.evaluation?.locked)
      checker.call("explain", { filters, name: call.name, abi: call.abi, kernel: run.setting.kernel }).result.then(
        (explained) => current && setLines(explained.lines),
        () => {},
      );
    return () => {
      current = false;
    };
  }, [row.key, run.rows, walks.length]);
  const changes = verdict ? nearestChanges(verdict, run.rows.filters, run.setting.kernel) : [];
  return (
    <>
      <h3>Why</h3>
      <p>{doorTexts[call.door]}</p>
      {!verdict && <p>The task has no filter: nothing decides about the call.</p>}
      {verdict?.evaluation?.locked && (
        <p>
          The patch of 2012 ties a filter to the table through which it was attached. This call comes through the other one: it is denied,
          and no filter runs.
        </p>
      )}
      {verdict && !verdict.evaluation && (
        <p>Strict mode allows read, write, exit and sigreturn, by their numbers in the table of this door.</p>
      )}
      {walks.map((walk) => (
        <p key={walk.filter}>
          Filter {walk.filter} returns <b>{walk.action}</b> after {walk.steps.filter(Boolean).length} of {walk.lines.length} instructions
          {walks.length > 1 && walk.wins ? ": this one wins" : ""}.
        </p>
      ))}
      {lines.length > 0 && (
        <>
          <p class="faint">For every call of this name, with any arguments:</p>
          <pre class="explained">{lines.join("\n")}</pre>
        </>
      )}
      {changes.length > 0 && (
        <>
          <h3>The smallest change</h3>
          <p class="faint">One word of the data that makes another verdict:</p>
          <ul class="changes">
            {changes.slice(0, 6).map(({ word, from, to, action }) => (
              <li key={word + action}>
                {word}: <s>{wordText(word, from, call.abi)}</s> <b>{wordText(word, to, call.abi)}</b> → {action}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
};

export const Detail = () => {
  const chosen = selectedRow.value;
  if (!chosen)
    return (
      <section class="pane detail" aria-label="Selected call">
        <p class="faint">Choose a call to see its registers and its way through the filters.</p>
      </section>
    );
  const { row, run } = chosen;
  const { call, verdict } = row;
  const { word, tone } = verdictOf(row);
  const walks = verdict ? walksOf(verdict, call, run.rows.filters, run.setting.kernel) : [];
  return (
    <section class="pane detail" aria-label="Selected call">
      <h2>
        <span class={`chip ${tone}`}>{word}</span> {call.name}
      </h2>
      <p class="line">{textOf(row)}</p>
      <p class="facts">
        {laneOf(call)} · number {call.nr} ({hex(call.nr >>> 0)}) of {call.abi} · task {row.tid} · {call.at} ns
      </p>
      <Why row={row} run={run} />
      {walks.map((walk) => (
        <FilterView key={walk.filter} walk={walk} locked={verdict?.evaluation?.locked ?? false} />
      ))}
      {verdict?.evaluation && <DataView data={verdict.evaluation.data} kernel={run.setting.kernel} abi={call.abi} />}
      <RegistersView before={call.before} after={row.end?.after} />
    </section>
  );
};
