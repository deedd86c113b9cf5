// A queue of pending signals: at most one of each standard signal, any number of each real-time one.
// Linux kernel/signal.c, __send_signal_locked().

import type { Account } from "../../../memory/account.ts";
import { Fifo } from "../../base/fifo.ts";
import { sizes } from "../../base/sizes.ts";
import { SI, type SigInfo } from "./info.ts";
import { has, NONE, SIGRTMIN, type SigSet, SYNCHRONOUS, sigbit } from "./set.ts";

const lowest = (set: SigSet): number => {
  const low = Number(set & 0xffff_ffffn);
  return low !== 0 ? 32 - Math.clz32(low & -low) : 64 - Math.clz32(Number(set >> 32n) & -Number(set >> 32n));
};

/** A queue of pending signals. Most tasks have none, so its parts are allocated late. */
export class ArrivedSignals {
  /** All signals by serial number, in order of arrival; and for each signal its serial numbers. */
  readonly all = new Map<number, SigInfo>();
  readonly bySignal = new Map<number, Fifo<number>>();
  next = 0;
  /** Timers with a signal in the queue. */
  readonly timers = new Set<number>();

  forget(number: number): SigInfo {
    const info = this.all.get(number) as SigInfo;
    this.all.delete(number);
    if (info.code === SI.TIMER && info.timerId !== undefined) this.timers.delete(info.timerId);
    return info;
  }
}

/** The pending signals of a task or of a process. */
export class PendingSignals {
  set: SigSet = NONE;
  private _arrived: ArrivedSignals | undefined = undefined;

  /** Number of queued signals. */
  get count(): number {
    return this._arrived?.all.size ?? 0;
  }
  /** All queued signals, in order of arrival. */
  get queue(): SigInfo[] {
    return [...(this._arrived?.all.values() ?? [])];
  }
  hasTimer(id: number): boolean {
    return this._arrived?.timers.has(id) ?? false;
  }
  private readonly _account: Account | undefined;

  /** Real-time signals are charged to the machine's memory. The number of standard ones is bounded. */
  constructor(account?: Account) {
    this._account = account;
  }
  private _charge(info: SigInfo): boolean {
    return info.signo < SIGRTMIN || this._account === undefined || this._account.take(sizes.signal);
  }
  private _release(info: SigInfo): SigInfo {
    if (info.signo >= SIGRTMIN) this._account?.give(sizes.signal);
    return info;
  }

  /**
   * Queues a signal. False if nothing is queued: the standard signal is pending already, `limit` real-time
   * ones are queued, or there is no memory. The first of a kind always has room, so a queue has at most
   * `limit` signals and one of each kind.
   */
  add(info: SigInfo, limit = Infinity): boolean {
    if (has(this.set, info.signo) && (info.signo < SIGRTMIN || this.count >= limit)) return false;
    if (!this._charge(info)) return false;
    this.set |= sigbit(info.signo);
    const arrived = (this._arrived ??= new ArrivedSignals());
    const number = arrived.next++;
    arrived.all.set(number, info);
    const own = arrived.bySignal.get(info.signo) ?? new Fifo<number>();
    own.push(number);
    arrived.bySignal.set(info.signo, own);
    if (info.code === SI.TIMER && info.timerId !== undefined) arrived.timers.add(info.timerId);
    return true;
  }

  /**
   * The next signal outside `blocked`: synchronous ones first, then by number, and for one number in order of
   * arrival. Linux next_signal().
   */
  next(blocked: SigSet): number {
    const ready = this.set & ~blocked;
    if (ready === NONE) return 0;
    return lowest((ready & SYNCHRONOUS) !== NONE ? ready & SYNCHRONOUS : ready);
  }

  take(sig: number): SigInfo {
    const arrived = this._arrived;
    const own = arrived?.bySignal.get(sig);
    const number = own?.shift();
    if (!arrived || !own || number === undefined) throw new Error(`signal ${sig} is not pending`);
    if (own.length === 0) {
      this.set &= ~sigbit(sig);
      arrived.bySignal.delete(sig);
    }
    return this._release(arrived.forget(number));
  }

  discard(sigs: SigSet): void {
    const arrived = this._arrived;
    if (!arrived || (this.set & sigs) === NONE) return;
    this.set &= ~sigs;
    for (const [sig, own] of arrived.bySignal) {
      if (!has(sigs, sig)) continue;
      for (const number of own) this._release(arrived.forget(number));
      arrived.bySignal.delete(sig);
    }
  }
  /** The owner of the signals has ended: all are dropped. */
  end(): void {
    if (this._arrived) for (const info of this._arrived.all.values()) this._release(info);
    this._arrived = undefined;
    this.set = NONE;
  }
}
