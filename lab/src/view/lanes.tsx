// The middle pane: three doors as lanes, calls as rows. Two machines stand side by side, with the differences
// marked.

import { useEffect, useRef } from "preact/hooks";
import { type Pair, pairsOf } from "../state/compare.ts";
import { type CallRow, type Lane, laneOf, lanes, type Row, textOf, verdictOf } from "../state/rows.ts";
import type { RunState } from "../state/run.ts";
import { runCount, runs, type Side, saved, selected, visibleRows } from "../state/session.ts";
import { settingText } from "./switches.tsx";

const laneNames: Readonly<Record<Lane, string>> = { int80: "int 0x80", sysenter: "sysenter", syscall: "syscall" };

const timeText = (ns: number): string =>
  ns < 10_000 ? `${ns} ns` : ns < 10_000_000 ? `${(ns / 1000).toFixed(1)} µs` : `${(ns / 1e6).toFixed(1)} ms`;

const Doors = ({ lane, tone }: { readonly lane?: Lane; readonly tone?: string }) => (
  <span class="doors" aria-hidden="true">
    {lanes.map((one) => (
      <span key={one} class={`door ${one === lane ? `used ${tone}` : ""}`} />
    ))}
  </span>
);

const CallButton = ({
  row,
  side,
  several,
  shared,
}: {
  readonly row: CallRow;
  readonly side: Side;
  readonly several: boolean;
  readonly shared: boolean;
}) => {
  const { word, tone } = verdictOf(row);
  const lane = laneOf(row.call);
  const isSelected = selected.value?.side === side && selected.value.key === row.key;
  return (
    <button
      type="button"
      class={`row call ${tone}`}
      data-row={shared ? undefined : ""}
      aria-pressed={isSelected}
      aria-label={`${laneNames[lane]}: ${textOf(row)}. ${word}. At ${timeText(row.call.at)}${several ? `, task ${row.tid}` : ""}`}
      onClick={() => (selected.value = { side, key: row.key })}
    >
      <Doors lane={lane} tone={tone} />
      <span class={`chip ${tone}`}>{word}</span>
      <span class="said">
        {several && <span class={`task t${row.tid % 6}`}>{row.tid}</span>}
        <span>{textOf(row)}</span>
      </span>
      <span class="time">{timeText(row.call.at)}</span>
    </button>
  );
};

const RowView = ({ row, side, several }: { readonly row: Row; readonly side: Side; readonly several: boolean }) =>
  row.kind === "call" ? (
    <CallButton row={row} side={side} several={several} shared={false} />
  ) : (
    <p class={`row note ${row.kind}`}>
      <Doors />
      <span class="said">
        {several && row.tid !== undefined && <span class={`task t${row.tid % 6}`}>{row.tid}</span>}
        <span>{row.text}</span>
      </span>
      <span class="time">{timeText(row.at)}</span>
    </p>
  );

const severalTasks = ({ rows }: RunState): boolean => rows.tasks.size > 1;

const Ending = ({ run, side }: { readonly run: RunState; readonly side: Side }) => {
  if (run.state === "idle") return null;
  if (run.state === "running")
    return (
      <p class="ending" role="status">
        <progress aria-label="The program runs" /> {run.rows.rows.length === 0 ? "starting…" : "running…"}
      </p>
    );
  if (run.problem?.line !== undefined && (saved.value.program.kind === "source" || saved.value.program.kind === "guest"))
    return (
      <p class="ending problem" role="alert">
        The program does not run: its mistakes are listed below its editor.
      </p>
    );
  if (run.problem)
    return (
      <p class="ending problem" role="alert">
        {run.problem.message}
        {run.problem.help && <span> — {run.problem.help}</span>}
      </p>
    );
  return (
    <p class="ending" data-ended={side}>
      The program {run.end?.startsWith("killed") ? `was ${run.end}` : run.end}, after {run.instructions.toLocaleString("en")} instructions
      and {timeText(run.nanoseconds)} of virtual time.
      {run.untold > 0 && ` ${run.untold.toLocaleString("en")} more calls are not shown.`}
    </p>
  );
};

/** Up and down move among calls; Home and End to the first and the last. */
const move = (event: KeyboardEvent): void => {
  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity, j: 1, k: -1 };
  const step = steps[event.key];
  if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  const list = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLButtonElement>("button.call")];
  const at = list.indexOf(document.activeElement as HTMLButtonElement);
  if (at < 0) return;
  event.preventDefault();
  const next = list[Math.max(0, Math.min(list.length - 1, at + step))];
  next?.focus();
  next?.click();
};

const Head = () => (
  <div class="lane-head" aria-hidden="true">
    <span class="doors">
      {lanes.map((lane) => (
        <span key={lane} class="door-name">
          {laneNames[lane]}
        </span>
      ))}
    </span>
    <span class="chip-name">filters</span>
    <span>system call</span>
    <span class="time">virtual time</span>
  </div>
);

const Single = ({ run }: { readonly run: RunState }) => {
  const several = severalTasks(run);
  return (
    <>
      <Head />
      {visibleRows(run).map((row) => (
        <RowView key={row.key} row={row} side="a" several={several} />
      ))}
      <Ending run={run} side="a" />
    </>
  );
};

const Cell = ({ row, side, several }: { readonly row: Row | undefined; readonly side: Side; readonly several: boolean }) => (
  <div class={`cell side-${side}`}>{row ? <RowView row={row} side={side} several={several} /> : <p class="row missing">—</p>}</div>
);
const Pairs = ({ a, b }: { readonly a: RunState; readonly b: RunState }) => {
  const several = severalTasks(a) || severalTasks(b);
  const pairs = pairsOf(visibleRows(a), visibleRows(b));
  const key = ({ a: x, b: y }: Pair): string => `${x?.key}/${y?.key}`;
  return (
    <>
      <div class="pair head">
        <h3 class="cell side-a">
          <span class="badge">A</span> {settingText(a.setting)}
        </h3>
        <h3 class="cell side-b">
          <span class="badge">B</span> {settingText(b.setting)}
        </h3>
      </div>
      {pairs.map((pair) => (
        <div class={`pair ${pair.differs ? "differs" : ""}`} key={key(pair)}>
          {pair.differs && <span class="visually-hidden">These differ:</span>}
          <Cell row={pair.a} side="a" several={several} />
          <Cell row={pair.b} side="b" several={several} />
        </div>
      ))}
      <div class="pair">
        <div class="cell side-a">
          <Ending run={a} side="a" />
        </div>
        <div class="cell side-b">
          <Ending run={b} side="b" />
        </div>
      </div>
    </>
  );
};

/** Pixels from the end within which the list follows its end again. */
const NEAR = 40;
/**
 * During input to the program the newest call is in sight, unless the user scrolls up. After a run the
 * selected call is.
 */
const useSight = () => {
  const host = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const last = useRef(0);
  const { version, state, typing } = runs.a.value;
  useEffect(() => {
    const list = host.current;
    if (list && typing && state === "running" && follows.current) list.scrollTop = list.scrollHeight;
  }, [version, state, typing]);
  useEffect(() => {
    const list = host.current;
    const chosen = list?.querySelector<HTMLElement>("[aria-pressed=true]");
    if (!list || !chosen) return;
    const [outer, inner] = [list.getBoundingClientRect(), chosen.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) list.scrollTop += inner.top - outer.top - outer.height / 2;
  }, [runCount.value]);
  const onScroll = (): void => {
    const list = host.current;
    if (!list) return;
    // The list can grow between our scroll and its event, so only an upward scroll is the user's.
    if (list.scrollTop < last.current) follows.current = false;
    else if (list.scrollHeight - list.scrollTop - list.clientHeight < NEAR) follows.current = true;
    last.current = list.scrollTop;
  };
  return { host, onScroll };
};

export const Lanes = () => {
  const isCompared = saved.value.b !== null;
  const { host, onScroll } = useSight();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys that move among the buttons inside
    <div class={`lanes ${isCompared ? "two" : ""}`} ref={host} onScroll={onScroll} onKeyDown={move}>
      {isCompared ? <Pairs a={runs.a.value} b={runs.b.value} /> : <Single run={runs.a.value} />}
    </div>
  );
};
