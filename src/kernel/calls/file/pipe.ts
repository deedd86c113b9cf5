// Files that are created without a name: pipes, memfds, eventfds. man 2 pipe, memfd_create, eventfd.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC, O_DIRECT, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { isHugeSize } from "../../../memory/huge/map.ts";
import type { Task } from "../../core/task.ts";
import { EFD_SEMAPHORE, EventFile } from "../../fs/files/eventfd.ts";
import { memfd } from "../../fs/types/memfd.ts";
import { secretMemory } from "../../fs/types/secretmem.ts";
import { install } from "../../fs/vfs/install.ts";
import { uint } from "../../syscall/arg.ts";
import { pipeFlags } from "../../syscall/arg-file.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { cstring, outStruct } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";

const pipe = (t: Task, at: VAddr, how: number): number => {
  if (how & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) return -E.EINVAL;
  const made = t.kernel.vfs.pipe(t, how);
  if (typeof made === "number") return made;
  const [reader, writer] = made;
  const cloexec = (how & O_CLOEXEC) !== 0;
  const fds = [install(t, reader, cloexec), install(t, writer, cloexec)] as const;
  const bad = fds.find((fd) => fd < 0) ?? (t.mem.write(at, new Uint8Array(Int32Array.from(fds).buffer)) ? 0 : -E.EFAULT);
  if (bad < 0) for (const fd of fds) if (fd >= 0) t.files.close(fd);
  return bad;
};
const pipefd = outStruct("int *", (ctx, at) => `[${ctx.task.mem.u32(at)}, ${ctx.task.mem.u32(at + 4)}]`);

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_HUGETLB = 4;
const MFD_NOEXEC_SEAL = 8;
const MFD_EXEC = 16;
const MFD_ALL = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | MFD_NOEXEC_SEAL | MFD_EXEC;
const MFD_HUGE_SIZE = 0xfc00_0000;
const MFD_NAME_MAX = 249;
const memfdCreate = (t: Task, at: VAddr, how: number): number => {
  // With MFD_HUGETLB the upper six bits are the size of a page.
  if (how & ~(MFD_ALL | (how & MFD_HUGETLB ? MFD_HUGE_SIZE : 0))) return -E.EINVAL;
  if ((how & (MFD_NOEXEC_SEAL | MFD_EXEC)) === (MFD_NOEXEC_SEAL | MFD_EXEC)) return -E.EINVAL;
  const name = t.mem.cString(at, MFD_NAME_MAX + 1);
  if (name === undefined) return -E.EFAULT;
  if (name.length > MFD_NAME_MAX) return -E.EINVAL;
  const noexec = (how & MFD_NOEXEC_SEAL) !== 0;
  if (how & MFD_HUGETLB && !isHugeSize(how)) return -E.ENODEV;
  const { memfds, hugeFiles } = t.kernel.vfs;
  const file = memfd(t, how & MFD_HUGETLB ? hugeFiles : memfds, name, { sealable: noexec || (how & MFD_ALLOW_SEALING) !== 0, noexec });
  return install(t, file, (how & MFD_CLOEXEC) !== 0);
};

const eventfd = (t: Task, count: number, how: number): number => {
  if (how & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK)) return -E.EINVAL;
  return install(t, new EventFile(t, count, how), (how & O_CLOEXEC) !== 0);
};
const eventFlags = flags("int", { EFD_SEMAPHORE, EFD_CLOEXEC: O_CLOEXEC, EFD_NONBLOCK: O_NONBLOCK }, "EFD_???");

/** Calls that create nameless files. man 2 pipe, memfd_create, memfd_secret, eventfd. */
export const pipeCalls: readonly Syscall[] = [
  syscall("pipe", { pipefd }, (t, a) => pipe(t, a.pipefd, 0)),
  syscall("pipe2", { pipefd, flags: pipeFlags }, (t, a) => pipe(t, a.pipefd, a.flags), { note: "O_DIRECT does not separate packets" }),
  syscall(
    "memfd_create",
    {
      name: cstring,
      flags: flags("unsigned int", { MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC }, "MFD_???"),
    },
    (t, a) => memfdCreate(t, a.name, a.flags),
  ),
  syscall("memfd_secret", { flags: flags("unsigned int", { O_CLOEXEC }) }, (t, a) =>
    a.flags & ~O_CLOEXEC ? -E.EINVAL : install(t, secretMemory(t, t.kernel.vfs.memfds), a.flags !== 0),
  ),
  syscall("eventfd", { count: uint }, (t, a) => eventfd(t, a.count, 0)),
  syscall("eventfd2", { count: uint, flags: eventFlags }, (t, a) => eventfd(t, a.count, a.flags)),
];
