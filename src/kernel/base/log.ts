// The kernel log, read by dmesg(1) and syslog(2). Linux kernel/printk/printk.c.

/** One line of the log: the syslog level, virtual time since boot in nanoseconds, and the text. */
export interface LogRecord {
  readonly level: number;
  readonly now: number;
  readonly text: string;
}

const MAX_RECORDS = 4096;

/** A ring of the newest records. */
export class KernelLog {
  readonly records: LogRecord[] = [];
  /** Called for each new record: --kernel-log. */
  onRecord: ((record: LogRecord) => void) | undefined;
  /** Positions of syslog(2): READ continues at `read`, CLEAR moves `cleared`. */
  read = 0;
  cleared = 0;
  /** Messages about faults since a virtual time: they are limited. */
  faults = { since: 0, count: 0 };
  #dropped = 0;

  add(level: number, now: number, text: string): void {
    const record = { level, now, text };
    this.records.push(record);
    if (this.records.length > MAX_RECORDS) {
      this.records.shift();
      this.#dropped++;
    }
    this.onRecord?.(record);
  }
  /** All records that are still stored after the first `seen` records. */
  since(seen: number): readonly LogRecord[] {
    return this.records.slice(Math.max(0, seen - this.#dropped));
  }
  get total(): number {
    return this.#dropped + this.records.length;
  }
}

/** `[    1.234567] text`, as dmesg prints it. */
export const logLine = (r: LogRecord): string => `[${(r.now / 1e9).toFixed(6).padStart(12)}] ${r.text}`;
