// The context switch: a task's registers, address space and descriptor tables in the processor. Linux:
// arch/x86/kernel/process_64.c __switch_to().
import type { Breakpoint } from "../../cpu/machine/breakpoints.ts";
import { at, S } from "../../cpu/machine/state.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { exitWork } from "../base/pending-work.ts";
import { loadSegment } from "../base/processor.ts";
import { GDT_CPUNODE, GDT_TLS_MAX, GDT_TLS_MIN, newGdt } from "../base/selectors.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Task } from "../core/task.ts";
import { Placement } from "./placement.ts";

const TLS_OFFSET = GDT_TLS_MIN * 8;
/** The low byte of a limit: LSL tells the number of the processor. Linux vdso_read_cpunode(). */
const CPU_OFFSET = GDT_CPUNODE * 8;
const NO_BREAKPOINTS: readonly Breakpoint[] = [];
const NO_LDT = new Uint8Array(0);

/** A selector whose descriptor is the task's own: a TLS entry or one of the LDT. */
const isDescriptorOfUser = (selector: number): boolean =>
  (selector & 4) !== 0 || (selector >> 3 >= GDT_TLS_MIN && selector >> 3 <= GDT_TLS_MAX);

/** The task whose state is in the processor. */
export class ContextSwitch {
  private readonly _kernel: Kernel;
  /** The task whose registers are in cpu.state. */
  current: Task | undefined = undefined;
  private readonly _gdt = newGdt();
  /** The address space that the processor uses. */
  private _space: AddressSpace | undefined = undefined;
  /** Undefined: there is one processor. */
  readonly placement: Placement | undefined;
  constructor(kernel: Kernel) {
    this._kernel = kernel;
    this.placement = kernel.cpus > 1 ? new Placement(kernel.cpus) : undefined;
  }
  /** Places a new task on one of its processors. */
  place(task: Task): void {
    this.placement?.place(task);
  }
  /** A task's set of processors has changed. */
  settle(task: Task): void {
    const { placement } = this;
    if (!placement) return;
    const isRunning = task === this.current;
    if (isRunning) placement.switched(task);
    if (placement.settle(task) && isRunning) this.loadTables(task);
  }
  /** Puts a task's registers, address space and descriptor tables into the processor. */
  switchTo(task: Task): void {
    const { processor } = this._kernel;
    const from = this.current;
    if (from === task) return;
    if (from) {
      from.registers.set(processor.state.u8.subarray(0, at.size));
      if (from.rseq) from.exitWork |= exitWork.rseq;
    }
    processor.state.restore(task.registers);
    this.current = task;
    this.placement?.switched(task);
    if (task.staleSegments) this.reloadSegments(task);
    else this.loadTables(task);
    processor.segments.refresh();
  }
  /** Loads the task's address space, TLS entries, LDT and right to RDTSC. */
  loadTables(task: Task): void {
    const { processor } = this._kernel;
    if (this._space !== task.mem) {
      this._space = task.mem;
      task.mem.activate();
      processor.setAddressSpace(task.mem);
    }
    processor.timeStampDisabled = task.tscDisabled;
    processor.breakpoints = task.debug?.breakpoints ?? NO_BREAKPOINTS;
    processor.number = this._gdt[CPU_OFFSET] = task.cpu;
    this._gdt.set(task.tls, TLS_OFFSET);
    processor.segments.tables = { gdt: this._gdt, ldt: task.ldt.table ?? NO_LDT };
  }
  /**
   * Descriptors have changed under segment registers that may hold them: loads those again. A selector that
   * no longer loads becomes null.
   */
  reloadSegments(task: Task, changed: (selector: number) => boolean = isDescriptorOfUser): void {
    this.loadTables(task);
    const { processor } = this._kernel;
    for (const s of [S.ds, S.es, S.fs, S.gs]) {
      const selector = processor.state.selector(s);
      if (changed(selector) && !loadSegment(processor, s, selector)) loadSegment(processor, s, 0);
    }
    task.staleSegments = false;
  }
}
