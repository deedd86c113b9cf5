// The prefix of a line: time, number of the call, instruction pointer (-t, -r, -n, -i). strace src/strace.c,
// printleader().
import type { Task } from "../../../kernel/core/task.ts";
import { durationText, realNow } from "./duration.ts";
import type { TraceOptions } from "./options.ts";

const two = (n: number): string => String(n).padStart(2, "0");
/** The width of a time with its unit: 1.25us, and a space. */
const WIDTH = 8;
const micros = (nanoseconds: number): string => String(Math.floor(nanoseconds / 1000)).padStart(6, "0");

/** Prefixes of lines. `relative` needs the line before. */
export class LinePrefix {
  private readonly _options: TraceOptions;
  private _before: number | undefined;
  private _realBefore: number | undefined;
  private readonly _none: boolean;

  constructor(options: TraceOptions) {
    this._options = options;
    const { time, relative, numbers, instruction } = options;
    this._none = time === undefined && !relative && !numbers && !instruction;
  }

  /** The prefix of a line that a task writes now. `number`: the call. */
  text(task: Task, number = task.origAx): string {
    if (this._none) return "";
    const { kernel } = task;
    const { time, relative, realTime, numbers, instruction } = this._options;
    let out = "";
    if (relative) {
      const since = kernel.now - (this._before ?? kernel.now);
      this._before = kernel.now;
      out += `${durationText(since).padStart(WIDTH)} `;
      if (realTime) {
        const now = realNow();
        out += `${durationText(now - (this._realBefore ?? now)).padStart(WIDTH)} `;
        this._realBefore = now;
      }
    }
    if (time !== undefined) {
      const { sec, nsec } = kernel.realtime();
      const day = sec % 86_400;
      const clock = `${two(Math.floor(day / 3600))}:${two(Math.floor(day / 60) % 60)}:${two(day % 60)}`;
      out += `${time === "epoch" ? `${sec}.${micros(nsec)}` : time === "seconds" ? clock : `${clock}.${micros(nsec)}`} `;
    }
    if (numbers) out += `[${String(number).padStart(4)}] `;
    if (instruction) out += `[${kernel.processor.state.rip.toString(16).padStart(2 * task.program.abi.long, "0")}] `;
    return out;
  }
}
