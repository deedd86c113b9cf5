// A folder of this host as the upper layer of a machine's root: a lock, a journal, and files of bytes. The
// folder is opened once and reached by its descriptor.
import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import type { WorkBudget } from "../../budget.ts";
import type { UpperRecord, UpperStore } from "../../kernel/fs/types/upper-store.ts";
import { Problem } from "../../problem.ts";
import { errnoOf } from "../node-errno.ts";
import { DataFiles } from "./data-files.ts";
import { Journal } from "./journal.ts";
import { lock } from "./lock.ts";

const { O_RDONLY, O_DIRECTORY = 0, O_NOFOLLOW } = constants;
const DATA = "data";

/** A path of an open folder that no rename changes; on other systems its own path. */
const below = (fd: number, path: string): string => (process.platform === "linux" ? `/proc/self/fd/${fd}/` : `${path}/`);
const made = (path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
};

interface Opened {
  readonly fds: readonly number[];
  readonly journal: Journal;
  readonly data: DataFiles;
}

class NodeUpper implements UpperStore {
  readonly #path: string;
  #opened: Opened | undefined;
  #release: (() => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }
  #problem(error: unknown): Problem {
    if (error instanceof Problem) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "its parent folder does not exist" : code === "ENOTDIR" ? "it is not a folder" : (code ?? message);
    return new Problem("bad-overlay", `--overlay: ${this.#path} cannot be used: ${why}`, { cause: error });
  }
  *begin(budget: WorkBudget): Generator<UpperRecord> {
    try {
      yield* this.#open().journal.read(budget);
    } catch (error) {
      this.close();
      throw this.#problem(error);
    }
  }
  #open(): Opened {
    made(this.#path);
    const folder = openSync(this.#path, O_RDONLY | O_DIRECTORY);
    const at = below(folder, this.#path);
    this.#release = lock(at, this.#path);
    made(`${at}${DATA}`);
    const inner = openSync(`${at}${DATA}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const journal = new Journal(at, this.#path);
    this.#opened = { fds: [folder, inner], journal, data: new DataFiles(below(inner, `${this.#path}/${DATA}`)) };
    return this.#opened;
  }
  #used(): Opened {
    if (!this.#opened) throw new Error("the overlay is not open");
    return this.#opened;
  }
  resume(): void {
    if (this.#release) return;
    try {
      this.#release = lock(below(this.#used().fds[0] as number, this.#path), this.#path);
    } catch (error) {
      throw this.#problem(error);
    }
    if (!this.#used().journal.isOurs)
      throw new Problem("bad-overlay", `--overlay: another run has changed ${this.#path}`, { help: "a new machine sees the changes" });
  }
  end(): void {
    this.#release?.();
    this.#release = undefined;
  }
  get isUsed(): boolean {
    return this.#release !== undefined;
  }
  mark(): string {
    const { journal, data } = this.#used();
    return `${journal.sum} ${data.sum}`;
  }
  append(record: UpperRecord): number {
    return this.#attempt(() => this.#used().journal.append(record));
  }
  get isLong(): boolean {
    return this.#used().journal.isLong;
  }
  replace(records: readonly UpperRecord[]): number {
    return this.#attempt(() => this.#used().journal.replace(records));
  }
  #attempt(act: () => void): number {
    try {
      act();
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }
  size(id: number): number | undefined {
    return this.#used().data.size(id);
  }
  read(id: number, at: number, into: Uint8Array): number {
    return this.#used().data.read(id, at, into);
  }
  write(id: number, at: number, bytes: Uint8Array): number {
    return this.#used().data.write(id, at, bytes);
  }
  truncate(id: number, size: number): number {
    return this.#used().data.truncate(id, size);
  }
  remove(id: number): void {
    this.#used().data.remove(id);
  }
  keep(ids: ReadonlySet<number>): void {
    this.#used().data.keep(ids);
  }
  close(): void {
    this.end();
    if (!this.#opened) return;
    this.#opened.data.close();
    this.#opened.journal.close();
    for (const fd of this.#opened.fds) closeSync(fd);
    this.#opened = undefined;
  }
}

/**
 * A folder of this host that keeps the changes of a machine's root, for `overlay` of a machine. A missing
 * folder is made. One machine at a time uses it and reads it when it is made. The format is trapgate's own.
 *
 * @example
 * const script = "date >> /var/log/runs; cat /var/log/runs";   // each run adds a line
 * const overlay = hostOverlay("changes");
 * await Machine.run("/bin/sh", { root: hostTree("/"), overlay, args: ["-c", script] });
 */
export const hostOverlay = (folder: string): UpperStore => new NodeUpper(folder);
