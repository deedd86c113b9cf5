// Structures of System V IPC: those of today, and the old ones of i386's ipc(2). Linux uapi
// asm-generic/ipcbuf.h, shmbuf.h, msgbuf.h, asm/sembuf.h; asm/compat.h, ipc/*.c struct compat_*.
import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { bytes, type Field, type Struct, s32, s64, struct, u16, u32, ulong, word } from "../../../abi/struct.ts";
import type { Task } from "../../core/task.ts";
import { shownGid, shownUid } from "../../cred/user-namespace.ts";
import type { IpcObject } from "./ids.ts";

/** The structures of today, or the ones before Linux 2.4, which only ipc(2) gives. */
export type LayoutVersion = "now" | "old";

/** A time with a second word: its upper half on i386, 0 on x86-64. */
const timePair: Field<number> = {
  size: (a) => 2 * a.long,
  align: (a) => a.long,
  get: (v, at) => Number(v.getBigInt64(at, true)),
  put: (v, at, x) => v.setBigInt64(at, BigInt(x), true),
};

const padding = bytes(2);
const NONE = new Uint8Array(2);
const ipcPerm = { key: s32, uid: u32, gid: u32, cuid: u32, cgid: u32, mode: u32, seq: u16, pad: u16, unused1: ulong, unused2: ulong };
const oldPerm = { key: s32, uid: u16, gid: u16, cuid: u16, cgid: u16, mode: u16, seq: u16 };

/** The status of a segment, for shmctl(2): the current structure and the one without IPC_64. */
export const shmid = {
  now: struct("shmid64_ds", {
    ...ipcPerm,
    segsz: ulong,
    atime: s64,
    dtime: s64,
    ctime: s64,
    cpid: s32,
    lpid: s32,
    nattch: ulong,
    unused4: ulong,
    unused5: ulong,
  }),
  old: struct("shmid_ds", {
    ...oldPerm,
    segsz: s32,
    atime: s32,
    dtime: s32,
    ctime: s32,
    cpid: u16,
    lpid: u16,
    nattch: u16,
    unused: u16,
    unused2: u32,
    unused3: u32,
  }),
} as const;
/** The status of a semaphore set, for semctl(2): the current structure and the one without IPC_64. */
export const semid = {
  now: struct("semid64_ds", { ...ipcPerm, otime: timePair, ctime: timePair, nsems: ulong, unused3: ulong, unused4: ulong }),
  old: struct("semid_ds", { ...oldPerm, otime: s32, ctime: s32, base: u32, pending: u32, pending_last: u32, undo: u32, nsems: u16 }),
} as const;
/** The status of a queue, for msgctl(2): the current structure and the one without IPC_64. */
export const msqid = {
  now: struct("msqid64_ds", {
    ...ipcPerm,
    stime: s64,
    rtime: s64,
    ctime: s64,
    cbytes: ulong,
    qnum: ulong,
    qbytes: ulong,
    lspid: s32,
    lrpid: s32,
    unused4: ulong,
    unused5: ulong,
  }),
  old: struct("msqid_ds", {
    ...oldPerm,
    first: u32,
    last: u32,
    stime: s32,
    rtime: s32,
    ctime: s32,
    lcbytes: u32,
    lqbytes: u32,
    cbytes: u16,
    qnum: u16,
    qbytes: u16,
    lspid: u16,
    lrpid: u16,
  }),
} as const;

/** The answer of SHM_INFO: use of shared memory by all segments. */
export const shmInfo = struct("shm_info", {
  used_ids: s32,
  tot: ulong,
  rss: ulong,
  swp: ulong,
  swap_attempts: ulong,
  swap_successes: ulong,
});
/** The answer of IPC_INFO: the current structure and the one without IPC_64. */
export const shmLimits = {
  now: struct("shminfo64", {
    max: word,
    min: ulong,
    mni: ulong,
    seg: ulong,
    all: word,
    unused: ulong,
    unused2: ulong,
    unused3: ulong,
    unused4: ulong,
  }),
  old: struct("shminfo", { max: word, min: s32, mni: s32, seg: s32, all: word }),
} as const;
/** The answer of IPC_INFO and SEM_INFO for semaphores. man 2 semctl. */
// biome-ignore format: table
export const semInfo = struct("seminfo", {
  map: s32, mni: s32, mns: s32, mnu: s32, msl: s32, opm: s32, ume: s32, usz: s32, vmx: s32, aem: s32,
});
/** The answer of IPC_INFO and MSG_INFO for queues. man 2 msgctl. */
// biome-ignore format: table
export const msgInfo = struct("msginfo", {
  pool: s32, map: s32, max: s32, mnb: s32, mni: s32, ssz: s32, tql: s32, seg: u16, pad: padding,
});

/** The common members, as the task sees them. */
export const permOf = (t: Task, object: IpcObject) => {
  const { userNs } = t.cred;
  return {
    key: object.key,
    uid: shownUid(userNs, object.uid),
    gid: shownGid(userNs, object.gid),
    cuid: shownUid(userNs, object.cuid),
    cgid: shownGid(userNs, object.cgid),
    mode: object.mode,
    seq: object.seq,
  };
};

/** The members of any of these structures. */
type Members = Readonly<Record<string, number | bigint>>;
// biome-ignore lint/suspicious/noExplicitAny: the structures of both versions have different members
type AnyStruct = Struct<any>;
const wide: ReadonlySet<unknown> = new Set<unknown>([s64, word]);

/** Writes a structure. Members without a value are 0. Returns `result` or -EFAULT. */
export const put = (t: Task, at: number, of: AnyStruct, values: Members, abi: Abi, result: number): number => {
  const whole = Object.fromEntries(
    Object.entries(of.fields).map(([name, field]) => {
      const value = values[name] ?? 0;
      return [name, field === padding ? NONE : wide.has(field) ? BigInt(value) : Number(value)];
    }),
  );
  return t.mem.write(at, of.encode(whole, abi)) ? result : -E.EFAULT;
};

/** Reads a structure. Undefined: -EFAULT. */
export const get = (t: Task, at: number, of: AnyStruct, abi: Abi): Record<string, number> | undefined => {
  const read = t.mem.read(at, of.size(abi));
  return read && (of.decode(read, abi) as Record<string, number>);
};
/** 16-bit ids: 0xffff is -1. */
export const ownerOf = (x: Readonly<Record<string, number>>, version: LayoutVersion): { uid: number; gid: number; mode: number } => {
  const id = (n = 0): number => (version === "old" && n === 0xffff ? 0xffff_ffff : n);
  return { uid: id(x["uid"]), gid: id(x["gid"]), mode: x["mode"] ?? 0 };
};
