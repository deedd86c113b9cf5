// The debug registers of a task, which its tracer sets by PTRACE_POKEUSER. Linux arch/x86/kernel/ptrace.c
// ptrace_set_debugreg(), hw_breakpoint.c.

import { E } from "../../abi/errno.ts";
import type { Breakpoint } from "../../cpu/machine/breakpoints.ts";
import { TASK_SIZE_64 } from "../../memory/layout.ts";

declare module "../core/task.ts" {
  interface TaskMembers {
    /**
     * The debug registers, once a tracer has written one. They are not inherited, and execve(2) clears them.
     */
    debug: DebugRegisters | undefined;
  }
}

/** Breakpoint registers: DR0 to DR3. */
const COUNT = 4;
const STATUS = 6;
const CONTROL = 7;
/** DR6 bits that read 1: Linux keeps the register with their sense turned. */
const DR6_RESERVED = 0xffff_0ff0n;
/** DR7 bits that are not kept. Linux DR_CONTROL_RESERVED. */
const DR7_RESERVED = 0xffff_ffff_0000_fc00n;
/** Breakpoints are in user memory only. */
const USER_TOP = BigInt(TASK_SIZE_64);
/** DR7.RWn and LENn. 2 of the first is an I/O breakpoint, which needs CR4.DE. */
const KINDS = ["execute", "write", undefined, "access"] as const;
const LENGTHS = [1, 2, 8, 4] as const;

/** A register's breakpoint as perf events keep it: it exists from the first write of DRn or DR7 on. */
interface Slot {
  readonly address: bigint;
  readonly on: Breakpoint["on"];
  readonly length: number;
  readonly enabled: boolean;
}
const isAligned = ({ address, on, length }: Slot): boolean => on === "execute" || address % BigInt(length) === 0n;

/** The registers of one task. */
export class DebugRegisters {
  private _slots: readonly (Slot | undefined)[] = new Array(COUNT).fill(undefined);
  private _status = 0n;
  private _control = 0n;
  /**
   * The breakpoints of the processor while the task runs. The list object stays the same until a register
   * changes.
   */
  breakpoints: readonly Breakpoint[] = [];

  get(n: number): bigint {
    if (n < COUNT) return this._slots[n]?.address ?? 0n;
    return n === STATUS ? this._status ^ DR6_RESERVED : n === CONTROL ? this._control : 0n;
  }
  /** Writes register `n`: 0 or -errno. */
  set(n: number, value: bigint): number {
    if (n < COUNT) return this._setAddress(n, value);
    if (n === STATUS) this._status = value ^ DR6_RESERVED;
    else if (n === CONTROL) return this._setControl(value & ~DR7_RESERVED);
    else return -E.EIO;
    return 0;
  }
  private _setAddress(n: number, address: bigint): number {
    const slot: Slot = { ...(this._slots[n] ?? { on: "write", length: 1, enabled: false }), address };
    if (address >= USER_TOP || !isAligned(slot)) return -E.EINVAL;
    this._use(this._slots.map((old, i) => (i === n ? slot : old)));
    return 0;
  }
  private _setControl(control: bigint): number {
    const slots: (Slot | undefined)[] = [];
    for (const [n, old] of this._slots.entries()) {
      const enabled = ((control >> BigInt(2 * n)) & 3n) !== 0n;
      const fields = Number((control >> BigInt(16 + 4 * n)) & 15n);
      if (!old && !enabled) {
        slots.push(undefined);
        continue;
      }
      const on = KINDS[fields & 3];
      const length = LENGTHS[fields >> 2] as number;
      if (!on || (on === "execute" && length !== 1)) return -E.EINVAL;
      const slot = { address: old?.address ?? 0n, on, length, enabled };
      if (!isAligned(slot)) return -E.EINVAL;
      slots.push(slot);
    }
    this._control = control;
    this._use(slots);
    return 0;
  }
  private _use(slots: readonly (Slot | undefined)[]): void {
    this._slots = slots;
    this.breakpoints = slots.flatMap((slot, n) =>
      slot?.enabled ? [{ bit: 1 << n, address: Number(slot.address), length: slot.length, on: slot.on }] : [],
    );
  }
  /** Notes met breakpoints in DR6. True: an instruction breakpoint is among them, so it was a fault. */
  met(bits: number): boolean {
    this._status = BigInt(bits);
    return this.breakpoints.some((b) => b.on === "execute" && (b.bit & bits) !== 0);
  }
}
