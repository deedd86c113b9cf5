// The files of bytes of an upper layer: one for each number, in a folder that nothing else uses.
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, readdirSync, readSync, unlinkSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { errnoOf, failure } from "../node-errno.ts";

const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
/** Descriptors that are kept open. */
const MOST_OPEN = 64;

/** Reads, writes and removes the files of bytes in one folder. */
export class DataFiles {
  readonly #folder: string;
  /** Least recently used first. */
  readonly #open = new Map<number, number>();

  /** `folder`: a path that nothing can change, with a slash. */
  constructor(folder: string) {
    this.#folder = folder;
  }
  #fd(id: number, make: boolean): number {
    const known = this.#open.get(id);
    this.#open.delete(id);
    const fd = known ?? openSync(`${this.#folder}${id}`, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | (make ? O_CREAT : 0), 0o600);
    if (known === undefined && !fstatSync(fd).isFile()) {
      closeSync(fd);
      throw failure("EIO");
    }
    this.#open.set(id, fd);
    for (const [other, each] of this.#open) {
      if (this.#open.size <= MOST_OPEN) break;
      closeSync(each);
      this.#open.delete(other);
    }
    return fd;
  }
  /** Of all files: a number, a size and a time each. */
  get sum(): string {
    const of = (name: string): string => {
      const { size, mtimeNs } = lstatSync(`${this.#folder}${name}`, { bigint: true });
      return `${name} ${size} ${mtimeNs}\n`;
    };
    return crc32(readdirSync(this.#folder).sort().map(of).join("")).toString(16);
  }
  size(id: number): number | undefined {
    try {
      return fstatSync(this.#fd(id, false)).size;
    } catch {
      return undefined;
    }
  }
  read(id: number, at: number, into: Uint8Array): number {
    try {
      const fd = this.#fd(id, false);
      let got = 0;
      for (let n = 1; n > 0 && got < into.length; got += n) n = readSync(fd, into, got, into.length - got, at + got);
      into.fill(0, got);
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }
  write(id: number, at: number, bytes: Uint8Array): number {
    try {
      const fd = this.#fd(id, true);
      for (let put = 0; put < bytes.length; ) put += writeSync(fd, bytes, put, bytes.length - put, at + put);
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }
  truncate(id: number, size: number): number {
    try {
      ftruncateSync(this.#fd(id, true), size);
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }
  remove(id: number): void {
    const fd = this.#open.get(id);
    this.#open.delete(id);
    if (fd !== undefined) closeSync(fd);
    try {
      unlinkSync(`${this.#folder}${id}`);
    } catch {
      // A file without bytes was never made.
    }
  }
  keep(ids: ReadonlySet<number>): void {
    for (const name of readdirSync(this.#folder)) if (/^\d+$/.test(name) && !ids.has(Number(name))) this.remove(Number(name));
  }
  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
