// Reading the filters of a tracee, for checkpoints. Linux kernel/seccomp.c seccomp_get_filter(),
// seccomp_get_metadata().
import { E } from "../../abi/errno.ts";
import { encodeProgram } from "../../seccomp/bpf/insn.ts";
import type { Filter } from "../../seccomp/filter.ts";
import { filterFlags } from "../../seccomp/profile/profile.ts";
import type { Task } from "../core/task.ts";
import { CAP, capable } from "../cred/cred.ts";
import { isFiltered, seccompSuspended } from "./attach.ts";

/** The filter with an index, where 0 is the oldest, or -errno. */
const nth = (tracer: Task, target: Task, index: number): Filter | number => {
  const free = !tracer.seccomp && !seccompSuspended(tracer);
  if (!capable(tracer.cred, CAP.SYS_ADMIN) || !free) return -E.EACCES;
  if (!isFiltered(target)) return -E.EINVAL;
  const head = target.seccomp?.filter ?? null;
  const back = (head?.depth ?? 0) - 1 - index;
  let filter = head;
  for (let i = 0; filter && i < back; i++) filter = filter.prev;
  return back < 0 || !filter ? -E.ENOENT : filter;
};

/** Copies the original program to `at`, if it is not 0. Returns its length, or -errno. */
export const getFilter = (tracer: Task, target: Task, index: number, at: number): number => {
  const filter = nth(tracer, target, index);
  if (typeof filter === "number") return filter;
  if (at !== 0 && !tracer.mem.write(at, encodeProgram(filter.program))) return -E.EFAULT;
  return filter.program.length;
};

/** struct seccomp_metadata { u64 filter_off; u64 flags; }. Size in bytes. */
const METADATA_SIZE = 16;
/** PTRACE_SECCOMP_GET_METADATA. The copied size, or -errno. */
export const getMetadata = (tracer: Task, target: Task, size: number, at: number): number => {
  const free = !tracer.seccomp && !seccompSuspended(tracer);
  if (!capable(tracer.cred, CAP.SYS_ADMIN) || !free) return -E.EACCES;
  const used = Math.min(size, METADATA_SIZE);
  if (used < 8) return -E.EINVAL;
  const bytes = tracer.mem.read(at, 8);
  if (!bytes) return -E.EFAULT;
  const index = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const filter = nth(tracer, target, index);
  if (typeof filter === "number") return filter;
  const out = new DataView(new ArrayBuffer(METADATA_SIZE));
  out.setBigUint64(0, BigInt(index), true);
  out.setBigUint64(8, BigInt(filter.log ? filterFlags.LOG : 0), true);
  return tracer.mem.write(at, new Uint8Array(out.buffer, 0, used)) ? used : -E.EFAULT;
};
