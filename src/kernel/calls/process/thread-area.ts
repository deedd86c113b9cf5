// Segment bases and descriptors of user code. man 2 arch_prctl, set_thread_area, modify_ldt;
// Linux arch/x86/kernel/process_64.c, tls.c, ldt.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import { GDT_TLS_MAX, GDT_TLS_MIN } from "../../base/selectors.ts";
import type { Task } from "../../core/task.ts";
import { int, ptr, ulong } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { inStruct } from "../../syscall/arg-string.ts";
import { type ShowContext, type Syscall, syscall } from "../../syscall/declaration.ts";
import {
  ARCH,
  archPrctl64,
  descriptorOf,
  getThreadArea,
  isEmpty,
  readUserDesc,
  setThreadArea,
  UD,
  USER_DESC_SIZE,
  type UserDesc,
} from "../../task/thread-pointer.ts";

const archCode = choice("int", ARCH, "ARCH_???");

/** The codes of a 32-bit door: all but those for segment bases. */
const archPrctl = (t: Task, code: number, address: VAddr, abi: Abi): number => {
  if (code === ARCH.ARCH_GET_CPUID) return 1;
  if (code === ARCH.ARCH_SET_CPUID) return -E.ENODEV;
  return abi.long === 8 ? archPrctl64(t.kernel.processor, code, address, t.mem) : -E.EINVAL;
};

const isTls = (selector: number): boolean => selector >> 3 >= GDT_TLS_MIN && selector >> 3 <= GDT_TLS_MAX;
const isLdt = (selector: number): boolean => (selector & 4) !== 0;

const LDT_ENTRIES = 8192;
const LDT_ENTRY_SIZE = 8;

const readLdt = (t: Task, to: VAddr, count: number): number => {
  const { table } = t.ldt;
  if (!table) return 0;
  const size = Math.min(count, LDT_ENTRIES * LDT_ENTRY_SIZE);
  const bytes = new Uint8Array(size);
  bytes.set(table.subarray(0, size));
  return t.mem.write(to, bytes) ? size : -E.EFAULT;
};

/** The default LDT, which has been empty since 2.6. */
const readDefaultLdt = (t: Task, to: VAddr, count: number): number => {
  const size = Math.min(count, 128);
  return t.mem.clear(to, size) ? size : -E.EFAULT;
};

/** Linux write_ldt(). `old` is the first form of the call: no useable bit, and an all-zero entry clears. */
const writeLdt = (t: Task, from: VAddr, count: number, old: boolean): number => {
  if (count !== USER_DESC_SIZE) return -E.EINVAL;
  const bytes = t.mem.read(from, USER_DESC_SIZE);
  if (!bytes) return -E.EFAULT;
  const d: UserDesc = readUserDesc(bytes);
  if (d.entry < 0 || d.entry >= LDT_ENTRIES) return -E.EINVAL;
  if ((d.flags & UD.CONTENTS) === UD.CONTENTS && (old || (d.flags & UD.SEG_NOT_PRESENT) === 0)) return -E.EINVAL;
  const clears = (old && d.base === 0 && d.limit === 0) || isEmpty(d);
  // A 16-bit stack segment leaks the kernel's stack pointer without ESPFIX64. This kernel has it (X86_16BIT).
  const entry = clears ? new Uint8Array(LDT_ENTRY_SIZE) : descriptorOf(old ? { ...d, flags: d.flags & ~UD.USEABLE } : d);
  const size = (d.entry + 1) * LDT_ENTRY_SIZE;
  const had = t.ldt.table?.length ?? 0;
  // A table in the processor does not grow in place.
  if (!t.ldt.table || had < size) {
    const { frames, garbage } = t.kernel;
    if (!frames.account.canTake(size - had)) return -E.ENOMEM;
    garbage.add(t.ldt, size);
    const table = new Uint8Array(size);
    if (t.ldt.table) table.set(t.ldt.table);
    t.kernel.charge(size * cost.byte);
    t.ldt.table = table;
  }
  t.ldt.table.set(entry, d.entry * LDT_ENTRY_SIZE);
  for (const other of t.kernel.tasks.values()) if (other.ldt === t.ldt && other !== t) other.staleSegments = true;
  t.kernel.scheduler.reloadSegments(t, isLdt);
  return 0;
};

const modifyLdt = (t: Task, func: number, at: VAddr, count: number): number => {
  switch (func) {
    case 0:
      return readLdt(t, at, count);
    case 1:
      return writeLdt(t, at, count, true);
    case 2:
      return readDefaultLdt(t, at, count);
    case 0x11:
      return writeLdt(t, at, count, false);
    default:
      return -E.ENOSYS;
  }
};

/** `{entry_number=-1, base_addr=0x…, …}`: strace's print_user_desc(). */
const descText = ({ entry, base, limit, flags }: UserDesc): string => {
  const bit = (name: string, mask: number): string => `${name}=${(flags & mask) === 0 ? 0 : 1}`;
  return `{${[
    `entry_number=${entry}`,
    `base_addr=0x${base.toString(16)}`,
    `limit=0x${limit.toString(16).padStart(5, "0")}`,
    bit("seg_32bit", UD.SEG_32BIT),
    `contents=${(flags & UD.CONTENTS) >> 1}`,
    bit("read_exec_only", UD.READ_EXEC_ONLY),
    bit("limit_in_pages", UD.LIMIT_IN_PAGES),
    bit("seg_not_present", UD.SEG_NOT_PRESENT),
    bit("useable", UD.USEABLE),
  ].join(", ")}}`;
};
const descAt = (ctx: ShowContext, at: number): UserDesc | undefined => {
  const bytes = ctx.task.mem.read(at, USER_DESC_SIZE);
  return bytes && readUserDesc(bytes);
};
const userDesc = inStruct("struct user_desc *", (ctx, at) => {
  const d = descAt(ctx, at);
  return d && descText(d);
});
/** Writes the number of the entry that the kernel chose. */
const entryChosen = (ctx: ShowContext): string => `entry_number=${descAt(ctx, ctx.all["u_info"] as number)?.entry}`;

/** Calls on segments of user code. man 2 arch_prctl, set_thread_area, modify_ldt. */
export const threadAreaCalls: readonly Syscall[] = [
  syscall("arch_prctl", { code: archCode, addr: ptr }, (t, a, abi) => archPrctl(t, a.code, a.addr, abi), {
    note: "no CPUID faulting, no shadow stacks, no dynamic XSAVE features",
  }),
  // Only the 32-bit door has it: Linux arch/x86/entry/syscalls/syscall_64.tbl leaves number 205 out.
  syscall(
    "set_thread_area",
    { u_info: userDesc },
    (t, a) => {
      const result = setThreadArea(t, a.u_info, true);
      if (result === 0) t.kernel.scheduler.reloadSegments(t, isTls);
      return result;
    },
    { only: "i386", remark: entryChosen },
  ),
  syscall("get_thread_area", { u_info: ptr }, (t, a) => getThreadArea(t, a.u_info), { only: "i386" }),
  // The result is an int that a 32-bit register holds: do_syscall_64 sees it zero-extended.
  syscall("modify_ldt", { func: int, ptr, bytecount: ulong }, (t, a) => {
    const result = modifyLdt(t, a.func, a.ptr, a.bytecount);
    return result < 0 ? result + 2 ** 32 : result;
  }),
];
