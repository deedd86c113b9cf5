// Tasks that spin: a task that reads the same few words by the same few instructions many times in a row
// waits for another one. A loop over an array reads many words.
import type { PendingEvent } from "../strategy.ts";

/** Reads of the same few instructions in a row, by a task that others wait for, before it gives way. */
const SPINS = 50;
const FEW = 4;
const FEW_WORDS = 16;

/** Counts the reads of the task that reads now. */
export class Spins {
  private _pid = 0;
  private _reads = 0;
  private readonly _ips = new Set<number>();
  private readonly _words = new Set<number>();

  copy(): Spins {
    const copy = new Spins();
    copy._pid = this._pid;
    copy._reads = this._reads;
    for (const ip of this._ips) copy._ips.add(ip);
    for (const word of this._words) copy._words.add(word);
    return copy;
  }
  /** True: the others must run first. */
  note(pid: number, { ip, address, writes }: PendingEvent): boolean {
    const isOther = (this._ips.size >= FEW && !this._ips.has(ip)) || (this._words.size >= FEW_WORDS && !this._words.has(address));
    if (this._pid !== pid || writes || isOther) {
      this._pid = pid;
      this._reads = 0;
      this._ips.clear();
      this._words.clear();
    }
    if (writes) return false;
    this._ips.add(ip);
    this._words.add(address);
    if (++this._reads < SPINS) return false;
    this._reads = 0;
    return true;
  }
}
