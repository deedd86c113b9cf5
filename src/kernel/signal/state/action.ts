// Signal actions of a process. man 2 sigaction; Linux include/uapi/asm-generic/signal-defs.h.
import { i386, x32 } from "../../../abi/abi.ts";
import { WaitQueue } from "../../base/wait.ts";
import { NSIG, type SigSet } from "./set.ts";

/** Handler values that are no address. */
export const SIG_DFL = 0;
/** The signal is ignored. */
export const SIG_IGN = 1;

/**
 * SA_*. The kernel sets three of them. IA32_ABI, X32_ABI: a 32-bit door or an x32 call set the action, so its
 * handler gets that ABI's frame. IMMUTABLE: a forced fatal signal, which no tracer and no other thread may
 * change.
 */
export const SA = {
  NOCLDSTOP: 0x1,
  NOCLDWAIT: 0x2,
  SIGINFO: 0x4,
  UNSUPPORTED: 0x400,
  EXPOSE_TAGBITS: 0x800,
  IMMUTABLE: 0x0080_0000,
  X32_ABI: x32.frameFlag,
  IA32_ABI: i386.frameFlag,
  RESTORER: 0x0400_0000,
  ONSTACK: 0x0800_0000,
  RESTART: 0x1000_0000,
  NODEFER: 0x4000_0000,
  RESETHAND: 0x8000_0000,
} as const;
/** Bits that sigaction stores; the others read 0. Linux UAPI_SA_FLAGS and SA_RESTORER. */
export const SA_KNOWN =
  SA.NOCLDSTOP | SA.NOCLDWAIT | SA.SIGINFO | SA.EXPOSE_TAGBITS | SA.RESTORER | SA.ONSTACK | SA.RESTART | SA.NODEFER | SA.RESETHAND;

/** Linux struct k_sigaction. */
export interface SigAction {
  /** SIG_DFL, SIG_IGN or an address. */
  readonly handler: number;
  readonly flags: number;
  readonly restorer: number;
  readonly mask: SigSet;
  /** Handler and restorer as user code gave them, if one of them is no exact number. It can be no address. */
  readonly exact?: readonly [handler: bigint, restorer: bigint];
}
/** The action of a signal before sigaction(2). */
export const DEFAULT_ACTION: SigAction = { handler: SIG_DFL, flags: 0, restorer: 0, mask: 0n };

/** The actions that tasks share with CLONE_SIGHAND. Linux struct sighand_struct. */
export class SignalActions {
  private readonly _list: SigAction[];
  /** Woken by each signal that rt_sigtimedwait or a signalfd can take. */
  readonly arrivals = new WaitQueue();
  constructor(list: SigAction[] = new Array<SigAction>(NSIG).fill(DEFAULT_ACTION)) {
    this._list = list;
  }
  get(sig: number): SigAction {
    return this._list[sig - 1] as SigAction;
  }
  set(sig: number, action: SigAction): void {
    this._list[sig - 1] = action;
  }
  clone(): SignalActions {
    return new SignalActions(this._list.slice());
  }
  /** execve: caught signals return to the default; ignored ones stay ignored. */
  resetCaught(): void {
    const list = this._list;
    for (let i = 0; i < list.length; i++) {
      const action = list[i] as SigAction;
      if (action !== DEFAULT_ACTION) list[i] = action.handler === SIG_IGN ? { ...DEFAULT_ACTION, handler: SIG_IGN } : DEFAULT_ACTION;
    }
  }
}
