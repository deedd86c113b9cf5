// The library's machine: options are checked, internals stay inside.
import { Machine as Emulator } from "../machine.ts";
import type { MachineOptions, Program, ProgramOptions } from "../options.ts";
import type { Run } from "../run.ts";
import { checkMachineOptions, checkProgram, checkProgramOptions, checkRunOptions } from "./check.ts";
import { bootOptions } from "./stores.ts";

/**
 * One virtual machine: x86 processor, Linux-compatible kernel, file system. It runs one program with its
 * children to the end.
 *
 * @throws {Problem} An option is unknown or has a wrong value; the host has too little memory.
 *
 * @example
 * const machine = new Machine({ kernel: "v6", files: { "/etc/motd": "hello\n" } });
 * const run = await machine.run(readFileSync("hello"), { args: ["-v"], trace: true });
 * console.log(run.status, run.stdout.text);
 */
export class Machine {
  private readonly _machine: Emulator;

  /** Boots: allocates guest memory, mounts the file systems, adds `files`. */
  constructor(options: MachineOptions = {}) {
    checkMachineOptions(options);
    this._machine = new Emulator(bootOptions(options));
  }

  /**
   * Boots a machine, runs one program to its end and reports.
   *
   * @throws {Problem} An option, the ELF file, the policy or the schedule is wrong.
   *
   * @example
   * const run = await Machine.run(readFileSync("guest/bin/a1"), { kernel: "upstream", trace: true });
   * run.status;             // { exit: 0 }
   * run.trace;              // lines in strace's format
   */
  static async run(program: Program, options: MachineOptions & ProgramOptions = {}): Promise<Run> {
    checkProgram(program);
    checkRunOptions(options);
    return Emulator.run(program, bootOptions(options));
  }

  /**
   * Runs a program to its end and reports. The promise is rejected with the reason of `signal` if it aborts,
   * with `InternalError` if the machine itself fails, and with the exception of a hook that throws.
   *
   * @throws {Problem} An option, the ELF file, the policy or the schedule is wrong.
   *
   * @example
   * const { status } = await new Machine().run("/bin/true", { timeout: 10 });
   * if ("timeout" in status) console.log("the program did not end in 10 s");
   */
  async run(program: Program, options: ProgramOptions = {}): Promise<Run> {
    checkProgram(program);
    checkProgramOptions(options);
    return this._machine.run(program, options);
  }
}
