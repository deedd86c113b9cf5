// The ways to an instance of userfaultfd(2): the call, and /dev/userfaultfd. Linux fs/userfaultfd.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { UFFD_USER_MODE_ONLY, USERFAULTFD_IOC_NEW } from "../../../abi/uapi/userfaultfd.ts";
import type { Task } from "../../core/task.ts";
import { FileDescription } from "../../fs/vfs/file.ts";
import { install } from "../../fs/vfs/install.ts";
import { UserfaultFile } from "./file.ts";

/** A new instance as a descriptor, or -EINVAL. Linux new_userfaultfd(). */
export const newUserfault = (t: Task, how: number): number => {
  if (how & ~(O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY)) return -E.EINVAL;
  return install(t, new UserfaultFile(t, (how & O_NONBLOCK) !== 0, (how & UFFD_USER_MODE_ONLY) !== 0), (how & O_CLOEXEC) !== 0);
};

/** /dev/userfaultfd: USERFAULTFD_IOC_NEW makes an instance. Linux userfaultfd_dev_ioctl(). */
export class UserfaultDevice extends FileDescription {
  override ioctl(task: Task, request: number, arg: VAddr): number {
    return request === USERFAULTFD_IOC_NEW ? newUserfault(task, arg) : -E.EINVAL;
  }
}
