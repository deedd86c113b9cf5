// Signal numbers and sets. man 7 signal; Linux uapi asm/signal.h (x86: both ABIs number them alike).

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
type SignalName = (typeof names)[number];

/** `SIG.SIGCHLD` is 17. */
export const SIG = Object.fromEntries(names.map((name, i) => [name, i + 1])) as Record<SignalName, number>;
export const SIGRTMIN = 32;
export const NSIG = 64;

/** A number that clone(2) takes for an exit signal need be none. Linux valid_signal(), which takes 0 too. */
export const isSendable = (sig: number): boolean => sig >= 1 && sig <= NSIG;

/** As strace writes it: `SIGCHLD`, `SIGRT_5`. glibc keeps the first two real-time signals for itself, and strace counts from SIGRTMIN all the same. */
export const signalName = (sig: number): string =>
  names[sig - 1] ?? (sig >= SIGRTMIN && sig <= NSIG ? (sig === SIGRTMIN ? "SIGRTMIN" : `SIGRT_${sig - SIGRTMIN}`) : String(sig));

/** The number of a name as `signalName` gives it; 0: there is none. */
export const signalNumber = (name: string): number => {
  for (let sig = 1; sig <= NSIG; sig++) if (signalName(sig) === name) return sig;
  return 0;
};

/** Bit sig-1 for signal sig: the integer that sigset_t is in guest memory. */
export type SigSet = bigint;
export const NONE: SigSet = 0n;
export const sigbit = (sig: number): SigSet => 1n << BigInt(sig - 1);
export const setOf = (...sigs: number[]): SigSet => sigs.reduce((set, sig) => set | sigbit(sig), NONE);
export const has = (set: SigSet, sig: number): boolean => (set & sigbit(sig)) !== 0n;

/** Neither can be blocked, caught or ignored. */
export const UNBLOCKABLE = setOf(SIG.SIGKILL, SIG.SIGSTOP);
/** Raised by the instruction that runs: delivered before others. Linux include/linux/signal.h, SYNCHRONOUS_MASK. */
export const SYNCHRONOUS = setOf(SIG.SIGSEGV, SIG.SIGBUS, SIG.SIGILL, SIG.SIGTRAP, SIG.SIGFPE, SIG.SIGSYS);
export const STOPS = setOf(SIG.SIGSTOP, SIG.SIGTSTP, SIG.SIGTTIN, SIG.SIGTTOU);
/** Default action: nothing. Linux SIG_KERNEL_IGNORE_MASK. */
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
