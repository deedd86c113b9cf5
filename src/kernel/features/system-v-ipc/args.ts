// Argument types of System V IPC, shown as strace shows them.

import type { VAddr } from "../../../abi/brand.ts";
import { IPC, MSG, SEM, SHM } from "../../../abi/uapi/ipc.ts";
import { int, ptr } from "../../syscall/arg.ts";
import { octal } from "../../syscall/arg-file.ts";
import { choice, choiceText, flags, flagText } from "../../syscall/arg-flags.ts";
import { inStruct } from "../../syscall/arg-string.ts";
import type { ArgType } from "../../syscall/declaration.ts";

/** key_t. */
export const key: ArgType<number> = { ...int, c: "key_t", show: (v) => (v === 0 ? "IPC_PRIVATE" : `0x${(v >>> 0).toString(16)}`) };

const getFlags = (names: Readonly<Record<string, number>>): ArgType<number> => ({
  ...int,
  names,
  combines: true,
  show: (v) => [flagText(v & ~0o777, names, ""), octal(v & 0o777)].filter((s) => s !== "").join("|"),
});
const made = { IPC_CREAT: IPC.CREAT, IPC_EXCL: IPC.EXCL };
/** Flags of semget(2) and msgget(2): bits and a mode. */
export const ipcGetFlags = getFlags(made);
/** Flags of shmget(2). */
export const shmGetFlags = getFlags({ ...made, SHM_HUGETLB: SHM.HUGETLB, SHM_NORESERVE: SHM.NORESERVE });
/** Flags of shmat(2). */
export const shmatFlags = flags("int", { SHM_RDONLY: SHM.RDONLY, SHM_RND: SHM.RND, SHM_REMAP: SHM.REMAP, SHM_EXEC: SHM.EXEC }, "SHM_???");
/** Flags of msgsnd(2) and msgrcv(2). */
export const msgFlags = flags(
  "int",
  { IPC_NOWAIT: IPC.NOWAIT, MSG_NOERROR: MSG.NOERROR, MSG_EXCEPT: MSG.EXCEPT, MSG_COPY: MSG.COPY },
  "MSG_???",
);
const common = { IPC_RMID: IPC.RMID, IPC_SET: IPC.SET, IPC_STAT: IPC.STAT, IPC_INFO: IPC.INFO };
/** The structures of 64 bits, which is what all 64-bit programs have. */
const IPC_64 = 0x100;
const control = (names: Readonly<Record<string, number>>, unknown: string): ArgType<number> => {
  const all = { ...common, ...names };
  const show = (v: number): string =>
    (v & IPC_64) === 0 ? choiceText(v, all, unknown) : `IPC_64|${choiceText(v & ~IPC_64, all, unknown)}`;
  return { ...choice("int", all, unknown), show };
};
/** Commands of shmctl(2). */
export const shmCommand = control(
  { SHM_LOCK: SHM.LOCK, SHM_UNLOCK: SHM.UNLOCK, SHM_STAT: SHM.STAT, SHM_INFO: SHM.INFO, SHM_STAT_ANY: SHM.STAT_ANY },
  "SHM_???",
);
/** Commands of semctl(2). */
// biome-ignore format: table
export const semCommand = control({
  GETPID: SEM.GETPID, GETVAL: SEM.GETVAL, GETALL: SEM.GETALL, GETNCNT: SEM.GETNCNT, GETZCNT: SEM.GETZCNT, SETVAL: SEM.SETVAL,
  SETALL: SEM.SETALL, SEM_STAT: SEM.STAT, SEM_INFO: SEM.INFO, SEM_STAT_ANY: SEM.STAT_ANY,
}, "SEM_???");
/** Commands of msgctl(2). */
export const msgCommand = control({ MSG_STAT: MSG.STAT, MSG_INFO: MSG.INFO, MSG_STAT_ANY: MSG.STAT_ANY }, "MSG_???");

const opFlags = { IPC_NOWAIT: IPC.NOWAIT, SEM_UNDO: SEM.UNDO };
/** Operations shown at most. */
const SHOWN_OPS = 32;
/** An array of struct sembuf; the argument `nsops` has its length. */
export const semOps = inStruct("struct sembuf *", (ctx, at) => {
  const count = ctx.all["nsops"] as number;
  const words = ctx.task.mem.read(at, 6 * Math.max(0, Math.min(count, SHOWN_OPS)));
  if (!words || count === 0) return undefined;
  const view = new DataView(words.buffer);
  const parts = Array.from({ length: words.length / 6 }, (_, i) => {
    const [num, op, how] = [view.getUint16(6 * i, true), view.getInt16(6 * i + 2, true), view.getInt16(6 * i + 4, true)];
    return `{sem_num=${num}, sem_op=${op}, sem_flg=${flagText(how, opFlags)}}`;
  });
  return `[${parts.join(", ")}${count > SHOWN_OPS ? ", ..." : ""}]`;
});

/** union semun of semctl(2): a value or a pointer. */
export interface Union {
  readonly value: number;
  readonly at: VAddr;
}
/** The fourth argument of semctl(2). */
export const semUnion: ArgType<Union> = {
  c: "union semun",
  decode: (raw, i, abi) => ({ value: (raw[2 * i] as number) | 0, at: ptr.decode(raw, i, abi) }),
  show: ({ value, at }, ctx) => (ctx.all["cmd"] === SEM.SETVAL ? String(value) : ptr.show(at, ctx)),
};
