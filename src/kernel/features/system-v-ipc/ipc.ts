// ipc(2): i386's common entry to all calls of System V IPC, which hides them from filters. Linux
// ipc/syscall.c compat_ksys_ipc().

import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { IPC, IPCCALL } from "../../../abi/uapi/ipc.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { hexInt, int, ptr, uint } from "../../syscall/arg.ts";
import type { ArgType } from "../../syscall/declaration.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { native } from "../../syscall/timespec.ts";
import type { LayoutVersion } from "./layout.ts";
import { msgctl, msgget, msgrcv, msgsnd } from "./msg.ts";
import { semctl, semget, semtimedop } from "./sem.ts";
import { shmat, shmctl, shmdt, shmget } from "./shm.ts";

interface Words {
  readonly version: number;
  readonly first: number;
  readonly second: number;
  readonly third: number;
  readonly ptr: number;
  readonly fifth: number;
}
type Call = (t: Task, a: Words, abi: Abi) => Result;

/** Structures of today if the command has IPC_64. */
const versionOf = (command: number): LayoutVersion => ((command & IPC.V64) !== 0 ? "now" : "old");
const plain = (command: number): number => command & ~IPC.V64;

const control: Call = (t, { first, second, third, ptr: at }, abi) => {
  if (at === 0) return -E.EINVAL;
  const arg = t.mem.u32(at);
  return arg < 0 ? -E.EFAULT : semctl(t, first, second, plain(third), { value: arg | 0, at: arg as VAddr }, versionOf(third), abi);
};
/** Version 0 has the pointer and the type in memory: struct ipc_kludge. */
const receive: Call = (t, { version, first, second, third, ptr: at, fifth }, abi) => {
  if (first < 0 || second < 0) return -E.EINVAL;
  if (version !== 0) return msgrcv(t, first, at, second, fifth | 0, third, abi);
  if (at === 0) return -E.EINVAL;
  const [to, type] = [t.mem.u32(at), t.mem.u32(at + 4)];
  return to < 0 || type < 0 ? -E.EFAULT : msgrcv(t, first, to, second, type | 0, third, abi);
};
/** The address goes to memory, because it may look like an errno. */
const attach: Call = (t, { version, first, second, third, ptr: at }) => {
  if (version === 1) return -E.EINVAL;
  const result = shmat(t, first, at, second);
  if (typeof result !== "number" || result < 0) return result;
  return t.mem.setU32(third >>> 0, result) ? 0 : -E.EFAULT;
};

const calls: Readonly<Record<number, Call>> = {
  [IPCCALL.SEMOP]: (t, a, abi) => semtimedop(t, a.first, a.ptr, a.second >>> 0, 0, native, abi),
  [IPCCALL.SEMTIMEDOP]: (t, a, abi) => semtimedop(t, a.first, a.ptr, a.second >>> 0, a.fifth >>> 0, native, abi),
  [IPCCALL.SEMGET]: (t, a) => semget(t, a.first, a.second, a.third),
  [IPCCALL.SEMCTL]: control,
  [IPCCALL.MSGSND]: (t, a, abi) => msgsnd(t, a.first, a.ptr, a.second < 0 ? Number.POSITIVE_INFINITY : a.second, a.third, abi),
  [IPCCALL.MSGRCV]: receive,
  [IPCCALL.MSGGET]: (t, a) => msgget(t, a.first, a.second),
  [IPCCALL.MSGCTL]: (t, a, abi) => msgctl(t, a.first, plain(a.second), a.ptr, versionOf(a.second), abi),
  [IPCCALL.SHMAT]: attach,
  [IPCCALL.SHMDT]: (t, a) => shmdt(t, a.ptr),
  [IPCCALL.SHMGET]: (t, a) => shmget(t, a.first, a.second >>> 0, a.third),
  [IPCCALL.SHMCTL]: (t, a, abi) => shmctl(t, a.first, plain(a.second), a.ptr, versionOf(a.second), abi),
};
const ipc = (t: Task, number: number, a: Omit<Words, "version">, abi: Abi): Result =>
  calls[number & 0xffff]?.(t, { ...a, version: number >>> 16 }, abi) ?? -E.ENOSYS;

const names: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(IPCCALL).map(([name, n]) => [n, name]));
const call: ArgType<number> = {
  ...uint,
  names: IPCCALL,
  show: (v) => {
    const name = names[v & 0xffff] ?? String(v & 0xffff);
    return v >>> 16 === 0 ? name : `${v >>> 16}<<16|${name}`;
  },
};
/** The call ipc(2) of i386. */
export const ipcCalls: readonly Syscall[] = [
  syscall("ipc", { call, first: int, second: int, third: hexInt, ptr, fifth: hexInt }, (t, a, abi) =>
    ipc(t, a.call, { ...a, third: a.third | 0, fifth: a.fifth | 0 }, abi),
  ),
];
