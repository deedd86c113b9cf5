// The kernel log, read by dmesg(1) and syslog(2). Linux kernel/printk/printk.c.

import { WaitQueue } from "./wait.ts";

/** One line of the log: syslog's facility times 8 and level, virtual nanoseconds since boot, and the text. */
export interface LogRecord {
  readonly level: number;
  readonly now: number;
  readonly text: string;
}

const MAX_RECORDS = 4096;
/** The bytes of the ring's lines at most. Linux CONFIG_LOG_BUF_SHIFT 18. */
export const LOG_SIZE = 1 << 18;

/** A ring of the newest records. */
export class KernelLog {
  readonly records: LogRecord[] = [];
  /** Wakes for each new record. */
  readonly changed = new WaitQueue();
  /** Positions of syslog(2): READ continues in the line `_read`, after some bytes. CLEAR moves `cleared`. */
  private _read = 0;
  private _partial = 0;
  private _unread = 0;
  cleared = 0;
  /** Messages about faults since a virtual time: they are limited. */
  faults = { since: 0, count: 0 };
  private _dropped = 0;
  /** The bytes of all lines. */
  private _bytes = 0;

  add(level: number, now: number, text: string): LogRecord {
    const record = { level, now, text };
    const { length } = syslogLine(record);
    this.records.push(record);
    this._bytes += length;
    this._unread += length;
    while (this.records.length > MAX_RECORDS || this._bytes > LOG_SIZE) this._drop();
    this.changed.wake();
    return record;
  }
  private _drop(): void {
    const { length } = syslogLine(this.records.shift() as LogRecord);
    this._bytes -= length;
    if (this._read === this._dropped) {
      this._unread -= length - this._partial;
      this._partial = 0;
      this._read++;
    }
    this._dropped++;
  }
  /** All records that are still stored after the first `seen` records. */
  since(seen: number): readonly LogRecord[] {
    return this.records.slice(Math.max(0, seen - this._dropped));
  }
  /** The number of the oldest record. */
  get first(): number {
    return this._dropped;
  }
  /** A record by its number. */
  at(number: number): LogRecord | undefined {
    return this.records[number - this._dropped];
  }
  /** The bytes that `take` has left. */
  get unread(): number {
    return this._unread;
  }
  /** Takes the next lines, as many as `most` bytes hold; of a longer line its beginning. */
  take(most: number): string {
    let text = "";
    for (const record of this.since(this._read)) {
      const rest = syslogLine(record).slice(this._partial);
      if (text !== "" && text.length + rest.length > most) break;
      text += rest.slice(0, most);
      this._partial = rest.length > most ? this._partial + most : 0;
      if (this._partial > 0) break;
      this._read++;
    }
    this._unread -= text.length;
    return text;
  }
  get total(): number {
    return this._dropped + this.records.length;
  }
}

/** A line as syslog(2) gives it. */
export const syslogLine = (r: LogRecord): string => `<${r.level}>${logLine(r)}\n`;

/** `[    1.234567] text`, as dmesg prints it. */
export const logLine = (r: LogRecord): string => `[${(r.now / 1e9).toFixed(6).padStart(12)}] ${r.text}`;
