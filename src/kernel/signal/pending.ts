// A queue of pending signals: at most one of each standard signal, any number of each real-time one. Linux kernel/signal.c, __send_signal_locked().
import type { Account } from "../../memory/account.ts";
import { sizes } from "../sizes.ts";
import type { SigInfo } from "./info.ts";
import { has, NONE, SIGRTMIN, type SigSet, SYNCHRONOUS, sigbit } from "./set.ts";

const lowest = (set: SigSet): number => {
  const low = Number(set & 0xffff_ffffn);
  return low !== 0 ? 32 - Math.clz32(low & -low) : 64 - Math.clz32(Number(set >> 32n) & -Number(set >> 32n));
};

export class PendingSignals {
  set: SigSet = NONE;
  readonly queue: SigInfo[] = [];
  readonly #account: Account | undefined;

  /** Real-time signals are charged: of others there are few. */
  constructor(account?: Account) {
    this.#account = account;
  }
  #charge(info: SigInfo): boolean {
    return info.signo < SIGRTMIN || this.#account === undefined || this.#account.take(sizes.signal);
  }
  #release(info: SigInfo | undefined): void {
    if (info && info.signo >= SIGRTMIN) this.#account?.give(sizes.signal);
  }

  /**
   * False if there is nothing new: a standard signal was pending already, or a real-time one was and `limit` are queued, or there is no memory.
   * (The first of its kind always finds room, so no queue is longer than the limit and one of each.)
   */
  add(info: SigInfo, limit = Infinity): boolean {
    if (has(this.set, info.signo) && (info.signo < SIGRTMIN || this.queue.length >= limit)) return false;
    if (!this.#charge(info)) return false;
    this.set |= sigbit(info.signo);
    this.queue.push(info);
    return true;
  }

  /** The next signal outside `blocked`: synchronous ones first, then by number, each number in order of arrival. Linux next_signal(). */
  next(blocked: SigSet): number {
    const ready = this.set & ~blocked;
    if (ready === NONE) return 0;
    return lowest((ready & SYNCHRONOUS) !== NONE ? ready & SYNCHRONOUS : ready);
  }

  take(sig: number): SigInfo {
    const at = this.queue.findIndex((i) => i.signo === sig);
    const [info] = this.queue.splice(at, 1);
    this.#release(info);
    if (!info) throw new Error(`signal ${sig} is not pending`);
    if (!this.queue.some((i) => i.signo === sig)) this.set &= ~sigbit(sig);
    return info;
  }

  discard(sigs: SigSet): void {
    if ((this.set & sigs) === NONE) return;
    this.set &= ~sigs;
    for (let i = this.queue.length - 1; i >= 0; i--)
      if (has(sigs, (this.queue[i] as SigInfo).signo)) this.#release(this.queue.splice(i, 1)[0]);
  }
  /** Whose signals they are has ended. */
  end(): void {
    if (this.queue.length === 0) return;
    for (const info of this.queue.splice(0)) this.#release(info);
    this.set = NONE;
  }
}
