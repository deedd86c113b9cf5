// The journal of an upper layer: lines of a checksum and JSON. A line that a killed process wrote in part
// does not count.
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { UpperRecord } from "../../kernel/fs/types/upper-store.ts";
import { Problem } from "../../problem.ts";
import { upperHead, upperRecord } from "./schema.ts";

const { O_RDWR, O_CREAT, O_TRUNC, O_NOFOLLOW, O_APPEND } = constants;
const NAME = "journal";
const HEAD = { trapgate: "overlay", version: 1 } as const;
/** The length in bytes from which a journal is compared with its necessary length. */
const SHORT = 1 << 24;

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
  /** The size after the last snapshot. */
  #least = 0;

  /** `folder`: a path that nothing can change, with a slash; `name`: for messages. */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.#fd = openSync(`${folder}${NAME}`, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    if (!fstatSync(this.#fd).isFile()) throw new Error(`${name}/${NAME} is no regular file`);
  }
  #damaged(line: number): Problem {
    return new Problem("bad-overlay", `--overlay: ${this.#name} is damaged at line ${line} of its journal`, {
      help: "a folder that trapgate has made, or an empty one, is needed",
    });
  }
  /**
   * All whole records. The rest after the last one is cut off.
   *
   * @throws {Problem} The journal is damaged before its end.
   */
  read(): UpperRecord[] {
    const text = readFileSync(this.#fd, "utf8");
    const lines = text.split("\n");
    // The text after the last line feed was not written whole.
    const torn = lines.pop() as string;
    const values = lines.map((line, i) => {
      const json = line.slice(9);
      if (crc32(json).toString(16).padStart(8, "0") !== line.slice(0, 8)) throw this.#damaged(i + 1);
      return JSON.parse(json) as unknown;
    });
    const [head, ...rest] = values;
    if (head !== undefined && !upperHead.safeParse(head).success) throw this.#damaged(1);
    const records = rest.map((value, i) => {
      const read = upperRecord.safeParse(value);
      if (!read.success) throw this.#damaged(i + 2);
      return read.data as UpperRecord;
    });
    this.#size = Buffer.byteLength(text) - Buffer.byteLength(torn);
    if (torn !== "") ftruncateSync(this.#fd, this.#size);
    if (head === undefined) this.#size = writeAll(this.#fd, lineOf(HEAD));
    this.#least = this.#size;
    return records;
  }
  append(record: UpperRecord): void {
    this.#size += writeAll(this.#fd, lineOf(record));
  }
  get isLong(): boolean {
    return this.#size > SHORT && this.#size > 4 * this.#least;
  }
  /** A new journal takes the place of the old one at once. */
  replace(records: readonly UpperRecord[]): void {
    const path = `${this.#folder}${NAME}.new`;
    const fd = openSync(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0o600);
    this.#size = [HEAD, ...records].reduce((size, record) => size + writeAll(fd, lineOf(record)), 0);
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
