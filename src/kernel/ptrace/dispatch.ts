// PTRACE_SET_ and GET_SYSCALL_USER_DISPATCH_CONFIG. Linux kernel/entry/syscall_user_dispatch.c.
import { vaddr } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { entryWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";
import { setUserDispatch } from "../task/user-dispatch.ts";

/** sizeof(struct ptrace_sud_config): mode, selector, offset, len. */
const SIZE = 32;

/** 0 or -errno. `size`: of the structure at `at` in the tracer's memory. */
export const getDispatch = (tracer: Task, target: Task, size: number, at: number): number => {
  if (size !== SIZE) return -E.EINVAL;
  const { userDispatch: d } = target;
  const isOn = (target.entryWork & entryWork.dispatch) !== 0;
  const words = new BigUint64Array([
    isOn ? 1n : 0n,
    BigInt(d?.selector ?? 0),
    BigInt(d?.offset ?? 0),
    BigInt.asUintN(64, BigInt(d?.length ?? 0)),
  ]);
  return tracer.mem.write(at, new Uint8Array(words.buffer)) ? 0 : -E.EFAULT;
};
/** The same for the change. */
export const setDispatch = (tracer: Task, target: Task, size: number, at: number): number => {
  if (size !== SIZE) return -E.EINVAL;
  const bytes = tracer.mem.read(at, SIZE);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const word = (i: number): number => vaddr(v.getUint32(8 * i, true), v.getUint32(8 * i + 4, true));
  return setUserDispatch(target, word(0), word(2), word(3), word(1));
};
