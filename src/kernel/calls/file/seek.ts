// The file offset. man 2 lseek, man 2 _llseek.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from "../../fs/files/regular.ts";
import { fd, long, ptr, uint } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { outStruct } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";

const whence = choice("unsigned int", { SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE }, "SEEK_???");

const seek = (t: Task, fd: number, offset: number, how: number): number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  return how < SEEK_SET || how > SEEK_HOLE ? -E.EINVAL : file.seek(t, offset, how);
};

const result = outStruct("loff_t *", (ctx, at) => `[${ctx.task.mem.u64(at)}]`);

/** Calls on the file offset. man 2 lseek, _llseek. */
export const seekCalls: readonly Syscall[] = [
  syscall("lseek", { fd, offset: long, whence }, (t, a, abi) => {
    const to = seek(t, a.fd, a.offset, a.whence);
    return abi.long === 4 && to > 0x7fffffff ? -E.EOVERFLOW : to;
  }),
  syscall("_llseek", { fd, offset_high: uint, offset_low: uint, result: { ...ptr, ...result }, whence }, (t, a) => {
    const to = seek(t, a.fd, (a.offset_high | 0) * 2 ** 32 + a.offset_low, a.whence);
    if (to < 0) return to;
    return t.mem.setU64(a.result, to, Math.floor(to / 2 ** 32)) ? 0 : -E.EFAULT;
  }),
];
