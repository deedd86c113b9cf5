// The time pane: the run as a timeline. One drags along it, steps forward and back, goes to denied calls and
// to writes of a byte. The pane shows instructions, registers, stack and memory of the moment.
import { useEffect, useRef, useState } from "preact/hooks";
import { WorkerClient } from "../../../src/browser/client.ts";
import type { Go, LabMethods, Mark } from "../methods/protocol.ts";
import { jobFor, moment, runCount, runs, saved, selectedRow } from "../state/session.ts";
import { startWorker } from "../state/workers.ts";
import { hex } from "./hex.ts";

/** It keeps the timeline, and a long way on it stops nothing else of the page. */
const traveller = new WorkerClient<LabMethods>(startWorker);

const ROW = 8;
const printable = (byte: number): string => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·");
const Memory = ({
  at,
  bytes,
  chosen,
  choose,
}: {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly chosen: number | undefined;
  readonly choose: (address: number) => void;
}) => (
  <pre class="memory">
    {bytes.length === 0 && `nothing is mapped at ${hex(at)}`}
    {Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, n) => {
      const row = bytes.subarray(ROW * n, ROW * n + ROW);
      const first = at + ROW * n;
      return (
        <span key={first}>
          {`${first.toString(16).padStart(12)} `}
          {Array.from(row, (byte, i) => [
            " ",
            <button
              type="button"
              key={first + i}
              tabIndex={-1}
              class={`byte ${chosen === first + i ? "chosen" : ""}`}
              aria-label={`byte at ${hex(first + i)}`}
              aria-pressed={chosen === first + i}
              onClick={() => choose(first + i)}
            >
              {byte.toString(16).padStart(2, "0")}
            </button>,
          ])}
          {`${"   ".repeat(ROW - row.length)} ${Array.from(row, printable).join("")}\n`}
        </span>
      );
    })}
  </pre>
);

const Code = () => {
  const { task } = moment.value ?? {};
  if (!task) return <p class="faint">{moment.value?.ended ? "The program has ended." : moment.value ? "No task runs: all wait." : ""}</p>;
  return (
    <div class="code">
      <ol>
        {task.code.map(({ address, bytes, text }, n) => (
          <li key={address} class={n === 0 ? "lit" : ""}>
            <span class="pc">{address.toString(16)}</span>
            <span class="bytes">{Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}</span>
            <code>{text}</code>
            {n === 0 && task.meaning && <pre class="meaning">{task.meaning}</pre>}
          </li>
        ))}
      </ol>
    </div>
  );
};

const WIDTH = 1000;
/** Marks of calls: one path for each kind, because a run can have thousands. */
const Marks = ({ marks, last }: { readonly marks: readonly Mark[]; readonly last: number }) => {
  const path = (isDenied: boolean): string => {
    const places = marks
      .filter((mark) => mark.isDenied === isDenied)
      .map(({ instructions }) => Math.round((instructions / Math.max(1, last)) * WIDTH * 2) / 2);
    return [...new Set(places)].map((x) => `M${x} 0V10`).join("");
  };
  return (
    <svg viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
      <path class="call" d={path(false)} />
      <path class="denied" d={path(true)} />
    </svg>
  );
};

/**
 * The timeline's state, and the ways on it. Of moves that come while one is under way, only the last is
 * done.
 */
const useTimeline = () => {
  const [marks, setMarks] = useState<readonly Mark[]>([]);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const state = useRef<{ open: boolean; run: number; next: (() => Promise<void>) | undefined }>({ open: false, run: -1, next: undefined });
  const once = async (go: Go, memory: number | undefined): Promise<void> => {
    const { current } = state;
    try {
      const isNew = current.run !== runCount.value;
      const run = isNew ? { run: { ...(await jobFor("a")), ...runs.a.value.typing } } : {};
      current.run = runCount.value;
      const found = await traveller.call("history", { ...run, go, ...(memory === undefined ? {} : { memory }) }).result;
      if (found.marks) setMarks(found.marks);
      moment.value = found;
      setSaid(
        found.isFound
          ? ""
          : `no ${go.to === "write" ? "write of this byte" : go.to === "denial" ? "denied call" : "moment"} in this direction`,
      );
    } catch (error) {
      current.run = -1;
      moment.value = undefined;
      setSaid((error as Error).message);
    }
  };
  const go = async (way: Go, memory: number | undefined): Promise<void> => {
    const { current } = state;
    current.next = () => once(way, memory);
    if (current.open) return;
    current.open = true;
    setBusy(true);
    while (current.next) {
      const { next } = current;
      current.next = undefined;
      await next();
    }
    current.open = false;
    setBusy(false);
  };
  return { marks, busy, said, go };
};

export const Steps = () => {
  const { marks, busy, said, go } = useTimeline();
  const [address, setAddress] = useState("");
  const [byte, setByte] = useState<number | undefined>(undefined);
  const row = selectedRow.value;
  const memory = (): number | undefined =>
    /^(0x)?[\da-f]{1,12}$/i.test(address.trim()) ? Number.parseInt(address.trim().replace(/^0x/i, ""), 16) : undefined;
  const to = (way: Go): void => void go(way, memory());
  const isTyped = runs.a.value.typing !== undefined && runs.a.value.state === "running";
  // A new run, or another call: the instruction that is the call's door.
  useEffect(() => {
    if (!isTyped) to(row && row.side === "a" ? { to: "call", id: row.row.call.id } : { to: "start" });
  }, [runCount.value, row?.row.key]);
  if (isTyped) return <p class="hint">This run goes on in the terminal. When its program has ended, the timeline shows it.</p>;
  const { task, instructions = 0, last = 0, stack = [] } = moment.value ?? {};
  const shownByte = byte ?? task?.memory.at;
  const choose = (at: number): void => {
    setByte(at);
    // The view stays while the stack moves.
    if (task) setAddress(hex(task.memory.at));
  };
  const write = (isBackward: boolean): void => {
    if (shownByte !== undefined) to({ to: "write", address: shownByte, isBackward });
  };
  const denied = marks.filter(({ isDenied }) => isDenied).length;
  const keys = (event: KeyboardEvent): void => {
    const way = event.key === "ArrowLeft" ? "back" : event.key === "ArrowRight" ? "step" : undefined;
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    to({ to: way });
  };
  return (
    <div class="steps" aria-busy={busy}>
      <div class="track">
        <Marks marks={marks} last={last} />
        <input
          type="range"
          aria-label="Instructions"
          title="Drag to a moment; arrow keys step"
          min={0}
          max={Math.max(last, instructions)}
          value={instructions}
          onInput={(e) => to({ to: "instructions", instructions: Number(e.currentTarget.value) })}
          onKeyDown={keys}
        />
      </div>
      <div class="bar">
        <span class="group">
          <button type="button" onClick={() => to({ to: "start" })} aria-label="To the start" title="to the start">
            |◀
          </button>
          <button type="button" onClick={() => to({ to: "back" })} aria-label="One instruction back">
            ◀ back
          </button>
          <button type="button" onClick={() => to({ to: "step" })} aria-label="One instruction on">
            step ▶
          </button>
          <button type="button" onClick={() => to({ to: "end" })} aria-label="To the end" title="to the end">
            ▶|
          </button>
        </span>
        <span class="group">
          <button
            type="button"
            disabled={denied === 0}
            onClick={() => to({ to: "denial", isBackward: true })}
            aria-label="The denied call before"
          >
            ◀
          </button>
          <span class={denied === 0 ? "faint" : ""}>denied ({denied})</span>
          <button
            type="button"
            disabled={denied === 0}
            onClick={() => to({ to: "denial", isBackward: false })}
            aria-label="The next denied call"
          >
            ▶
          </button>
        </span>
        <span class="group">
          <button type="button" onClick={() => write(true)} aria-label="The last write of the byte">
            ◀
          </button>
          <span title="choose a byte of the memory below">write of {shownByte === undefined ? "a byte" : hex(shownByte)}</span>
          <button type="button" onClick={() => write(false)} aria-label="The next write of the byte">
            ▶
          </button>
        </span>
        <label class="field">
          <span>Memory at</span>
          <input
            size={12}
            placeholder="rsp"
            value={address}
            onInput={(e) => {
              setAddress(e.currentTarget.value);
              setByte(undefined);
            }}
            onChange={() => to({ to: "here" })}
            onKeyDown={(e) => e.key === "Enter" && to({ to: "here" })}
          />
        </label>
        <output title="trapgate debug --at takes it">{moment.value?.moment ?? ""}</output>
        {task && <span class="faint">task {task.tid}</span>}
        {saved.value.b && <span class="faint">machine A</span>}
        {said && (
          <span class="said" role="status">
            {said}
          </span>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <div class="columns" tabIndex={0}>
        <Code />
        {task && (
          <dl class="regs">
            {Object.entries(task.registers).map(([name, value]) => (
              <div key={name} class={row?.row.call.before[name] === value ? "" : "other"}>
                <dt>{name}</dt>
                <dd>{hex(value)}</dd>
              </div>
            ))}
          </dl>
        )}
        {task && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
          <div class="memory-maps" tabIndex={0}>
            {stack.length > 0 && (
              <ol class="stack" aria-label="Stack">
                {stack.map((frame, n) => (
                  <li key={`${n} ${frame}`}>{frame}</li>
                ))}
              </ol>
            )}
            <Memory {...task.memory} chosen={shownByte} choose={choose} />
            <pre class="maps">{task.maps}</pre>
          </div>
        )}
      </div>
    </div>
  );
};
