// The breakpoints and watchpoints of processes, as a debugger has set them.
import type { Watch } from "./stop.ts";

/** Breakpoint kinds of gdb. */
export type BreakKind = "swbreak" | "hwbreak";

/** One kind of breakpoint at an address. */
export interface CodePoint {
  /** Agent expressions (agent.ts): it stops if one of them is not 0. Empty: always. */
  readonly conditions: readonly Uint8Array[];
  /** Agent expressions that are executed in place of a stop. Empty: it stops. */
  readonly commands: readonly Uint8Array[];
  /** True: the commands stay when gdb lets the process go. */
  readonly persists: boolean;
}
/** What a breakpoint does, beside its place. */
export type PointActions = Partial<CodePoint>;
type AtAddress = Partial<Record<BreakKind, CodePoint>>;

/** All points. Processes are named by their ids. */
export class Points {
  private readonly _code = new Map<number, Map<number, AtAddress>>();
  readonly watches: Watch[] = [];
  /** True: the processor does not have the points of now. */
  isChanged = false;

  addBreakpoint(pid: number, address: number, kind: BreakKind, actions: PointActions = {}): void {
    let own = this._code.get(pid);
    if (!own) this._code.set(pid, (own = new Map()));
    const known = own.get(address);
    own.set(address, { ...known, [kind]: { conditions: [], commands: [], persists: false, ...actions } });
    if (!known) this.isChanged = true;
  }
  removeBreakpoint(pid: number, address: number, kind: BreakKind): void {
    const own = this._code.get(pid);
    const { [kind]: removed, ...rest } = own?.get(address) ?? {};
    if (!own || !removed) return;
    if (Object.keys(rest).length > 0) own.set(address, rest);
    else {
      own.delete(address);
      this.isChanged = true;
    }
  }
  addWatch(watch: Watch): void {
    this.watches.push(watch);
    this.isChanged = true;
  }
  removeWatch({ pid, address, length, on }: Watch): void {
    const i = this.watches.findIndex((w) => w.pid === pid && w.address === address && w.length === length && w.on === on);
    if (i >= 0) this.watches.splice(i, 1);
    this.isChanged = true;
  }
  /** A process is of no concern any more. Commands that persist stay. */
  forget(pid: number): void {
    const kept = new Map<number, AtAddress>();
    for (const [address, at] of this._code.get(pid) ?? []) {
      const points = Object.entries(at).filter(([, point]) => point.persists && point.commands.length > 0);
      if (points.length > 0) kept.set(address, Object.fromEntries(points));
    }
    if (kept.size > 0) this._code.set(pid, kept);
    else this._code.delete(pid);
    for (let i = this.watches.length - 1; i >= 0; i--) if (this.watches[i]?.pid === pid) this.watches.splice(i, 1);
    this.isChanged = true;
  }
  /** Processes with breakpoints. */
  get pids(): readonly number[] {
    return [...this._code.keys()];
  }
  /** The breakpoints of a process at an address. */
  at(pid: number, address: number): AtAddress | undefined {
    return this._code.get(pid)?.get(address);
  }
  /** True if a process has a breakpoint there. */
  isBreakpoint(address: number): boolean {
    return [...this._code.values()].some((own) => own.has(address));
  }
  /** The addresses of breakpoints of all processes. */
  get addresses(): Set<number> {
    return new Set([...this._code.values()].flatMap((own) => [...own.keys()]));
  }
}
