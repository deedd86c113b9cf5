// Thread-local storage: descriptors in the GDT (set_thread_area) and segment bases (arch_prctl).
// Linux arch/x86/kernel/tls.c, process_64.c do_arch_prctl_64().
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { at, S } from "../../cpu/machine/state.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { loadSegment, type Processor } from "../base/processor.ts";
import { descriptor, GDT_TLS_MAX, GDT_TLS_MIN } from "../base/selectors.ts";
import type { Task } from "../core/task.ts";

/** uapi asm/prctl.h: the codes of arch_prctl(2). */
export const ARCH = {
  ARCH_SET_GS: 0x1001,
  ARCH_SET_FS: 0x1002,
  ARCH_GET_FS: 0x1003,
  ARCH_GET_GS: 0x1004,
  ARCH_GET_CPUID: 0x1011,
  ARCH_SET_CPUID: 0x1012,
  ARCH_GET_XCOMP_SUPP: 0x1021,
  ARCH_GET_XCOMP_PERM: 0x1022,
  ARCH_REQ_XCOMP_PERM: 0x1023,
  ARCH_CET_STATUS: 0x3001,
} as const;

const setBase = (cpu: Processor, segment: number, base: number): number => {
  // The limit is TASK_SIZE_MAX, not the program's own limit. BAD_ADDRESS is negative.
  if (base < 0 || base >= 2 ** 47 - 4096) return -E.EPERM;
  loadSegment(cpu, segment, 0);
  cpu.state.u64[(at.segBase >> 3) + segment] = BigInt(base);
  cpu.segments.refresh();
  return 0;
};
const getBase = ({ state }: Processor, segment: number, mem: AddressSpace, to: number): number =>
  mem.write(to, new Uint8Array(state.u64.slice((at.segBase >> 3) + segment, (at.segBase >> 3) + segment + 1).buffer)) ? 0 : -E.EFAULT;

/**
 * Linux do_arch_prctl_64(), for the task whose registers are loaded: reads or changes the base of fs or gs.
 * `mem` is the caller's memory, in which `address` lies when a base is read. 0 or -errno.
 */
export const archPrctl64 = (cpu: Processor, code: number, address: number, mem: AddressSpace): number => {
  switch (code) {
    case ARCH.ARCH_SET_FS:
      return setBase(cpu, S.fs, address);
    case ARCH.ARCH_SET_GS:
      return setBase(cpu, S.gs, address);
    case ARCH.ARCH_GET_FS:
      return getBase(cpu, S.fs, mem, address);
    case ARCH.ARCH_GET_GS:
      return getBase(cpu, S.gs, mem, address);
    default:
      return -E.EINVAL;
  }
};

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

/** The memory with the struct user_desc of a call, and the entry of the call: -1 is that of the structure. */
interface AreaCall {
  readonly mem: AddressSpace;
  readonly entry: number;
}

/** The entries of a task from the descriptions `descs`. Linux set_tls_desc(). */
const putEntries = (task: Task, first: number, descs: readonly UserDesc[]): void => {
  const tls = task.tls.slice();
  descs.forEach((d, i) => {
    tls.set(isEmpty(d) || isZero(d) ? new Uint8Array(8) : descriptorOf(d), 8 * (first - GDT_TLS_MIN + i));
  });
  task.tls = tls;
};

/**
 * Linux do_set_thread_area(). An entry of -1 in the call and in the structure allocates one and writes its
 * number, if that is allowed. 0 or -errno.
 */
export const setThreadArea = (
  task: Task,
  address: number,
  mayAllocate: boolean,
  { mem, entry }: AreaCall = { mem: task.mem, entry: -1 },
): number => {
  const b = mem.read(address, USER_DESC_SIZE);
  if (!b) return -E.EFAULT;
  const d = readUserDesc(b);
  if (!isAllowed(d)) return -E.EINVAL;
  let number = entry === -1 ? d.entry : entry;
  if (number === -1 && mayAllocate) {
    const free = freeEntry(task.tls);
    if (free < 0) return -E.ESRCH;
    number = GDT_TLS_MIN + free;
    if (!mem.setU32(address, number)) return -E.EFAULT;
  }
  if (number < GDT_TLS_MIN || number > GDT_TLS_MAX) return -E.EINVAL;
  putEntries(task, number, [d]);
  return 0;
};

/** Linux do_get_thread_area(). 0 or -errno. */
export const getThreadArea = (task: Task, address: number, { mem, entry }: AreaCall = { mem: task.mem, entry: -1 }): number => {
  const number = entry === -1 ? mem.u32(address) : entry;
  if (number < 0) return -E.EFAULT;
  if (number < GDT_TLS_MIN || number > GDT_TLS_MAX) return -E.EINVAL;
  return mem.write(address, userDescBytes(userDescOf(number, tlsEntry(task, number - GDT_TLS_MIN)))) ? 0 : -E.EFAULT;
};

/** All entries of a task, each as a struct user_desc. Linux regset_tls_get(). */
export const threadAreas = (task: Task): Uint8Array => {
  const out = new Uint8Array(USER_DESC_SIZE * (GDT_TLS_MAX - GDT_TLS_MIN + 1));
  for (let number = GDT_TLS_MIN; number <= GDT_TLS_MAX; number++)
    out.set(userDescBytes(userDescOf(number, tlsEntry(task, number - GDT_TLS_MIN))), USER_DESC_SIZE * (number - GDT_TLS_MIN));
  return out;
};

/** The first entries of a task from their struct user_desc, in order. Linux regset_tls_set(). 0 or -errno. */
export const setThreadAreas = (task: Task, bytes: Uint8Array): number => {
  const count = bytes.length / USER_DESC_SIZE;
  const descs = Array.from({ length: count }, (_, i) => readUserDesc(bytes.subarray(USER_DESC_SIZE * i)));
  if (!descs.every(isAllowed)) return -E.EINVAL;
  putEntries(task, GDT_TLS_MIN, descs);
  return 0;
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
