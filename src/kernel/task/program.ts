// The program of a task: the ABI and the file of its last execve(2). Linux mm->exe_file, fs/exec.c
// deny_write_access().
import { type Abi, x64 } from "../../abi/abi.ts";
import type { VdsoAddresses } from "../exec/vdso.ts";
import type { FileDescription } from "../fs/vfs/file.ts";

declare module "../core/task.ts" {
  interface TaskMembers {
    program: ExecutedProgram;
  }
}

/**
 * A program that execve(2) loaded. Tasks share it until the next execve. While one holds it, writers of the
 * file get ETXTBSY.
 */
export class ExecutedProgram {
  /**
   * The ABI that the file was built for (TIF_ADDR32): the shape of its auxv. The door, not this field,
   * decides a call's table.
   */
  readonly abi: Abi;
  readonly vdso: VdsoAddresses;
  /** /proc/PID/exe. */
  readonly exe: FileDescription | undefined;
  private _users = 0;

  constructor(abi: Abi, vdso: VdsoAddresses, exe: FileDescription | undefined) {
    this.abi = abi;
    this.vdso = vdso;
    this.exe = exe;
  }
  hold(): this {
    if (this.exe && this._users++ === 0) this.exe.hold().inode.writers--;
    return this;
  }
  drop(): void {
    if (!this.exe || --this._users > 0) return;
    this.exe.inode.writers++;
    this.exe.drop();
  }
}
/** The program of a task before its first execve(2). */
export const NO_PROGRAM = new ExecutedProgram(x64, { base: 0, kernelVsyscall: 0, sigreturn: 0, rtSigreturn: 0, landingPad: 0 }, undefined);
