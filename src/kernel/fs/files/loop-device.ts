// A loop device: the bytes of a file as a block device, and the counts of its accesses. man 4 loop; Linux
// drivers/block/loop.c, block/genhd.c.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import type { BlockDevice, FileSystem } from "../vfs/inode.ts";
import { makedev } from "../vfs/mode.ts";
import { RegularFile, readContent, writeContent } from "./regular.ts";

/** The major number of loop devices. */
export const LOOP_MAJOR = 7;
/** The device number of /dev/loop-control. */
export const LOOP_CONTROL = makedev(10, 237);
/** CONFIG_BLK_DEV_LOOP_MIN_COUNT: the devices that /dev has. */
export const LOOPS = 8;
/** The unit of a device's size, in bytes. */
export const SECTOR = 512;
/** LO_FLAGS_*. Linux uapi linux/loop.h */
export const FLAGS = { READ_ONLY: 1, AUTOCLEAR: 4, PARTSCAN: 8, DIRECT_IO: 16 } as const;

/** The name of a device without a file. */
export const NO_LOOP_NAME = new Uint8Array(64);
/** The length of a jiffy in milliseconds. */
const JIFFY = 4;

/** The accesses of one direction. */
interface Accesses {
  calls: number;
  sectors: number;
}

/** One device. */
export class Loop implements BlockDevice {
  /** N of /dev/loopN. */
  readonly index: number;
  readonly number: number;
  file: RegularFile | undefined = undefined;
  offset = 0;
  /** The size limit in bytes. 0: none. */
  limit = 0;
  flags = 0;
  name: Uint8Array = NO_LOOP_NAME;
  blockSize = SECTOR;
  /** BLKROSET. */
  madeReadOnly = false;
  /** BLKRASET, in sectors. */
  readAhead = 256;
  /** Open files, and a mounted file system. */
  opens = 0;
  private _holder: FileSystem | undefined = undefined;
  readonly reads: Accesses = { calls: 0, sectors: 0 };
  readonly writes: Accesses = { calls: 0, sectors: 0 };
  /** The time in milliseconds in which accesses began. Linux update_io_ticks() */
  ticks = 0;
  private _lastTick = -1;
  constructor(index: number) {
    this.index = index;
    this.number = makedev(LOOP_MAJOR, index);
  }
  get size(): number {
    const whole = Math.max(0, (this.file?.inode.size ?? 0) - this.offset);
    const size = this.limit > 0 ? Math.min(whole, this.limit) : whole;
    return Math.floor(size / SECTOR) * SECTOR;
  }
  get readOnly(): boolean {
    return this.madeReadOnly || (this.flags & FLAGS.READ_ONLY) !== 0;
  }
  get holder(): FileSystem | undefined {
    return this._holder;
  }
  set holder(fs: FileSystem | undefined) {
    if (fs && !this._holder) this.opens++;
    const ended = !fs && this._holder;
    this._holder = fs;
    if (ended) this.close();
  }
  /** An open file or the file system ends. LOOP_CLR_FD of an open device waits for its last user. */
  close(): void {
    if (--this.opens === 0 && this.flags & FLAGS.AUTOCLEAR) this.detach();
  }
  /** Linux loop_configure(). */
  attach(t: Task, fd: number, readOnly: boolean): number {
    const file = t.files.get(fd);
    if (!file) return -E.EBADF;
    if (this.file) return -E.EBUSY;
    if (!(file instanceof RegularFile)) return -E.EINVAL;
    this.file = file.hold();
    this.flags = readOnly || !file.writable ? FLAGS.READ_ONLY : 0;
    this.offset = this.limit = 0;
    this.name = NO_LOOP_NAME;
    this.blockSize = SECTOR;
    return 0;
  }
  detach(): void {
    this.file?.drop();
    this.file = undefined;
    this.offset = this.limit = this.flags = 0;
    this.name = NO_LOOP_NAME;
    this.madeReadOnly = false;
  }

  private _count(accesses: Accesses, file: RegularFile, bytes: number): void {
    accesses.calls++;
    accesses.sectors += Math.ceil(bytes / SECTOR);
    const { sec, nsec } = file.inode.fs.clock.realtime();
    const tick = Math.floor((sec * 1000 + nsec / 1e6) / JIFFY);
    if (tick !== this._lastTick) this.ticks += JIFFY;
    this._lastTick = tick;
  }
  read(at: number, into: Uint8Array): number {
    const { file, offset, size } = this;
    if (!file || at < 0 || at + into.length > size) return -E.EIO;
    this._count(this.reads, file, into.length);
    return readContent(file.inode, at + offset, into);
  }
  write(at: number, bytes: Uint8Array): number {
    const { file, offset, size } = this;
    if (!file || at < 0 || at + bytes.length > size) return -E.EIO;
    this._count(this.writes, file, bytes.length);
    const n = writeContent(file.inode, bytes, at + offset);
    return n < 0 ? n : n < bytes.length ? -E.ENOSPC : 0;
  }
}

/** The loop devices of a machine. */
export class Loops {
  readonly all: readonly Loop[] = Array.from({ length: LOOPS }, (_, n) => new Loop(n));
  get(number: number): Loop | undefined {
    return this.all[number];
  }
  /** The first device without a file. */
  free(): number {
    return this.all.find(({ file }) => !file)?.index ?? -E.ENOSPC;
  }
}
