// Calls on an address space. man 2 mmap, mremap, brk; Linux mm/mmap.c. src/memory/calls implements them.

import { type Abi, i386 } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { long, struct, ulong as ulongField } from "../../../abi/struct.ts";
import { MAP } from "../../../abi/uapi/mman.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import * as memory from "../../../memory/calls/index.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { charged } from "../../core/charged.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { in32BitCall } from "../../core/x32-call.ts";
import { touchAccess } from "../../fs/files/regular.ts";
import { hexLong, hexText, int, ptr, uint, ulong } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { address, advice, anyFd, mapFlags, mlockallFlags, mremapFlags, msyncFlags, prot } from "../../syscall/arg-process.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { madvise, mincore, msync, thenPopulate } from "./pieces.ts";

const fileOf = (t: Task, fd: number, offset: number, length: number): MappedFile | "anonymous" | number => {
  const file = t.files.get(fd);
  return file ? file.mapping(t, offset, length) : -E.EBADF;
};

/** Linux ksys_mmap_pgoff(). */
const mmap = (t: Task, at: number, length: number, protection: number, how: number, fd: number, offset: number): Result =>
  thenPopulate(t, (later) => mapNow(t, { at, length, prot: protection, flags: how, offset, compat: in32BitCall(t) }, fd, later));
const mapNow = (t: Task, request: Omit<memory.MapRequest, "file">, fd: number, later: memory.Populate): number => {
  const { length, flags: how } = request;
  if ((how & MAP.ANONYMOUS) !== 0) return memory.mmap(t.mem, request, later);
  const file = fileOf(t, fd, request.offset, length);
  // The error of a file that cannot be mapped comes last, from its mmap method; EBADF comes first.
  if (typeof file === "number") return length === 0 && file !== -E.EBADF ? -E.EINVAL : file;
  if (file === "anonymous") {
    const unwritable = t.files.get(fd)?.writable !== true;
    return memory.mmap(t.mem, { ...request, flags: how | MAP.ANONYMOUS, unwritable }, later);
  }
  const at = memory.mmap(t.mem, { ...request, file, offset: request.offset - (file.begin ?? 0) }, later);
  const opened = t.files.get(fd);
  if (at >= 0 && opened?.inode.isFile) touchAccess(opened);
  return at;
};

/** i386's first mmap has its six arguments in memory. Linux arch/x86/kernel/sys_ia32.c ia32_mmap. */
const MMAP_ARGS = struct("mmap_arg_struct32", {
  addr: ulongField,
  len: ulongField,
  prot: ulongField,
  flags: ulongField,
  fd: long,
  offset: ulongField,
});
const oldMmap = (t: Task, at: number, abi: Abi): Result => {
  const bytes = t.mem.read(at, MMAP_ARGS.size(abi));
  if (!bytes) return -E.EFAULT;
  const a = MMAP_ARGS.decode(bytes, abi);
  return a.offset % PAGE_SIZE !== 0 ? -E.EINVAL : mmap(t, a.addr, a.len, a.prot, a.flags, a.fd, a.offset);
};

const mlock2Flags = flags("int", { MLOCK_ONFAULT: 1 }, "MLOCK_???");

const map = { addr: address, length: ulong, prot, flags: mapFlags, fd: anyFd } as const;
/** mmap2 counts pages; strace shows bytes. */
const pages = { ...ulong, show: (v: number) => hexText(v * PAGE_SIZE) };
const range = { addr: address, length: ulong } as const;

const mlock = (t: Task, at: number, length: number, how = 0): Result =>
  thenPopulate(t, (later) => memory.mlock(t.mem, at, length, how, later), memory.lockError);
const mprotect = (t: Task, at: number, length: number, protection: number): number =>
  charged(t.kernel, t.mem, () => memory.mprotect(t.mem, at, length, protection));

/** Calls on the caller's own memory. man 2 mmap, mprotect, brk, madvise, mlock. */
export const memoryCalls: readonly Syscall[] = [
  syscall(
    "mmap",
    { ...map, offset: hexLong },
    (t, a) => (a.offset % PAGE_SIZE !== 0 ? -E.EINVAL : mmap(t, a.addr, a.length, a.prot, a.flags, a.fd, a.offset)),
    {
      only: "x64",
      hexResult: true,
      note: "pages of MAP_DROPPABLE are never dropped",
    },
  ),
  syscall("mmap", { arg: ptr }, (t, a, abi) => oldMmap(t, a.arg, abi), { only: i386.name, hexResult: true }),
  syscall("mmap2", { ...map, pgoff: pages }, (t, a) => mmap(t, a.addr, a.length, a.prot, a.flags, a.fd, a.pgoff * PAGE_SIZE), {
    hexResult: true,
  }),
  syscall("munmap", range, (t, a) => charged(t.kernel, t.mem, () => memory.munmap(t.mem, a.addr, a.length))),
  syscall("mprotect", { ...range, prot }, (t, a) => mprotect(t, a.addr, a.length, a.prot)),
  syscall("pkey_mprotect", { ...range, prot, pkey: int }, (t, a) => (a.pkey === -1 ? mprotect(t, a.addr, a.length, a.prot) : -E.EINVAL), {
    note: "the processor has no protection keys",
  }),
  // Linux pkey_alloc() on a processor without OSPKE.
  syscall(
    "pkey_alloc",
    { flags: uint, access_rights: uint },
    (_t, a) => (a.flags !== 0 || (a.access_rights & ~3) !== 0 ? -E.EINVAL : -E.ENOSPC),
    {
      note: "the processor has no protection keys",
    },
  ),
  syscall("pkey_free", { pkey: int }, () => -E.EINVAL, { note: "the processor has no protection keys" }),
  syscall(
    "mremap",
    { old_address: address, old_size: ulong, new_size: ulong, flags: mremapFlags, new_address: address },
    (t, a) =>
      thenPopulate(t, (later) =>
        memory.mremap(t.mem, a.old_address, a.old_size, a.new_size, a.flags, a.new_address, in32BitCall(t), later),
      ),
    { hexResult: true },
  ),
  syscall("brk", { addr: address }, (t, a) => thenPopulate(t, (later) => memory.brk(t.mem, a.addr, later)), { hexResult: true }),
  syscall("madvise", { ...range, advice }, (t, a) => madvise(t, a.addr, a.length, a.advice), {
    note: "no MADV_HWPOISON",
  }),
  syscall("mincore", { ...range, vec: address }, (t, a) => mincore(t, a.addr, a.length, a.vec)),
  syscall("msync", { ...range, flags: msyncFlags }, (t, a) => msync(t, a.addr, a.length, a.flags)),
  syscall("remap_file_pages", { addr: address, size: ulong, prot: ulong, pgoff: ulong, flags: mapFlags }, (t, a) =>
    thenPopulate(t, (later) => memory.remapFilePages(t.mem, a.addr, a.size, a.prot, a.pgoff, later)),
  ),
  syscall("mlock", range, (t, a) => mlock(t, a.addr, a.length)),
  syscall("mlock2", { ...range, flags: mlock2Flags }, (t, a) => mlock(t, a.addr, a.length, a.flags)),
  syscall("munlock", range, (t, a) => charged(t.kernel, t.mem, () => memory.munlock(t.mem, a.addr, a.length))),
  syscall("mlockall", { flags: mlockallFlags }, (t, a) => thenPopulate(t, (later) => memory.mlockall(t.mem, a.flags, later))),
  syscall("munlockall", {}, (t) => memory.munlockall(t.mem)),
];
