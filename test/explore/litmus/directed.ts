// A schedule of a litmus test that shows an outcome: its events take effect in a given order (model.ts). The
// outcome of such a run must be the allowed one, so nothing that x86-TSO allows is missing.
import type { Candidate, PendingEvent, Strategy } from "../../../src/machine/explore/strategy.ts";
import type { Event, Litmus } from "./model.ts";

/** The threads of the program (program.ts): the main one, and the first of the others. */
const MAIN = 2;
const FIRST = 3;

/** Makes the events happen in an order: reads as they execute, writes as they leave the store buffer. */
export class Directed implements Strategy {
  private readonly _litmus: Litmus;
  private readonly _order: readonly Event[];
  private readonly _isBuffered: boolean;
  private _next = 0;
  /** Events that each thread has executed, and the addresses of places. */
  private readonly _executed = new Map<number, number>();
  private readonly _addresses = new Map<string, number>();

  constructor(litmus: Litmus, order: readonly Event[], isBuffered: boolean) {
    this._litmus = litmus;
    this._order = order.filter(({ kind, locked }) => kind === "R" || (kind === "W" && locked === undefined));
    this._isBuffered = isBuffered;
  }
  begin(): void {}
  private _opsOf(pid: number) {
    return (this._litmus[pid - FIRST] ?? []).filter((op) => op.kind !== "F" && op.kind !== "S");
  }
  /** True if the thread has executed the event's operation. */
  private _isExecuted({ thread, at }: Event): boolean {
    const ops = this._opsOf(thread + FIRST).slice(0, this._executed.get(thread + FIRST) ?? 0);
    return ops.some((op) => op.at === at);
  }
  choose(candidates: readonly Candidate[]): number {
    const main = candidates.findIndex(({ pid }) => pid === MAIN);
    if (main >= 0) return main;
    for (let next = this._order[this._next]; next; next = this._order[++this._next]) {
      const pid = next.thread + FIRST;
      if (this._isExecuted(next)) {
        const address = this._addresses.get(next.at);
        const store = candidates.findIndex((one) => one.pid === -pid && one.event?.address === address);
        // Without one it is a read, or has left before a fence.
        if (next.kind === "R" || !this._isBuffered || store < 0) continue;
        return store;
      }
      const runs = candidates.findIndex((one) => one.pid === pid);
      if (runs >= 0) return runs;
      break;
    }
    return 0;
  }
  executed(pid: number, { address, bytes }: PendingEvent): void {
    if (pid < 0 || bytes === 0) return;
    const done = this._executed.get(pid) ?? 0;
    const op = this._opsOf(pid)[done];
    if (!op) return;
    this._addresses.set(op.at, address);
    this._executed.set(pid, done + 1);
  }
  starves(): void {}
}
