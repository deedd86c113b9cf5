// Descriptors of the host's files. Those that guests hold open stay; of the others the least recently used
// are closed.
import { closeSync, openSync, type PathLike, readFileSync } from "node:fs";
import { failure } from "./node-errno.ts";

/** Descriptors that the rest of this process needs: streams, files of the build, the code cache. */
const RESERVE = 64;
/**
 * The limit of this process's descriptors. Node.js has raised the soft limit to the hard one. man 5
 * proc_pid_limits
 */
const limitOfProcess = (): number => {
  try {
    return Number(/^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return 256;
  }
};
const computed = (): { readonly idle: number; readonly held: number } => {
  const free = Math.max(32, limitOfProcess() - RESERVE);
  return { idle: Math.min(256, Math.floor(free / 4)), held: Math.min(4096, Math.floor(free / 2)) };
};
let most: ReturnType<typeof computed> | undefined;
/** Files that keep descriptors only to be found quickly, and files that guests hold open. */
const limits = (): ReturnType<typeof computed> => (most ??= computed());

/** No descriptor. */
const NONE = -1;

/** Those of one file; one descriptor may serve both reading and writing. */
export class Descriptors {
  /** O_PATH: good for finding the file and for nothing else. */
  #name = NONE;
  #read = NONE;
  #write = NONE;
  #holds = 0;
  /** Calls in flight that rely on a descriptor's number. */
  #uses = 0;

  /** One of the file's descriptors, whichever. */
  get any(): number | undefined {
    return this.#used(this.#read !== NONE ? this.#read : this.#write !== NONE ? this.#write : this.#name);
  }
  get(use: "read" | "write"): number | undefined {
    return this.#used(use === "read" ? this.#read : this.#write);
  }
  #used(fd: number): number | undefined {
    if (fd === NONE) return undefined;
    this.#touch();
    return fd;
  }
  /**
   * Takes `fd` for these uses. Descriptors of other uses are closed, and a descriptor that only named the
   * file too.
   */
  set(fd: number, uses: { readonly read?: boolean; readonly write?: boolean }): void {
    const before = this.#all();
    this.#name = uses.read || uses.write ? NONE : fd;
    if (uses.read) this.#read = fd;
    if (uses.write) this.#write = fd;
    const kept = this.#all();
    for (const old of before) if (!kept.has(old)) closeSync(old);
    this.#touch();
    makeRoom(limits().idle);
  }
  #all(): Set<number> {
    const all = new Set([this.#name, this.#read, this.#write]);
    all.delete(NONE);
    return all;
  }
  /** Nothing of this file is closed during `act`. */
  during<T>(act: () => T): T {
    this.#uses++;
    try {
      return act();
    } finally {
      this.#uses--;
    }
  }
  get inUse(): boolean {
    return this.#uses > 0;
  }

  hold(): void {
    if (this.#holds === 0) {
      if (held >= limits().held) throw failure("ENFILE");
      held++;
      idle.delete(this);
    }
    this.#holds++;
  }
  release(): void {
    if (this.#holds === 0 || --this.#holds > 0) return;
    held--;
    if (this.#all().size > 0) this.#touch();
    makeRoom(limits().idle);
  }
  /** The file has no name any more: unless it is held, the host may free it. */
  lost(): void {
    if (this.#holds === 0 && this.#uses === 0) this.close();
  }
  /** The holder of the descriptor is gone without a release. */
  abandon(): void {
    if (this.#holds > 0) held--;
    this.#holds = 0;
    this.close();
  }
  close(): void {
    idle.delete(this);
    for (const fd of this.#all()) closeSync(fd);
    this.#name = this.#read = this.#write = NONE;
  }
  #touch(): void {
    if (this.#holds > 0) return;
    idle.delete(this);
    idle.add(this);
  }
}

let held = 0;
/** Least recently used first. */
const idle = new Set<Descriptors>();
const makeRoom = (kept: number): void => {
  for (const descriptors of idle) {
    if (idle.size <= kept) return;
    if (!descriptors.inUse) descriptors.close();
  }
};

/** openSync. If this process has no descriptor left, those that are only kept to be quick go first. */
export const open = (path: PathLike, flags: number, mode?: number): number => {
  try {
    return openSync(path, flags, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if ((code !== "EMFILE" && code !== "ENFILE") || idle.size === 0) throw error;
    makeRoom(0);
    return openSync(path, flags, mode);
  }
};
