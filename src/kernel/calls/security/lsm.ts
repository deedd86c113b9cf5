// The list of Linux security modules, and their attributes, which none of them has. Linux
// security/lsm_syscalls.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { ptr, uint } from "../../syscall/arg.ts";
import { choice, flags } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";

/** uapi linux/lsm.h LSM_ID_CAPABILITY */
const CAPABILITY_ID = 100;
// biome-ignore format: table
const LSM_ATTR = {
  LSM_ATTR_CURRENT: 100, LSM_ATTR_EXEC: 101, LSM_ATTR_FSCREATE: 102, LSM_ATTR_KEYCREATE: 103, LSM_ATTR_PREV: 104, LSM_ATTR_SOCKCREATE: 105,
} as const;
const LSM_FLAG_SINGLE = 1;
/** struct lsm_ctx without its context: id, flags, len, ctx_len, of 8 bytes each. */
const CONTEXT = 32;
const PAGE = 4096;

const active = ({ kernel }: Task): readonly number[] => [
  CAPABILITY_ID,
  ...kernel.features.flatMap(({ security, isIn }) => (security && (isIn?.(kernel.profile) ?? true) ? security.id : [])),
];

const list = (t: Task, ids: VAddr, sizeAt: VAddr, how: number): number => {
  if (how !== 0) return -E.EINVAL;
  const given = t.mem.u32(sizeAt);
  if (given < 0) return -E.EFAULT;
  const all = new Uint8Array(new BigUint64Array(active(t).map(BigInt)).buffer);
  if (!t.mem.setU32(sizeAt, all.length)) return -E.EFAULT;
  if (given < all.length) return -E.E2BIG;
  return t.mem.write(ids, all) ? active(t).length : -E.EFAULT;
};

/** No module has attributes. Linux security_getselfattr(). */
const get = (t: Task, attr: number, context: VAddr, sizeAt: VAddr, how: number): number => {
  if (attr === 0 || sizeAt === 0) return -E.EINVAL;
  if (t.mem.u32(sizeAt) < 0) return -E.EFAULT;
  if (how !== 0) {
    if (context === 0 || how !== LSM_FLAG_SINGLE) return -E.EINVAL;
    const bytes = t.mem.read(context, CONTEXT);
    if (!bytes) return -E.EFAULT;
    if (bytes.subarray(0, 8).every((b) => b === 0)) return -E.EINVAL;
  }
  return t.mem.setU32(sizeAt, 0) ? -E.EOPNOTSUPP : -E.EFAULT;
};
/** Linux security_setselfattr(). */
const set = (t: Task, context: VAddr, size: number, how: number): number => {
  if (how !== 0 || size < CONTEXT) return -E.EINVAL;
  if (size > PAGE) return -E.E2BIG;
  const bytes = t.mem.read(context, size);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const [length, text] = [v.getBigUint64(16, true), v.getBigUint64(24, true)];
  return BigInt(size) < length || length < text + BigInt(CONTEXT) ? -E.EINVAL : -E.EOPNOTSUPP;
};

const attr = choice("unsigned int", { LSM_ATTR_UNDEF: 0, ...LSM_ATTR }, "LSM_ATTR_???");
/** Calls on security modules. Linux Documentation/userspace-api/lsm.rst. */
export const lsmCalls: readonly Syscall[] = [
  syscall("lsm_get_self_attr", { attr, ctx: { ...ptr, out: true }, size: ptr, flags: flags("unsigned int", { LSM_FLAG_SINGLE }) }, (t, a) =>
    get(t, a.attr, a.ctx, a.size, a.flags),
  ),
  syscall("lsm_set_self_attr", { attr, ctx: ptr, size: uint, flags: uint }, (t, a) => set(t, a.ctx, a.size, a.flags)),
  syscall("lsm_list_modules", { ids: { ...ptr, out: true }, size: ptr, flags: uint }, (t, a) => list(t, a.ids, a.size, a.flags)),
];
