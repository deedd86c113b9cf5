// siginfo_t as strace shows it. man 2 sigaction; strace src/printsiginfo.c.

import { USER_HZ } from "../core/usage.ts";
import { layoutOf, SIGINFO_SIZE, siginfo } from "../signal/layout.ts";
import { SI, type SigInfo } from "../signal/state/info.ts";
import { signalName } from "../signal/state/set.ts";
import type { Text } from "../syscall/declaration.ts";

const siCodes = new Map<number, string>([
  [SI.USER, "SI_USER"],
  [SI.KERNEL, "SI_KERNEL"],
  [SI.QUEUE, "SI_QUEUE"],
  [SI.TIMER, "SI_TIMER"],
  [-3, "SI_MESGQ"],
  [-4, "SI_ASYNCIO"],
  [SI.SIGIO, "SI_SIGIO"],
  [SI.TKILL, "SI_TKILL"],
]);
/** si_code of signals that the kernel raises, by the signal. man 2 sigaction. */
const codesOf: Partial<Record<string, readonly string[]>> = {
  SIGILL: ["", "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC"],
  SIGFPE: ["", "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV", "FPE_FLTSUB"],
  SIGSEGV: ["", "SEGV_MAPERR", "SEGV_ACCERR"],
  SIGBUS: ["", "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR"],
  SIGTRAP: ["", "TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT"],
  SIGCHLD: ["", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"],
  SIGSYS: ["", "SYS_SECCOMP", "SYS_USER_DISPATCH"],
};

/** `3 /* 0.03 s *\/`: strace's print_clock_t(). */
const clockText = (ticks: number): string => (ticks === 0 ? "0" : `${ticks} /* ${(ticks / USER_HZ).toFixed(2)} s */`);

/** `{si_signo=SIGCHLD, si_code=CLD_EXITED, …}`. */
export const infoText = (info: SigInfo): string => {
  const name = signalName(info.signo);
  const code = siCodes.get(info.code) ?? codesOf[name]?.[info.code] ?? String(info.code);
  const members = [`si_signo=${name}`, `si_code=${code}`];
  if (info.pid !== undefined) members.push(`si_pid=${info.pid}`, `si_uid=${info.uid ?? 0}`);
  if (info.status !== undefined) members.push(`si_status=${code === "CLD_EXITED" ? info.status : signalName(info.status)}`);
  if (info.utime !== undefined) members.push(`si_utime=${clockText(info.utime)}`, `si_stime=${clockText(info.stime ?? 0)}`);
  if (info.addr !== undefined) members.push(`si_addr=${info.addr === 0n ? "NULL" : `0x${info.addr.toString(16)}`}`);
  if (info.callAddr !== undefined) members.push(`si_call_addr=0x${info.callAddr.toString(16)}`, `si_syscall=${info.syscall}`);
  return `{${members.join(", ")}}`;
};

/** siginfo_t in memory. */
const inMemory: Text = (ctx, at) => {
  const bytes = ctx.task.mem.read(at, SIGINFO_SIZE);
  if (!bytes) return undefined;
  const { signo, code } = siginfo.kill.decode(bytes, ctx.abi);
  if (signo === 0) return "{}";
  const known = siginfo[layoutOf(signo, code)].decode(bytes, ctx.abi) as unknown as SigInfo & { union?: undefined };
  return infoText({ ...known, signo, code });
};
/** siginfo_t of waitid(2), which has no times. */
const child: Text = (ctx, at) => {
  const bytes = ctx.task.mem.read(at, SIGINFO_SIZE);
  if (!bytes) return undefined;
  const { signo, code, pid, uid, status } = siginfo.child.decode(bytes, ctx.abi);
  return signo === 0 ? "{}" : infoText({ signo, code, pid, uid, status, utime: 0, stime: 0 });
};

/** siginfo_t. */
export const signalTexts = { siginfo: inMemory, childInfo: child } satisfies Record<string, Text>;
