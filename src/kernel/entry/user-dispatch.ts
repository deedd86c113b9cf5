// Syscall User Dispatch: calls from outside of a region become SIGSYS while a byte of the program says so.
// man 2 PR_SET_SYSCALL_USER_DISPATCH; Linux kernel/entry/syscall_user_dispatch.c.
import type { Abi } from "../../abi/abi.ts";
import type { Task } from "../core/task.ts";
import { endProcess, forceSignal } from "../signal/send.ts";
import { kernelSignal, SI } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import type { Incoming } from "../syscall/call.ts";
import { rollBack } from "./roll-back.ts";
import { type EntryAction, entryAction } from "./verdict.ts";

/** SYSCALL_DISPATCH_FILTER_*: values of the byte. */
const SELECTOR = { ALLOW: 0, BLOCK: 1 } as const;

/** The return from a handler in the vDSO always runs: its two trampolines end with `int $0x80`. */
const isSigreturn = ({ program: { vdso } }: Task, ip: number, abi: Abi): boolean =>
  abi.long === 4 && vdso.sigreturn !== 0 && (ip === vdso.sigreturn + POP_MOV_INT || ip === vdso.rtSigreturn + MOV_INT);
const POP_MOV_INT = 8;
const MOV_INT = 7;

/** The first check of a call. Neither the tracer nor a filter sees a call that becomes SIGSYS. */
export const userDispatch = (task: Task, incoming: Incoming): EntryAction => {
  const { userDispatch: d } = task;
  const ip = task.kernel.processor.state.rip;
  if (!d || (ip >= d.offset && ip < d.offset + d.length) || isSigreturn(task, ip, incoming.abi)) return entryAction.run;
  if (d.selector !== 0) {
    const byte = task.mem.u8(d.selector);
    if (byte < 0) return end(task, SIG.SIGSEGV);
    if (byte === SELECTOR.ALLOW) return entryAction.run;
    if (byte !== SELECTOR.BLOCK) return end(task, SIG.SIGSYS);
  }
  rollBack(task, incoming.abi.auditArch);
  const { auditArch } = incoming.abi;
  const info = { ...kernelSignal(SIG.SIGSYS), code: SI.SYS_USER_DISPATCH, callAddr: BigInt(ip), syscall: task.origAx, arch: auditArch };
  forceSignal(task, { ...info, errno: 0 });
  return entryAction.untold;
};
/** Linux force_exit_sig(). */
const end = (task: Task, signal: number): EntryAction => {
  endProcess(task.process, signal);
  return entryAction.killed;
};
