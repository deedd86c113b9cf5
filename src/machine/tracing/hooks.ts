// Hooks of the machine's owner during a run. An exception of a hook, or a rejection of the promise that it
// returned, is the owner's and ends the run; it is no internal error.
import { ownersOwn } from "../../kernel/base/internal-error.ts";
import type { Hooks } from "../options.ts";

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";

/** The hooks of one run, and the promises that they returned. */
export class RunHooks {
  readonly hooks: Hooks;
  private readonly _pending = new Set<PromiseLike<unknown>>();
  private _failure: { readonly reason: unknown } | undefined;

  /** `failed`: called at the first rejection, while the guest may still run. */
  constructor(hooks: Hooks = {}, failed: (reason: unknown) => void) {
    const watched = (result: unknown): void => {
      if (!isPromise(result)) return;
      this._pending.add(result);
      result.then(
        () => this._pending.delete(result),
        (reason: unknown) => {
          this._pending.delete(result);
          if (this._failure) return;
          this._failure = { reason };
          failed(reason);
        },
      );
    };
    const wrapped = (hook: (...args: never[]) => unknown) => ownersOwn((...args: never[]) => watched(hook(...args)));
    this.hooks = Object.fromEntries(Object.entries(hooks).flatMap(([name, hook]) => (hook ? [[name, wrapped(hook)]] : [])));
  }

  /** Waits for the promises that are left. Rejects with the first reason. */
  async settled(): Promise<void> {
    while (this._pending.size > 0 && !this._failure) await Promise.allSettled(this._pending);
    if (this._failure) throw this._failure.reason;
  }
}
