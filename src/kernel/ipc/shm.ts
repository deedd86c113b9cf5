// Shared memory segments of System V. man 2 shmget, shmat; Linux ipc/shm.c.
import { E } from "../../abi/errno.ts";
import { SHM } from "../../abi/uapi/ipc.ts";
import type { Backing, MappedFile } from "../../memory/backing.ts";
import { PAGE_SIZE, pageAlign } from "../../memory/frames.ts";
import type { PageCache } from "../../memory/page-cache.ts";
import { sizes } from "../base/sizes.ts";
import type { Cred } from "../cred/cred.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import { IpcObject } from "./ids.ts";
import type { IpcNamespace } from "./namespace.ts";

/** The kernel's internal tmpfs: device 00:01. */
const DEVICE = 1;

/** A segment. Its bytes are in the page cache only. Linux struct shmid_kernel. */
export class Segment extends IpcObject implements Backing {
  readonly #kernel: Kernel;
  readonly #namespace: IpcNamespace;
  /** The size that shmget(2) asked for, in bytes. */
  readonly bytes: number;
  readonly sparse = true;
  pages: PageCache | undefined = undefined;
  /** The number of mappings: attaches, their copies in children, and parts of split ones. */
  attached = 0;
  atime = 0;
  dtime = 0;
  /** The kernel's pids of the creator and of the last process that attached or detached. */
  readonly creator: Process;
  lastPid = 0;
  readonly #name: string;

  constructor(kernel: Kernel, namespace: IpcNamespace, cred: Cred, creator: Process, key: number, mode: number, bytes: number) {
    super(cred, key, mode, kernel.realtime().sec);
    this.#kernel = kernel;
    this.#namespace = namespace;
    this.bytes = bytes;
    this.creator = creator;
    this.#name = `/SYSV${(key >>> 0).toString(16).padStart(8, "0")} (deleted)`;
  }
  get pageCount(): number {
    return pageAlign(this.bytes) / PAGE_SIZE;
  }
  /** The size that can be mapped: whole pages. */
  get size(): number {
    return this.bytes;
  }
  readPage(): number {
    return 0;
  }
  punchPages(): number {
    return 0;
  }
  /** The pages that exist. */
  get resident(): number {
    return this.pages?.count ?? 0;
  }
  #now(): number {
    return this.#kernel.realtime().sec;
  }

  /** A file for one attach. Mappings of different attaches never merge. */
  open(writable: boolean): MappedFile {
    return {
      backing: this,
      path: this.#name,
      dev: DEVICE,
      ino: this.id,
      readable: true,
      writable,
      separate: true,
    };
  }
  /** A mapping began or ended. Linux shm_open(), shm_close(). */
  counted(mappings: number): void {
    const began = mappings > this.attached;
    this.attached = mappings;
    if (began) this.atime = this.#now();
    else this.dtime = this.#now();
    this.lastPid = (this.#kernel.scheduler.current ?? this.#kernel.ending)?.tgid ?? this.lastPid;
    if (!began) this.endIfUnused();
  }
  /**
   * IPC_RMID: the segment ends with its last mapping. Until then its identifier is valid. Linux
   * do_shm_rmid().
   */
  destroy(): void {
    this.mode |= SHM.DEST;
    this.#namespace.shm.forgetKey(this);
    this.endIfUnused();
  }
  /** Linux shm_may_destroy(). */
  endIfUnused(): void {
    if (this.attached > 0 || this.removed) return;
    if ((this.mode & SHM.DEST) === 0 && this.#namespace.shmRmidForced === 0) return;
    this.#namespace.shm.remove(this);
    this.end();
  }
  /** Frees pages and charge. */
  end(): void {
    this.#namespace.shmPages -= this.pageCount;
    this.#kernel.frames.account.give(sizes.ipcObject);
    this.pages?.drop();
  }
}

/** A new segment: its identifier or -errno. Linux newseg(). */
export const newSegment = (
  kernel: Kernel,
  ns: IpcNamespace,
  cred: Cred,
  creator: Process,
  key: number,
  bytes: number,
  flags: number,
): number => {
  if (bytes < 1 || BigInt(Math.floor(bytes)) > ns.shmmax) return -E.EINVAL;
  const pages = pageAlign(bytes) / PAGE_SIZE;
  if (pageAlign(bytes) >= 2 ** 64 || BigInt(ns.shmPages + pages) > ns.shmall) return -E.ENOSPC;
  if (bytes >= 2 ** 63) return -E.EINVAL;
  if ((flags & SHM.NORESERVE) === 0 && pages > kernel.frames.commitLimit) return -E.ENOMEM;
  if (!kernel.frames.account.take(sizes.ipcObject)) return -E.ENOMEM;
  const id = ns.shm.add(new Segment(kernel, ns, cred, creator, key, flags, bytes), ns.shmmni);
  if (id < 0) kernel.frames.account.give(sizes.ipcObject);
  else ns.shmPages += pages;
  return id;
};
