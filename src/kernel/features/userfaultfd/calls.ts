// userfaultfd(2). man 2 userfaultfd; Linux fs/userfaultfd.c.
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { UFFD_USER_MODE_ONLY } from "../../../abi/uapi/userfaultfd.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { newUserfault } from "./device.ts";
import { rightsOf } from "./rights.ts";

const userfaultfd = (t: Task, how: number): number => {
  const may = (how & UFFD_USER_MODE_ONLY) !== 0 || rightsOf(t.kernel).unprivileged === 1 || capable(t.cred, CAP.SYS_PTRACE);
  return may ? newUserfault(t, how) : -E.EPERM;
};

/** The call userfaultfd(2). */
export const userfaultCalls: readonly Syscall[] = [
  syscall(
    "userfaultfd",
    { flags: flags("int", { O_CLOEXEC, O_NONBLOCK, UFFD_USER_MODE_ONLY }, "UFFD_???") },
    (t, a) => userfaultfd(t, a.flags),
    {
      note: "no events of fork, mremap, madvise and munmap; not for files with a name. A system call that meets a fault begins again after it",
    },
  ),
];
