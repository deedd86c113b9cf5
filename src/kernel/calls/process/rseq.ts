// rseq(2): registration of restartable sequences. Linux kernel/rseq.c.
import { BAD_ADDRESS, type VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { exitWork } from "../../base/pending-work.ts";
import type { Task } from "../../core/task.ts";
import { hexInt, ptr } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { resetArea } from "../../task/rseq.ts";

const UNREGISTER = 1;
/** Size of the area since Linux 4.18, in bytes. glibc uses it unless AT_RSEQ_FEATURE_SIZE is larger. */
const ORIGINAL_SIZE = 32;
const ALIGNMENT = 32;

const unregister = (t: Task, area: VAddr, size: number, signature: number): number => {
  const { rseq } = t;
  if (!rseq || rseq.area !== area || rseq.size !== size) return -E.EINVAL;
  if (rseq.signature !== signature) return -E.EPERM;
  if (!resetArea(t, area)) return -E.EFAULT;
  t.rseq = undefined;
  return 0;
};

const register = (t: Task, area: VAddr, size: number, signature: number): number => {
  const { rseq } = t;
  if (rseq) {
    if (rseq.area !== area || rseq.size !== size) return -E.EINVAL;
    return rseq.signature === signature ? -E.EBUSY : -E.EPERM;
  }
  if (size < ORIGINAL_SIZE || (area > 0 && area % ALIGNMENT !== 0)) return -E.EINVAL;
  if (area === BAD_ADDRESS) return -E.EFAULT;
  if (area === 0) return 0;
  t.rseq = { area, size, signature };
  // The return to user code writes the processor number.
  t.exitWork |= exitWork.rseq;
  return 0;
};

/** The call rseq(2). */
export const rseqCalls: readonly Syscall[] = [
  syscall("rseq", { rseq: ptr, rseq_len: hexInt, flags: flags("int", { RSEQ_FLAG_UNREGISTER: UNREGISTER }), sig: hexInt }, (t, a) => {
    if (a.flags === UNREGISTER) return unregister(t, a.rseq, a.rseq_len, a.sig);
    return a.flags === 0 ? register(t, a.rseq, a.rseq_len, a.sig) : -E.EINVAL;
  }),
];
