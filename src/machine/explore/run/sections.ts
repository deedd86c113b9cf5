// Sections of a program that a search takes as atomic: while a variable that the program sets is not zero,
// the task that has set it runs alone, and its accesses and calls are one event.
import type { Kernel } from "../../../kernel/core/kernel.ts";
import type { Task } from "../../../kernel/core/task.ts";
import { PF, PT } from "../../../kernel/exec/elf.ts";
import { Problem } from "../../../problem.ts";
import { moduleOf } from "../../stack/symbols.ts";

const BYTES = 4;

/** The address of a variable of the program's own file. */
const addressOf = ({ mem }: Task, name: string): number => {
  const backing = mem.find(mem.startCode)?.file?.backing;
  const module = backing && moduleOf(backing);
  const found = module?.named(name);
  const code = module?.segments.filter(({ type, flags }) => type === PT.LOAD && (flags & PF.X) !== 0).map(({ vaddr }) => vaddr);
  if (!found || !code) throw new Problem("bad-value", `the program has no variable "${name}"`, { help: "strip removes its names" });
  return found.start + mem.startCode - Math.min(...code);
};

/** The sections of one run. */
export class AtomicSections {
  private readonly _kernel: Kernel;
  private readonly _name: string;
  private _address = -1;
  /** The task in its section; 0: none. */
  private _pid = 0;

  constructor(kernel: Kernel, name: string) {
    this._kernel = kernel;
    this._name = name;
  }
  /** The address of the variable. */
  address(task: Task): number {
    if (this._address < 0) this._address = addressOf(task, this._name);
    return this._address;
  }
  isOnPage(task: Task, address: number): boolean {
    return Math.floor(this.address(task) / 4096) === Math.floor(address / 4096);
  }
  isVariable(task: Task, address: number): boolean {
    const own = this.address(task);
    return address >= own && address < own + BYTES;
  }
  private _isSet(task: Task): boolean {
    return task.mem.read(this.address(task), BYTES)?.some((byte) => byte !== 0) === true;
  }
  /** A write of the variable begins a section: it is not set yet. */
  begins(task: Task): boolean {
    return !this._isSet(task);
  }
  enter({ pid }: Task): void {
    this._pid = pid;
  }
  /** The task is in a section, and has not begun to wait there. */
  holds(task: Task): boolean {
    if (this._pid !== task.pid) return false;
    if (this._kernel.scheduler.current === task && this._isSet(task)) return true;
    this._pid = 0;
    return false;
  }
}
