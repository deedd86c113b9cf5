// Shared memory segments of System V. man 2 shmget, shmat; Linux ipc/shm.c.
import { E } from "../../../abi/errno.ts";
import { SHM } from "../../../abi/uapi/ipc.ts";
import type { Backing, MappedFile } from "../../../memory/backing.ts";
import { type Frames, PAGE_SIZE, pageAlign } from "../../../memory/frames.ts";
import { HugeCache } from "../../../memory/huge/cache.ts";
import { hugeAlign, isHugeSize, punchHuge } from "../../../memory/huge/map.ts";
import { HugeObject } from "../../../memory/huge/object.ts";
import { HUGE_SIZE, hugePool } from "../../../memory/huge/pool.ts";
import { PageCache } from "../../../memory/page-cache.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Process } from "../../core/process.ts";
import { CAP, type Cred, capable, inGroup } from "../../cred/cred.ts";
import { IpcObject } from "./ids.ts";
import type { SystemV } from "./namespace.ts";
import { ownSizes } from "./sizes.ts";

/** The kernel's internal tmpfs: device 00:01. */
const DEVICE = 1;

/** A segment. Its bytes are in the page cache only. Linux struct shmid_kernel. */
export class SharedSegment extends IpcObject implements Backing {
  private readonly _kernel: Kernel;
  private readonly _namespace: SystemV;
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
  private readonly _name: string;

  /** Its huge pages, with SHM_HUGETLB. */
  readonly huge: HugeObject | undefined;

  constructor(
    kernel: Kernel,
    namespace: SystemV,
    cred: Cred,
    creator: Process,
    key: number,
    mode: number,
    bytes: number,
    huge: HugeObject | undefined,
  ) {
    super(cred, key, mode, kernel.realtime().sec);
    this.huge = huge;
    this._kernel = kernel;
    this._namespace = namespace;
    this.bytes = bytes;
    this.creator = creator;
    this._name = `/SYSV${(key >>> 0).toString(16).padStart(8, "0")} (deleted)`;
  }
  get pageCount(): number {
    return pageAlign(this.bytes) / PAGE_SIZE;
  }
  /** The size that can be mapped. */
  get size(): number {
    return this.huge?.size ?? this.bytes;
  }
  makeCache(frames: Frames): PageCache {
    return this.huge ? new HugeCache(frames, this, this.huge) : new PageCache(frames, this);
  }
  readPage(): number {
    return 0;
  }
  punchPages(from: number, to: number): number {
    if (this.huge) punchHuge(this, this.huge, from * PAGE_SIZE, to * PAGE_SIZE);
    return 0;
  }
  /** The pages that exist. */
  get resident(): number {
    return this.pages?.count ?? 0;
  }
  private _now(): number {
    return this._kernel.realtime().sec;
  }

  /** A file for one attach. Mappings of different attaches never merge. */
  open(writable: boolean): MappedFile {
    return {
      backing: this,
      path: this._name,
      dev: this.huge?.pool.device ?? DEVICE,
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
    if (began) this.atime = this._now();
    else this.dtime = this._now();
    this.lastPid = (this._kernel.scheduler.current ?? this._kernel.ending)?.tgid ?? this.lastPid;
    if (!began) this.endIfUnused();
  }
  /**
   * IPC_RMID: the segment ends with its last mapping. Until then its identifier is valid. Linux
   * do_shm_rmid().
   */
  destroy(): void {
    this.mode |= SHM.DEST;
    this._namespace.shm.forgetKey(this);
    this.endIfUnused();
  }
  /** Linux shm_may_destroy(). */
  endIfUnused(): void {
    if (this.attached > 0 || this.removed) return;
    if ((this.mode & SHM.DEST) === 0 && this._namespace.shmRmidForced === 0) return;
    this._namespace.shm.remove(this);
    this.end();
  }
  /** Frees pages and charge. */
  end(): void {
    this._namespace.shmPages -= this.pageCount;
    this._kernel.frames.account.give(ownSizes.ipcObject);
    this.pages?.drop();
    if (this.attached === 0) this.unmapped();
  }
  /** Called at the end of the last mapping of a removed segment. */
  unmapped(): void {
    this.huge?.drop(0);
  }
}

/** A new segment: its identifier or -errno. Linux newseg(). */
export const newSegment = (
  kernel: Kernel,
  ns: SystemV,
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
  const reserves = (flags & SHM.NORESERVE) === 0;
  const huge = flags & SHM.HUGETLB ? hugeObject(kernel, cred, bytes, flags) : undefined;
  if (typeof huge === "number") return huge;
  if (!huge && reserves && pages > kernel.frames.commitLimit) return -E.ENOMEM;
  if (!kernel.frames.account.take(ownSizes.ipcObject)) return -E.ENOMEM;
  const id = reserved(huge, reserves)
    ? ns.shm.add(new SharedSegment(kernel, ns, cred, creator, key, flags, bytes, huge), ns.shmmni)
    : -E.ENOMEM;
  if (id < 0) {
    kernel.frames.account.give(ownSizes.ipcObject);
    huge?.drop(0);
  } else ns.shmPages += pages;
  return id;
};
const reserved = (huge: HugeObject | undefined, reserves: boolean): boolean =>
  huge === undefined || !reserves || huge.reserve(0, huge.size / HUGE_SIZE);
/** The pages of a segment with SHM_HUGETLB, or -errno. Linux hugetlb_file_setup(). */
const hugeObject = ({ frames }: Kernel, cred: Cred, bytes: number, flags: number): HugeObject | number => {
  if (!isHugeSize(flags)) return -E.EINVAL;
  const huge = hugePool(frames);
  if (!capable(cred, CAP.IPC_LOCK) && !inGroup(cred, huge.group)) return -E.EPERM;
  return new HugeObject(huge, hugeAlign(bytes));
};
