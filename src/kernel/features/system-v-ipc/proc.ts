// /proc/sysvipc and the limits of System V IPC in /proc/sys/kernel. man 5 proc_sysvipc, proc_sys_kernel;
// Linux ipc/util.c sysvipc_proc_show(), ipc/ipc_sysctl.c.

import { E } from "../../../abi/errno.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { shownGid, shownUid } from "../../cred/user-namespace.ts";
import type { FixedTree } from "../../fs/proc/tree/fixed-tree.ts";
import type { ProcContent, ProcRecord } from "../../fs/proc/tree/node.ts";
import { numbersWriter } from "../../fs/proc/tree/numbers.ts";
import { IPCMNI, type IpcIds, type IpcObject } from "./ids.ts";
import { type SystemV, systemVOf } from "./namespace.ts";

const right = (width: number, value: number | bigint): string => String(value).padStart(width);

/** A table: its header, and a line per object in order of index. */
const table = <T extends IpcObject>(header: string, ids: (ns: SystemV) => IpcIds<T>, row: (t: Task, object: T) => string): ProcContent => ({
  isSource: false,
  *records(task: Task, from: number): Generator<ProcRecord> {
    if (from === 0) yield { text: `${header}\n`, next: 1 };
    for (const object of ids(systemVOf(task)).all(Math.max(0, from - 1))) {
      yield { text: `${row(task, object)}\n`, next: (object.id & (IPCMNI - 1)) + 2 };
    }
  },
});
const first = ({ key, id, mode }: IpcObject): string => `${right(10, key)} ${right(10, id)}  ${mode.toString(8).padStart(4)}`;
const owners = (t: Task, { uid, gid, cuid, cgid }: IpcObject): string => {
  const { userNs } = t.cred;
  return [shownUid(userNs, uid), shownGid(userNs, gid), shownUid(userNs, cuid), shownGid(userNs, cgid)].map((id) => right(5, id)).join(" ");
};
const pid = (t: Task, id: number): string => right(5, t.pidNs.numberOf(id));

const shm = table(
  "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap",
  (ns) => ns.shm,
  (t, s) =>
    `${first(s)} ${right(21, s.bytes)} ${pid(t, s.creator.pid)} ${pid(t, s.lastPid)}  ${right(5, s.attached)} ${owners(t, s)} ` +
    `${right(10, s.atime)} ${right(10, s.dtime)} ${right(10, s.ctime)} ${right(21, s.resident * PAGE_SIZE)} ${right(21, 0)}`,
);
const sem = table(
  "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime",
  (ns) => ns.sem,
  (t, s) => `${first(s)} ${right(10, s.count)} ${owners(t, s)} ${right(10, s.otime)} ${right(10, s.ctime)}`,
);
const msg = table(
  "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime",
  (ns) => ns.msg,
  (t, q) =>
    `${first(q)}  ${right(10, q.bytes)} ${right(10, q.messages.size)} ${pid(t, q.lastSender)} ${pid(t, q.lastReceiver)} ${owners(t, q)} ` +
    `${right(10, q.stime)} ${right(10, q.rtime)} ${right(10, q.ctime)}`,
);
/** The files of /proc/sysvipc. */
export const sysvipcFiles: FixedTree = { msg, sem, shm };

const mayWrite =
  (cap: number) =>
  ({ cred, namespaces: { ipc } }: Task): boolean =>
    capableIn(cred, ipc.owner, cap);

/** A limit of the namespace, of up to `most` numbers. `set` gets those of a write, within bounds. */
const limit = (
  get: (ns: SystemV) => string | number | bigint,
  set: (ns: SystemV, values: readonly bigint[]) => void,
  min: bigint,
  max: bigint,
  cap: number = CAP.SYS_RESOURCE,
  most = 1,
): ProcContent => ({
  read: (task) => `${get(systemVOf(task))}\n`,
  write: numbersWriter(
    most,
    (values, task) => {
      if (values.some((v) => v < min || v > max)) return -E.EINVAL;
      set(systemVOf(task), values);
      return 0;
    },
    mayWrite(cap),
  ),
});
type Numeric = "shmmni" | "shmRmidForced" | "msgmax" | "msgmnb" | "msgmni";
const simple = (name: Numeric, min: number, max: number): ProcContent =>
  limit(
    (ns) => ns[name],
    (ns, [value]) => {
      ns[name] = Number(value);
      if (name === "shmRmidForced" && value === 1n) for (const s of ns.shm.all()) if (s.creator.ended !== undefined) s.endIfUnused();
    },
    BigInt(min),
    BigInt(max),
  );
const large = (name: "shmmax" | "shmall"): ProcContent =>
  limit(
    (ns) => ns[name],
    (ns, [value]) => {
      ns[name] = value as bigint;
    },
    0n,
    2n ** 64n - 1n,
  );
const next = (kind: "shm" | "sem" | "msg"): ProcContent =>
  limit(
    (ns) => ns[kind].nextId,
    (ns, [value]) => {
      ns[kind].nextId = Number(value);
    },
    0n,
    0x7fffffffn,
    CAP.CHECKPOINT_RESTORE,
  );
const INT_MAX = 0x7fffffff;
/** The files of /proc/sys/kernel. */
export const ipcSysctls: FixedTree = {
  auto_msgmni: limit(
    () => 0,
    () => {},
    0n,
    1n,
  ),
  msg_next_id: next("msg"),
  msgmax: simple("msgmax", 0, INT_MAX),
  msgmnb: simple("msgmnb", 0, INT_MAX),
  msgmni: simple("msgmni", 0, IPCMNI),
  sem: limit(
    (ns) => ns.sems.join("\t"),
    (ns, values) => {
      ns.sems = [0, 1, 2, 3].map((i) => Number(values[i] ?? ns.sems[i])) as unknown as SystemV["sems"];
    },
    0n,
    BigInt(INT_MAX),
    CAP.SYS_RESOURCE,
    4,
  ),
  sem_next_id: next("sem"),
  shm_next_id: next("shm"),
  shm_rmid_forced: simple("shmRmidForced", 0, 1),
  shmall: large("shmall"),
  shmmax: large("shmmax"),
  shmmni: simple("shmmni", 0, IPCMNI),
};
