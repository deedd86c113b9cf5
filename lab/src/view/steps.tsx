// The time pane. The run starts again and stops at any instant, forward or back. The pane shows the next
// instructions, registers, memory and maps at that instant.
import { useEffect, useState } from "preact/hooks";
import { jobFor, moment, runCount, runs, saved, selectedRow } from "../state/session.ts";
import { checker } from "../state/workers.ts";
import { hex } from "./hex.ts";

const ROW = 8;
const printable = (byte: number): string => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·");
const Memory = ({ at, bytes }: { readonly at: number; readonly bytes: Uint8Array }) => (
  <pre class="memory">
    {Array.from({ length: Math.ceil(bytes.length / ROW) }, (_, n) => {
      const row = bytes.subarray(ROW * n, ROW * n + ROW);
      const text = Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
      return `${(at + ROW * n).toString(16).padStart(12)}  ${text.padEnd(3 * ROW)} ${Array.from(row, printable).join("")}\n`;
    }).join("")}
    {bytes.length === 0 && `nothing is mapped at ${hex(at)}`}
  </pre>
);

const Code = () => {
  const { task } = moment.value ?? {};
  if (!task) return <p class="faint">{moment.value?.ended ? "The program has ended." : "No task runs: all wait."}</p>;
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

export const Steps = () => {
  const [busy, setBusy] = useState(false);
  const [address, setAddress] = useState("");
  const end = runs.a.value.nanoseconds;
  const row = selectedRow.value;
  const go = async (at: number, before = false, memory = address): Promise<void> => {
    setBusy(true);
    try {
      const where = /^(0x)?[\da-f]+$/i.test(memory.trim()) ? { memory: Number.parseInt(memory.trim().replace(/^0x/i, ""), 16) } : {};
      moment.value = await checker.call("inspect", { run: await jobFor("a"), at: Math.max(0, at), before, ...where }).result;
    } catch {
      moment.value = undefined;
    } finally {
      setBusy(false);
    }
  };
  const { typed } = runs.a.value;
  // A new run, or another call: the instruction that is the call's door.
  useEffect(() => {
    if (!typed) void (row && row.side === "a" ? go(row.row.call.at, true) : go(0));
  }, [runCount.value, row?.row.key]);
  const { now = 0, task } = moment.value ?? {};
  if (typed)
    return (
      <p class="hint">
        This run had a terminal. What was typed is not kept, so the run cannot be begun again and stopped. Run it once more with the tab
        Output open; the shell then needs arguments, such as <code>-c "ls /demo"</code>.
      </p>
    );
  return (
    <div class="steps" aria-busy={busy}>
      <div class="bar">
        <button type="button" onClick={() => void go(0)} aria-label="To the start">
          |◀
        </button>
        <button type="button" onClick={() => void go(now, true)} aria-label="One instruction back">
          ◀ back
        </button>
        <button type="button" onClick={() => void go(now + 1)} aria-label="One instruction on">
          step ▶
        </button>
        <input
          type="range"
          aria-label="Virtual time"
          min={0}
          max={Math.max(end, now)}
          value={now}
          onChange={(e) => void go(Number(e.currentTarget.value))}
        />
        <output>{now.toLocaleString("en")} ns</output>
        {task && <span class="faint">task {task.tid}</span>}
        <label class="field">
          <span>Memory at</span>
          <input
            size={12}
            placeholder="rsp"
            value={address}
            onInput={(e) => setAddress(e.currentTarget.value)}
            onChange={() => void go(now)}
            onKeyDown={(e) => e.key === "Enter" && void go(now)}
          />
        </label>
        {saved.value.b && <span class="faint">machine A</span>}
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
            <Memory {...task.memory} />
            <pre class="maps">{task.maps}</pre>
          </div>
        )}
      </div>
    </div>
  );
};
