// The kernel log: what dmesg(1) and syslog(2) read. Linux kernel/printk/printk.c.

export interface LogRecord {
  readonly level: number;
  readonly now: number;
  readonly text: string;
}

const MAX_RECORDS = 4096;

export class KernelLog {
  readonly records: LogRecord[] = [];
  /** Called for each new record: the machine's --kernel-log. */
  onRecord: ((record: LogRecord) => void) | undefined;
  /** syslog(2) action READ goes on from here; CLEAR moves the other. */
  read = 0;
  cleared = 0;
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
  /** Records after the first `seen` ever made. */
  since(seen: number): readonly LogRecord[] {
    return this.records.slice(Math.max(0, seen - this.#dropped));
  }
  get total(): number {
    return this.#dropped + this.records.length;
  }
}

/** `[    1.234567] text`, as dmesg prints it. */
export const logLine = (r: LogRecord): string => `[${(r.now / 1e9).toFixed(6).padStart(12)}] ${r.text}`;
