// The objects of one kind of System V IPC in a namespace, by identifier and by key. man 7 sysvipc; Linux
// ipc/util.c.
import { E } from "../../../abi/errno.ts";
import { IPC } from "../../../abi/uapi/ipc.ts";
import type { Cred } from "../../cred/cred.ts";

/** The bits of an identifier that are the index. The sequence number is above them. Linux IPCMNI_SHIFT. */
const INDEX_BITS = 15;
/** The greatest number of objects, an upper limit for the sysctl. Linux ipc_mni. */
export const IPCMNI = 1 << INDEX_BITS;
/** An index is not used again before so many others. Linux ipc_min_cycle. */
const LEAST_CYCLE = 64;
const SEQUENCE_END = 0x7fffffff >> INDEX_BITS;

/** Owner, creator and mode of an object. Ids are the kernel's. Linux struct kern_ipc_perm. */
export abstract class IpcObject {
  key: number;
  id = -1;
  seq = 0;
  uid: number;
  gid: number;
  readonly cuid: number;
  readonly cgid: number;
  mode: number;
  /** IPC_RMID has removed it. Waiting calls return EIDRM. */
  removed = false;
  /** Seconds since 1970 of the last change by a ctl call. */
  ctime: number;

  constructor(cred: Cred, key: number, mode: number, now: number) {
    this.key = key;
    this.mode = mode & 0o777;
    this.uid = this.cuid = cred.euid;
    this.gid = this.cgid = cred.egid;
    this.ctime = now;
  }
}

/** The objects of one kind. Linux struct ipc_ids. */
export class IpcIds<T extends IpcObject> {
  private readonly _slots: (T | undefined)[] = [];
  private readonly _keys = new Map<number, T>();
  private _next = 0;
  private _last = -1;
  private _seq = 0;
  /** The identifier of the next object, or -1: /proc/sys/kernel/*_next_id. */
  nextId = -1;
  inUse = 0;

  /** The object with a key other than IPC_PRIVATE. */
  withKey(key: number): T | undefined {
    return this._keys.get(key);
  }
  /** The object at an index, for the STAT commands. The sequence number of `id` is ignored. */
  at(id: number): T | number {
    return this._slots[id & (IPCMNI - 1)] ?? -E.EINVAL;
  }
  /** The object with this identifier, or -EINVAL. Linux ipc_obtain_object_check(). */
  get(id: number): T | number {
    if (id < 0) return -E.EINVAL;
    const object = this._slots[id & (IPCMNI - 1)];
    return object !== undefined && object.seq === id >> INDEX_BITS ? object : -E.EINVAL;
  }
  /** All objects from index `from` on. */
  *all(from = 0): Generator<T> {
    for (let i = from; i < this._slots.length; i++) {
      const object = this._slots[i];
      if (object) yield object;
    }
  }
  /** The highest used index; 0 if there is none, as the INFO commands return it. */
  get highest(): number {
    return Math.max(0, this._slots.length - 1);
  }

  /** Gives an object an identifier: that, or -ENOSPC. `limit`: the sysctl. Linux ipc_addid(). */
  add(object: T, limit: number): number {
    if (this.inUse >= Math.min(limit, IPCMNI)) return -E.ENOSPC;
    const index = this.nextId >= 0 ? this._chosen(object) : this._cyclic(object);
    this.nextId = -1;
    if (index < 0) return -E.ENOSPC;
    this._slots[index] = object;
    this.inUse++;
    if (object.key !== IPC.PRIVATE) this._keys.set(object.key, object);
    return (object.id = object.seq * IPCMNI + index);
  }
  private _cyclic(object: T): number {
    const end = Math.min(IPCMNI, Math.max(Math.floor((this.inUse * 3) / 2), LEAST_CYCLE));
    const free = this._free(this._next, end);
    const index = free >= 0 ? free : this._free(0, end);
    if (index < 0) return index;
    this._next = index + 1;
    if (index <= this._last && ++this._seq >= SEQUENCE_END) this._seq = 0;
    this._last = index;
    object.seq = this._seq;
    return index;
  }
  private _chosen(object: T): number {
    object.seq = this.nextId >> INDEX_BITS;
    return this._free(this.nextId & (IPCMNI - 1), IPCMNI);
  }
  private _free(from: number, end: number): number {
    for (let i = from; i < end; i++) if (this._slots[i] === undefined) return i;
    return -1;
  }

  /** The key becomes free for another object. */
  forgetKey(object: T): void {
    if (object.key !== IPC.PRIVATE) this._keys.delete(object.key);
    object.key = IPC.PRIVATE;
  }
  /** Removes an object. */
  remove(object: T): void {
    if (object.removed) return;
    object.removed = true;
    if (object.key !== IPC.PRIVATE) this._keys.delete(object.key);
    this._slots[object.id & (IPCMNI - 1)] = undefined;
    this.inUse--;
    while (this._slots.length > 0 && this._slots[this._slots.length - 1] === undefined) this._slots.pop();
  }
}
