// What one run has shown: its events with their places, pairs of a write and a read, and events by word.
import type { Task } from "../../../kernel/core/task.ts";
import { codeName, dataName } from "../../stack/names.ts";
import type { PendingEvent } from "../strategy.ts";

/** A step of the run, for the report. */
export interface Step {
  readonly pid: number;
  readonly place: string;
  readonly event: PendingEvent;
  /** The access in words, if names were asked for. */
  readonly text?: string;
}
/** The steps that are noted: none, with their places, or also with the names of code and data. */
export type Steps = "none" | "places" | "names";

/** The word of an event. */
export const wordOf = ({ address }: PendingEvent): number => Math.floor(address / 4);

/** The notes of one run. */
export class RunNotes {
  /** Pairs of a write and a read that has read from it, by their instructions. */
  readonly readsFrom = new Set<string>();
  /** The same by the read's instruction. */
  private readonly _sources = new Map<number, Set<number>>();
  /** All events in their order; undefined if they are not noted. */
  readonly steps: Step[] | undefined;
  /** The number of steps before the first departure. */
  departedAt = 0;
  private readonly _isNamed: boolean;
  /** The place of the last point of each task. */
  private readonly _placeOf = new Map<number, string>();
  /** Events by shared word and task. */
  readonly wordEvents = new Map<number, Map<number, number>>();

  constructor(steps: Steps) {
    this.steps = steps === "none" ? undefined : [];
    this._isNamed = steps === "names";
  }
  /** Goes on where another run has come to. `here`: an event in this run's spaces. */
  goOn(before: RunNotes, here: (event: PendingEvent) => PendingEvent): void {
    for (const pair of before.readsFrom) this.readsFrom.add(pair);
    for (const [pid, place] of before._placeOf) this._placeOf.set(pid, place);
    for (const [word, tasks] of before.wordEvents) this.wordEvents.set(word, new Map(tasks));
    for (const step of before.steps ?? []) this.steps?.push({ ...step, event: here(step.event) });
  }
  /** A task has come to a point. */
  isAt(pid: number, place: string): void {
    this._placeOf.set(pid, place);
  }
  departs(): void {
    this.departedAt = this.steps?.length ?? 0;
  }
  /** An access to a shared word, of which `source` is the last writer. */
  accessed({ pid }: Task, event: PendingEvent, source: number): void {
    if (event.reads) this._noteSource(source, event.ip);
    const word = wordOf(event);
    let tasks = this.wordEvents.get(word);
    if (!tasks) this.wordEvents.set(word, (tasks = new Map()));
    tasks.set(pid, (tasks.get(pid) ?? 0) + 1);
  }
  private _noteSource(source: number, ip: number): void {
    let sources = this._sources.get(ip);
    if (!sources) this._sources.set(ip, (sources = new Set()));
    // No text for each access.
    if (sources.has(source)) return;
    sources.add(source);
    this.readsFrom.add(`${source.toString(16)}>${ip.toString(16)}`);
  }
  executed(task: Task, event: PendingEvent): void {
    if (!this.steps || event.opens) return;
    const { ip, address, bytes, reads, writes } = event;
    const step = { pid: task.pid, place: this._placeOf.get(task.pid) ?? "", event };
    if (!this._isNamed || bytes === 0) return void this.steps.push(step);
    const verb = writes ? (reads ? "update" : "write") : "read";
    this.steps.push({ ...step, text: `${verb} ${dataName(task, address)} (${codeName(task, ip)})` });
  }
}
