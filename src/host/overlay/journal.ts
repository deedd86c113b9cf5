// The journal of an upper layer: lines of a checksum and JSON. A line that a killed process wrote in part
// does not count.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { WorkBudget } from "../../budget.ts";
import type { UpperRecord } from "../../kernel/fs/types/upper-store.ts";
import { Problem } from "../../problem.ts";
import { upperHead, upperRecord } from "./schema.ts";

const { O_RDWR, O_CREAT, O_TRUNC, O_NOFOLLOW, O_APPEND } = constants;
const NAME = "journal";
const HEAD = { trapgate: "overlay", version: 1 } as const;
/** The length in bytes from which a journal is compared with its necessary length. */
const SHORT = 1 << 24;
/** Bytes that are read at a time. */
const CHUNK = 1 << 20;
/** Bytes of a line: many times of what a record of PARTS parts (upper-state.ts) has. */
const MOST_LINE = 1 << 24;
const LF = 10;

/** JSON; undefined if it is none, which no schema accepts. */
const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};
const lineOf = (value: unknown): string => {
  const text = JSON.stringify(value);
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
};
const writeAll = (fd: number, text: string): number => {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  return bytes.length;
};

/** An open journal: `read` gives its records, `write` appends one. */
export class Journal {
  #fd: number;
  readonly #folder: string;
  readonly #name: string;
  #size = 0;
  #sum = 0;
  /** The size after the last snapshot. */
  #least = 0;
  /** The number of the line that is read. */
  #line = 0;

  /** `folder`: a path that nothing can change, with a slash; `name`: for messages. */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.#fd = openSync(`${folder}${NAME}`, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    if (!fstatSync(this.#fd).isFile()) throw new Error(`${name}/${NAME} is no regular file`);
  }
  #damaged(): Problem {
    return new Problem("bad-overlay", `--overlay: ${this.#name} is damaged at line ${this.#line} of its journal`, {
      help: "a folder that trapgate has made, or an empty one, is needed",
    });
  }
  /** The whole lines; the rest after the last one is cut off. */
  *#lines(budget: WorkBudget): Generator<string> {
    const chunk = Buffer.alloc(CHUNK);
    let rest = Buffer.alloc(0);
    for (let at = 0; ; ) {
      const n = readSync(this.#fd, chunk, 0, CHUNK, at);
      budget.check();
      if (n === 0) break;
      at += n;
      const bytes = Buffer.concat([rest, chunk.subarray(0, n)]);
      let from = 0;
      for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
        yield bytes.toString("utf8", from, end);
        this.#sum = crc32(bytes.subarray(from, end + 1), this.#sum);
        this.#size += end + 1 - from;
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (rest.length > MOST_LINE) throw this.#damaged();
    }
    // The text after the last line feed was not written whole.
    if (rest.length > 0) ftruncateSync(this.#fd, this.#size);
  }
  /**
   * All whole records, each when it is taken. The rest after the last one is cut off.
   *
   * @throws {Problem} The journal is damaged before its end, or the time is over.
   */
  *read(budget: WorkBudget): Generator<UpperRecord> {
    for (const line of this.#lines(budget)) {
      this.#line++;
      const json = line.slice(9);
      if (crc32(json).toString(16).padStart(8, "0") !== line.slice(0, 8)) throw this.#damaged();
      const read = (this.#line === 1 ? upperHead : upperRecord).safeParse(parsed(json));
      if (!read.success) throw this.#damaged();
      if (this.#line > 1) yield read.data as UpperRecord;
    }
    if (this.#line === 0) this.#size = this.#write(this.#fd, HEAD);
    this.#least = this.#size;
  }
  append(record: UpperRecord): void {
    this.#size += this.#write(this.#fd, record);
  }
  #write(fd: number, value: unknown): number {
    const line = lineOf(value);
    this.#sum = crc32(line, this.#sum);
    return writeAll(fd, line);
  }
  /** Of all lines. */
  get sum(): string {
    return `${this.#size} ${this.#sum.toString(16)}`;
  }
  get isLong(): boolean {
    return this.#size > SHORT && this.#size > 4 * this.#least;
  }
  /** A new journal takes the place of the old one at once. */
  replace(records: readonly UpperRecord[]): void {
    const path = `${this.#folder}${NAME}.new`;
    const fd = openSync(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600);
    this.#sum = 0;
    this.#size = [HEAD, ...records].reduce((size, record) => size + this.#write(fd, record), 0);
    renameSync(path, `${this.#folder}${NAME}`);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#least = this.#size;
  }
  /** True if no other run has written to it. */
  get isOurs(): boolean {
    return fstatSync(this.#fd).size === this.#size && fstatSync(this.#fd).nlink === 1;
  }
  close(): void {
    closeSync(this.#fd);
  }
}
