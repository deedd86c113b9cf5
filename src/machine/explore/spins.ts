// Tasks that spin: a task that reads the same few instructions many times in a row waits for another one.
import type { PendingEvent } from "./strategy.ts";

/** Reads of the same few instructions in a row, by a task that others wait for, before it gives way. */
const SPINS = 50;
const FEW = 4;

/** Counts the reads of the task that reads now. */
export class Spins {
  private _pid = 0;
  private _reads = 0;
  private readonly _ips = new Set<number>();

  copy(): Spins {
    const copy = new Spins();
    copy._pid = this._pid;
    copy._reads = this._reads;
    for (const ip of this._ips) copy._ips.add(ip);
    return copy;
  }
  /** True: the others must run first. */
  note(pid: number, { ip, writes }: PendingEvent): boolean {
    if (this._pid !== pid || writes || (this._ips.size >= FEW && !this._ips.has(ip))) {
      this._pid = pid;
      this._reads = 0;
      this._ips.clear();
    }
    if (writes) return false;
    this._ips.add(ip);
    if (++this._reads < SPINS) return false;
    this._reads = 0;
    return true;
  }
}
