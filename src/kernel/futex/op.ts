// FUTEX_WAKE_OP: changes the second word, then wakes by its old value. man 2 futex, FUTEX_WAKE_OP.
import { E } from "../../abi/errno.ts";
import type { AddressSpace } from "../../memory/space.ts";

const CHANGE: readonly ((old: number, arg: number) => number)[] = [
  (_, arg) => arg,
  (old, arg) => old + arg,
  (old, arg) => old | arg,
  (old, arg) => old & ~arg,
  (old, arg) => old ^ arg,
];
const COMPARE: readonly ((old: number, arg: number) => boolean)[] = [
  (old, arg) => old === arg,
  (old, arg) => old !== arg,
  (old, arg) => old < arg,
  (old, arg) => old <= arg,
  (old, arg) => old > arg,
  (old, arg) => old >= arg,
];
const SHIFT_ARGUMENT = 8;

/** Changes the word. True: the second futex's waiters are woken. -errno. Linux futex_atomic_op_inuser(). */
export const wakeOp = (mem: AddressSpace, address: number, encoded: number): boolean | number => {
  const op = (encoded >>> 28) & 7;
  const cmp = (encoded >>> 24) & 15;
  const raw = (encoded << 8) >> 20;
  const against = (encoded << 20) >> 20;
  const arg = ((encoded >>> 28) & SHIFT_ARGUMENT) !== 0 ? 1 << (raw & 31) : raw;
  const change = CHANGE[op];
  const compare = COMPARE[cmp];
  if (!change) return -E.ENOSYS;
  const old = mem.u32(address);
  if (old < 0 || !mem.setU32(address, change(old | 0, arg) >>> 0)) return -E.EFAULT;
  return compare ? compare(old | 0, against) : -E.ENOSYS;
};
