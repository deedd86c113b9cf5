// Resource limits. man 2 getrlimit; Linux uapi asm-generic/resource.h.

/** RLIMIT_*: indexes of a process's limits. */
export const RLIMIT = {
  CPU: 0,
  FSIZE: 1,
  DATA: 2,
  STACK: 3,
  CORE: 4,
  RSS: 5,
  NPROC: 6,
  NOFILE: 7,
  MEMLOCK: 8,
  AS: 9,
  LOCKS: 10,
  SIGPENDING: 11,
  MSGQUEUE: 12,
  NICE: 13,
  RTPRIO: 14,
  RTTIME: 15,
} as const;

/** /proc/sys/kernel/pid_max, after which pids begin again behind the reserved ones. Linux kernel/pid.c */
export const PID_MAX = 4_194_304;
/** Process ids below this are not used again after the first round. Linux RESERVED_PIDS. */
export const RESERVED_PIDS = 300;

/** One limit. RLIM_INFINITY is Infinity here and has its own encoding in each ABI. */
export interface Rlimit {
  readonly soft: number;
  readonly hard: number;
}

/** The limits of Debian with 1 GiB of memory: INIT_RLIMITS in Linux include/asm-generic/resource.h. */
export const initialLimits = (): Rlimit[] => {
  const limits = new Array<Rlimit>(16).fill({ soft: Infinity, hard: Infinity });
  limits[RLIMIT.STACK] = { soft: 8 << 20, hard: Infinity };
  limits[RLIMIT.CORE] = { soft: 0, hard: Infinity };
  limits[RLIMIT.NPROC] = { soft: 3880, hard: 3880 };
  limits[RLIMIT.NOFILE] = { soft: 1024, hard: 1 << 20 };
  limits[RLIMIT.MEMLOCK] = { soft: 8 << 20, hard: 8 << 20 };
  limits[RLIMIT.SIGPENDING] = { soft: 3880, hard: 3880 };
  limits[RLIMIT.MSGQUEUE] = { soft: 819200, hard: 819200 };
  limits[RLIMIT.NICE] = { soft: 0, hard: 0 };
  limits[RLIMIT.RTPRIO] = { soft: 0, hard: 0 };
  return limits;
};
