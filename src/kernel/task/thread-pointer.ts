// Thread-local storage: descriptors in the GDT (set_thread_area) and segment bases (arch_prctl).
// Linux arch/x86/kernel/tls.c, process_64.c do_arch_prctl_64().
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { at, S } from "../../cpu/machine/state.ts";
import { descriptor, GDT_TLS_MAX, GDT_TLS_MIN } from "../base/selectors.ts";
import type { Task } from "./task.ts";

/**
 * struct user_desc of set_thread_area and modify_ldt: entry_number, base_addr, limit, bit fields. Linux uapi
 * asm/ldt.h.
 */
export interface UserDesc {
  entry: number;
  base: number;
  limit: number;
  flags: number;
}
/** Size of struct user_desc in bytes. */
export const USER_DESC_SIZE = 16;
/** Bit fields of `flags`. */
export const UD = { SEG_32BIT: 1, CONTENTS: 6, READ_EXEC_ONLY: 8, LIMIT_IN_PAGES: 16, SEG_NOT_PRESENT: 32, USEABLE: 64, LM: 128 } as const;

/** A struct user_desc from its 16 bytes. */
export const readUserDesc = (b: Uint8Array): UserDesc => {
  // A DataView for a small array is slow to create.
  const word = (i: number): number =>
    (b[i] as number) | ((b[i + 1] as number) << 8) | ((b[i + 2] as number) << 16) | ((b[i + 3] as number) << 24);
  return { entry: word(0), base: word(4) >>> 0, limit: word(8) >>> 0, flags: word(12) >>> 0 };
};
/** The 16 bytes of a struct user_desc. */
export const userDescBytes = (d: UserDesc): Uint8Array => {
  const v = new DataView(new ArrayBuffer(USER_DESC_SIZE));
  v.setInt32(0, d.entry, true);
  v.setUint32(4, d.base, true);
  v.setUint32(8, d.limit, true);
  v.setUint32(12, d.flags, true);
  return new Uint8Array(v.buffer);
};

/** Linux LDT_empty(): this entry is cleared. The all-zero form below clears only in set_thread_area. */
export const isEmpty = (d: UserDesc): boolean =>
  d.base === 0 && d.limit === 0 && (d.flags & 0x7f) === (UD.READ_EXEC_ONLY | UD.SEG_NOT_PRESENT);
/** Linux LDT_zero(): all members are zero. */
export const isZero = (d: UserDesc): boolean => d.base === 0 && d.limit === 0 && (d.flags & 0x7f) === 0;

/** The 8 bytes of a descriptor. Linux fill_ldt(). */
export const descriptorOf = (d: UserDesc): Uint8Array => {
  const contents = (d.flags & UD.CONTENTS) >> 1;
  const type = ((d.flags & UD.READ_EXEC_ONLY) === 0 ? 2 : 0) | (contents << 2) | 1;
  const present = (d.flags & UD.SEG_NOT_PRESENT) === 0 ? 0x80 : 0;
  const flags =
    ((d.flags & UD.USEABLE) !== 0 ? 1 : 0) | ((d.flags & UD.SEG_32BIT) !== 0 ? 4 : 0) | ((d.flags & UD.LIMIT_IN_PAGES) !== 0 ? 8 : 0);
  return descriptor(d.base, d.limit, 0x70 | present | type, flags);
};

/** The user_desc of a descriptor, for get_thread_area. Linux fill_user_desc(). */
export const userDescOf = (entry: number, bytes: Uint8Array): UserDesc => {
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const type = v.getUint8(5);
  const high = v.getUint8(6);
  const set = (on: boolean, bit: number): number => (on ? bit : 0);
  return {
    entry,
    base: (v.getUint16(2, true) | (v.getUint8(4) << 16) | (v.getUint8(7) << 24)) >>> 0,
    limit: v.getUint16(0, true) | ((high & 0xf) << 16),
    flags:
      set((high & 0x40) !== 0, UD.SEG_32BIT) |
      (((type >> 2) & 3) << 1) |
      set((type & 2) === 0, UD.READ_EXEC_ONLY) |
      set((high & 0x80) !== 0, UD.LIMIT_IN_PAGES) |
      set((type & 0x80) === 0, UD.SEG_NOT_PRESENT) |
      set((high & 0x10) !== 0, UD.USEABLE) |
      set((high & 0x20) !== 0, UD.LM),
  };
};

/** Linux tls_desc_okay(): no code, no 16-bit and no absent segments. */
const isAllowed = (d: UserDesc): boolean =>
  isEmpty(d) || isZero(d) || ((d.flags & UD.SEG_32BIT) !== 0 && (d.flags & UD.CONTENTS) <= 2 && (d.flags & UD.SEG_NOT_PRESENT) === 0);

/** Index of the first empty entry, or -1. */
const freeEntry = (tls: Uint8Array): number => {
  for (let at = 0; at < tls.length; at += 8) {
    let n = at;
    while (n < at + 8 && tls[n] === 0) n++;
    if (n === at + 8) return at / 8;
  }
  return -1;
};
const tlsEntry = (task: Task, i: number): Uint8Array => task.tls.subarray(8 * i, 8 * i + 8);

/** Linux do_set_thread_area(). `entry` -1 allocates one and writes its number. 0 or -errno. */
export const setThreadArea = (task: Task, address: number, mayAllocate: boolean): number => {
  const b = task.mem.read(address, USER_DESC_SIZE);
  if (!b) return -E.EFAULT;
  const d = readUserDesc(b);
  if (!isAllowed(d)) return -E.EINVAL;
  if (d.entry === -1 && mayAllocate) {
    const free = freeEntry(task.tls);
    if (free < 0) return -E.ESRCH;
    d.entry = GDT_TLS_MIN + free;
    if (!task.mem.setU32(address, d.entry)) return -E.EFAULT;
  }
  if (d.entry < GDT_TLS_MIN || d.entry > GDT_TLS_MAX) return -E.EINVAL;
  const tls = task.tls.slice();
  tls.set(isEmpty(d) || isZero(d) ? new Uint8Array(8) : descriptorOf(d), 8 * (d.entry - GDT_TLS_MIN));
  task.tls = tls;
  return 0;
};

/** Linux do_get_thread_area(). 0 or -errno. */
export const getThreadArea = (task: Task, address: number): number => {
  const entry = task.mem.u32(address);
  if (entry < 0) return -E.EFAULT;
  if (entry < GDT_TLS_MIN || entry > GDT_TLS_MAX) return -E.EINVAL;
  return task.mem.write(address, userDescBytes(userDescOf(entry, tlsEntry(task, entry - GDT_TLS_MIN)))) ? 0 : -E.EFAULT;
};

/** The user_descs of all entries, as a debugger sees them. Linux arch/x86/kernel/tls.c regset_tls_get(). */
export const threadAreas = (task: Task): Uint8Array => {
  const count = GDT_TLS_MAX - GDT_TLS_MIN + 1;
  const out = new Uint8Array(count * USER_DESC_SIZE);
  for (let i = 0; i < count; i++) out.set(userDescBytes(userDescOf(GDT_TLS_MIN + i, tlsEntry(task, i))), i * USER_DESC_SIZE);
  return out;
};

/** CLONE_SETTLS for a new task: its registers are in task.registers. 0 or -errno. */
export const setThreadPointer = (child: Task, abi: Abi, tls: number): number => {
  if (abi.tls === "descriptor") {
    child.staleSegments = true;
    return setThreadArea(child, tls, false);
  }
  if (tls < 0 || tls >= child.mem.layout.taskSize) return -E.EPERM;
  const v = new DataView(child.registers.buffer);
  v.setBigUint64(at.segBase + 8 * S.fs, BigInt(tls), true);
  v.setUint32(at.segSelector + 4 * S.fs, 0, true);
  return 0;
};
