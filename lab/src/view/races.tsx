// The schedule pane: a timeline of tasks, the search for a schedule under which a forbidden call happens, and
// its replay. The schedule can be edited.
import { useState } from "preact/hooks";
import type { ExploreResult } from "trapgate/browser";
import { WorkerClient } from "../../../src/browser/client.ts";
import type { LabMethods } from "../methods/protocol.ts";
import type { Row } from "../state/rows.ts";
import { change, jobFor, run, runs, saved, selected } from "../state/session.ts";
import { startWorker } from "../state/workers.ts";

const SECONDS = 20;
const DEPARTURES = 2;
const searcher = new WorkerClient<LabMethods>(startWorker);

/**
 * The run as a strip: a line per task, a mark per call, a bar where the schedule departs from the default.
 */
const Timeline = ({ rows, tasks }: { readonly rows: readonly Row[]; readonly tasks: readonly number[] }) => {
  const shown = rows.slice(0, 160);
  const lineOf = (tid: number | undefined): number => (tid === undefined ? 1 : tasks.indexOf(tid) + 1);
  return (
    <div class="strip" style={{ gridTemplateRows: `repeat(${tasks.length}, 20px)` }}>
      {tasks.map((tid, n) => (
        <span key={`t${tid}`} class={`task t${tid % 6}`} style={{ gridRow: n + 1, gridColumn: 1 }}>
          {tid}
        </span>
      ))}
      {shown.map((row, n) =>
        row.kind === "remark" ? (
          <span key={row.key} class="departure" style={{ gridRow: `1 / ${tasks.length + 1}`, gridColumn: n + 2 }} title={row.text} />
        ) : row.kind === "call" ? (
          <button
            type="button"
            key={row.key}
            class={`tick t${row.tid % 6} ${selected.value?.key === row.key ? "chosen" : ""}`}
            style={{ gridRow: lineOf(row.tid), gridColumn: n + 2 }}
            aria-label={`task ${row.tid}: ${row.call.name}`}
            title={`task ${row.tid}: ${row.end?.text ?? row.call.text}`}
            onClick={() => (selected.value = { side: "a", key: row.key })}
          />
        ) : null,
      )}
    </div>
  );
};

const Found = ({ result }: { readonly result: ExploreResult }) => {
  const { violation, schedules, complete, bound, milliseconds } = result;
  if (!violation)
    return (
      <p role="status">
        No violation in {schedules} schedules ({(milliseconds / 1000).toFixed(1)} s):{" "}
        {complete >= bound
          ? `all with up to ${bound} departures were tried`
          : `all with up to ${complete} departures were tried, then time was up`}
        .
      </p>
    );
  const { order, why, search } = violation;
  return (
    <>
      <p role="status">
        <b class="violated">Violated:</b> {violation.what}, after {schedules} schedules ({(milliseconds / 1000).toFixed(1)} s), found by{" "}
        {search}.{" "}
        <button
          type="button"
          class="primary"
          onClick={() => {
            change({ schedule: violation.schedule });
            void run();
          }}
        >
          Replay {violation.schedule}
        </button>
      </p>
      {order.length > 0 && <p>The order of accesses:</p>}
      {order.length > 0 && <pre>{order.join("\n")}</pre>}
      {why.length > 0 && <p>It fails by these orders (*):</p>}
      {why.length > 0 && <pre>{why.join("\n")}</pre>}
    </>
  );
};

export const Races = () => {
  const [never, setNever] = useState("getppid");
  const [state, setState] = useState<ExploreResult | "searching" | Error | undefined>(undefined);
  const { rows } = runs.a.value;
  const search = async (): Promise<void> => {
    setState("searching");
    const { schedule: _, ...job } = await jobFor("a");
    const wanted = never
      .split(/\s*;\s*/)
      .map((text) => text.trim())
      .filter((text) => text !== "");
    searcher.call("explore", { run: job, never: wanted, departures: DEPARTURES, seconds: SECONDS }).result.then(setState, setState);
  };
  return (
    <div class="races">
      <div class="bar">
        <label class="field">
          <span>Must not run</span>
          <input
            size={22}
            value={never}
            placeholder='openat(*"/dev/zero"*)'
            onInput={(e) => setNever(e.currentTarget.value)}
            onKeyDown={(e) => e.key === "Enter" && void search()}
          />
        </label>
        <button type="button" onClick={() => void search()} disabled={state === "searching"}>
          Search for a schedule
        </button>
        <label class="field">
          <span>Schedule</span>
          <input
            size={14}
            value={saved.value.schedule}
            placeholder="as usual"
            onInput={(e) => change({ schedule: e.currentTarget.value })}
            onKeyDown={(e) => e.key === "Enter" && void run()}
          />
        </label>
        {saved.value.schedule !== "" && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              change({ schedule: "" });
              void run();
            }}
          >
            As usual
          </button>
        )}
      </div>
      {state === "searching" && (
        <p role="status">
          <progress aria-label="Searching" /> trying schedules, at most {SECONDS} s…{" "}
          <button type="button" class="quiet" onClick={() => searcher.stop(new Error("stopped"))}>
            Stop
          </button>
        </p>
      )}
      {state instanceof Error && <p class="problem">{state.message}</p>}
      {state && state !== "searching" && !(state instanceof Error) && <Found result={state} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <div class="scroll" tabIndex={0}>
        <Timeline rows={rows.rows} tasks={[...rows.tasks]} />
      </div>
    </div>
  );
};
