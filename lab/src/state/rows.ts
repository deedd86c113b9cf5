// Events of a run as rows of the page.
import type { CallEvent, FilterEvent, ReturnEvent, TraceEvent, VerdictEvent } from "trapgate";

/** A system call, from its door to its result. */
export interface CallRow {
  readonly kind: "call";
  readonly key: string;
  readonly tid: number;
  readonly call: CallEvent;
  readonly verdict?: VerdictEvent;
  readonly end?: ReturnEvent;
}
/** A signal, the end of a task, a task that begins, a departure of the schedule. */
export interface NoteRow {
  readonly kind: "signal" | "end" | "start" | "remark";
  readonly key: string;
  readonly tid: number | undefined;
  readonly at: number;
  readonly text: string;
}
export type Row = CallRow | NoteRow;

/**
 * The rows so far. `add` changes the list in place. A changed row becomes a new object, so that components
 * notice it.
 */
export class Rows {
  readonly rows: Row[] = [];
  readonly filters = new Map<number, FilterEvent>();
  readonly tasks = new Set<number>();
  /** Places of calls that have not returned. */
  readonly #open = new Map<number, number>();

  add(events: readonly TraceEvent[]): void {
    for (const event of events) this.#one(event);
  }
  #note(kind: NoteRow["kind"], at: number, tid: number | undefined, text: string): void {
    this.rows.push({ kind, key: `n${this.rows.length}`, tid, at, text });
  }
  #one(event: TraceEvent): void {
    switch (event.kind) {
      case "start":
        this.tasks.add(event.tid);
        this.#note(
          "start",
          event.at,
          event.tid,
          event.parent === undefined
            ? `execve: ${event.comm} starts as process ${event.pid}`
            : `${event.pid === event.tid ? "process" : "thread"} ${event.tid}, made by ${event.parent}`,
        );
        return;
      case "call": {
        this.#open.set(event.id, this.rows.length);
        this.rows.push({ kind: "call", key: `c${event.id}`, tid: event.tid, call: event });
        return;
      }
      case "filter":
        this.filters.set(event.filter, event);
        return;
      case "verdict":
      case "return": {
        const place = this.#open.get(event.id);
        if (place === undefined) return;
        const row = this.rows[place] as CallRow;
        this.rows[place] = event.kind === "verdict" ? { ...row, verdict: event } : { ...row, end: event };
        if (event.kind === "return") this.#open.delete(event.id);
        return;
      }
      case "signal":
        this.#note("signal", event.at, event.tid, event.text);
        return;
      case "end": {
        const { end } = event;
        const text = "exit" in end ? `exited with ${end.exit}` : `killed by ${end.signal}`;
        this.#note("end", event.at, event.tid, `+++ ${text} +++`);
        return;
      }
      case "remark":
        this.#note("remark", event.at, undefined, event.text);
    }
  }
}

export type Tone = "allow" | "errno" | "kill" | "ask" | "none";
/** The verdict of the filters on a call, as a word and a colour. */
export const verdictOf = ({ verdict }: CallRow): { readonly word: string; readonly tone: Tone } => {
  if (!verdict) return { word: "no filter", tone: "none" };
  if (verdict.evaluation?.locked) return { word: "LOCK", tone: "kill" };
  const { action } = verdict;
  if (verdict.allowed) return { word: "ALLOW", tone: "allow" };
  if (/^(KILL|DENY|strict)/.test(action))
    return { word: action === "strict mode" ? "STRICT" : action.replace("KILL_", "KILL "), tone: "kill" };
  if (/^(ERRNO|TRAP)/.test(action)) return { word: action, tone: "errno" };
  return { word: action, tone: "ask" };
};
/** The call in strace's words, as far as it is known. */
export const textOf = ({ call, end }: CallRow): string => end?.text ?? `${call.text} …`;

/** The door's lane. SYSCALL has one lane in either mode. */
export const lanes = ["int80", "sysenter", "syscall"] as const;
export type Lane = (typeof lanes)[number];
export const laneOf = ({ door }: CallEvent): Lane => (door === "int80" || door === "sysenter" ? door : "syscall");
