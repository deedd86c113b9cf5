// Numbers of System V IPC. Linux uapi linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h.

/** IPC_*: flags of the get calls, which share their low bits with the mode, and commands of the ctl calls. */
export const IPC = { PRIVATE: 0, CREAT: 0o1000, EXCL: 0o2000, NOWAIT: 0o4000, RMID: 0, SET: 1, STAT: 2, INFO: 3, V64: 0x100 } as const;

/** SHM_*: flags of shmget(2) and shmat(2), commands of shmctl(2), bits of the mode. */
// biome-ignore format: table
export const SHM = {
  HUGETLB: 0o4000, NORESERVE: 0o10000,
  RDONLY: 0o10000, RND: 0o20000, REMAP: 0o40000, EXEC: 0o100000,
  LOCK: 11, UNLOCK: 12, STAT: 13, INFO: 14, STAT_ANY: 15,
  DEST: 0o1000, LOCKED: 0o2000,
} as const;

/** SEM_*, GET* and SET*: the flag of semop(2) and the commands of semctl(2). */
// biome-ignore format: table
export const SEM = {
  UNDO: 0x1000,
  GETPID: 11, GETVAL: 12, GETALL: 13, GETNCNT: 14, GETZCNT: 15, SETVAL: 16, SETALL: 17, STAT: 18, INFO: 19, STAT_ANY: 20,
} as const;

/** MSG_*: flags of msgrcv(2) and commands of msgctl(2). */
export const MSG = { NOERROR: 0o10000, EXCEPT: 0o20000, COPY: 0o40000, STAT: 11, INFO: 12, STAT_ANY: 13 } as const;

/** The calls that ipc(2) of i386 holds. Linux uapi linux/ipc.h. */
// biome-ignore format: table
export const IPCCALL = {
  SEMOP: 1, SEMGET: 2, SEMCTL: 3, SEMTIMEDOP: 4, MSGSND: 11, MSGRCV: 12, MSGGET: 13, MSGCTL: 14, SHMAT: 21, SHMDT: 22, SHMGET: 23, SHMCTL: 24,
} as const;
