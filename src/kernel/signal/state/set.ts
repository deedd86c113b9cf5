// Signal numbers and sets. man 7 signal; Linux uapi asm/signal.h (x86: the same numbers in both ABIs).

const names = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGKILL",
  "SIGUSR1",
  "SIGSEGV",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGTERM",
  "SIGSTKFLT",
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "SIGPWR",
  "SIGSYS",
] as const;
/** A name of `signalName`: strace's names, real-time signals counted from SIGRTMIN. */
export type SignalName = (typeof names)[number] | "SIGRTMIN" | `SIGRT_${number}`;
/** The names of all signals that are no real-time signals, in the order of their numbers. */
export const signalNames: readonly SignalName[] = names;

const numbered = <Name extends string>(list: readonly Name[]): Readonly<Record<Name, number>> =>
  Object.fromEntries(list.map((name, i) => [name, i + 1])) as Record<Name, number>;
/** Signal numbers by name: `SIG.SIGCHLD` is 17. */
export const SIG: Readonly<Record<(typeof names)[number], number>> = /* @__PURE__ */ numbered(names);
/** The first real-time signal. glibc reserves the first two. */
export const SIGRTMIN = 32;
/** The last signal. */
export const NSIG = 64;

/**
 * False for 0 and for a number above NSIG. clone(2) accepts those as exit signal. Linux valid_signal(), which
 * accepts 0.
 */
export const isSendable = (sig: number): boolean => sig >= 1 && sig <= NSIG;

/** strace's name: `SIGCHLD`, `SIGRT_5`. strace counts from SIGRTMIN, though glibc reserves the first two. */
export const signalName = (sig: number): string =>
  names[sig - 1] ?? (sig >= SIGRTMIN && sig <= NSIG ? (sig === SIGRTMIN ? "SIGRTMIN" : `SIGRT_${sig - SIGRTMIN}`) : String(sig));

/** The number of a name of `signalName`. 0: unknown name. */
export const signalNumber = (name: string): number => {
  for (let sig = 1; sig <= NSIG; sig++) if (signalName(sig) === name) return sig;
  return 0;
};

/** Bit sig-1 for signal sig: the integer of sigset_t in guest memory. */
export type SigSet = bigint;
/** sizeof(sigset_t) in bytes, the same in all ABIs. */
export const SIGSET_SIZE = 8;
/** The empty set. */
export const NONE: SigSet = 0n;
/** The set of one signal. */
export const sigbit = (sig: number): SigSet => 1n << BigInt(sig - 1);
/** The set of some signals. */
export const setOf = (...sigs: number[]): SigSet => sigs.reduce((set, sig) => set | sigbit(sig), NONE);
/** True if the set has the signal. */
export const has = (set: SigSet, sig: number): boolean => (set & sigbit(sig)) !== 0n;

/** SIGKILL and SIGSTOP cannot be blocked, caught or ignored. */
export const UNBLOCKABLE = setOf(SIG.SIGKILL, SIG.SIGSTOP);
/**
 * Signals of the running instruction, delivered before others. Linux include/linux/signal.h,
 * SYNCHRONOUS_MASK.
 */
export const SYNCHRONOUS = setOf(SIG.SIGSEGV, SIG.SIGBUS, SIG.SIGILL, SIG.SIGTRAP, SIG.SIGFPE, SIG.SIGSYS);
/** Default action: stop. Linux SIG_KERNEL_STOP_MASK. */
export const STOPS = setOf(SIG.SIGSTOP, SIG.SIGTSTP, SIG.SIGTTIN, SIG.SIGTTOU);
/** Default action: ignore. Linux SIG_KERNEL_IGNORE_MASK. */
export const IGNORED_BY_DEFAULT = setOf(SIG.SIGCONT, SIG.SIGCHLD, SIG.SIGWINCH, SIG.SIGURG);
/** Default action: end with the core bit. Linux SIG_KERNEL_COREDUMP_MASK. */
export const DUMPS_CORE = setOf(
  SIG.SIGQUIT,
  SIG.SIGILL,
  SIG.SIGTRAP,
  SIG.SIGABRT,
  SIG.SIGFPE,
  SIG.SIGSEGV,
  SIG.SIGBUS,
  SIG.SIGSYS,
  SIG.SIGXCPU,
  SIG.SIGXFSZ,
);
