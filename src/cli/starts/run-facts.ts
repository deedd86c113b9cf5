// The options of a run as data: what the guest sees of them, without the parts of the host.
import type { BootOptions } from "../../machine/boot.ts";
import type { ProgramOptions } from "../../machine/options.ts";
import type { MachineFacts, ProgramFacts } from "../../machine/recording/recording.ts";

/** Options that are no part of the run as the guest sees it, or have facts of their own. */
const notMachine = "root overlay mounts network files terminal timeout signal budget code engine sharedMemory largeTraces features".split(
  " ",
);
const notProgram = "timeout signal hooks trace maxOutput stdin policy".split(" ");
const factsOf = <T>(from: object, without: readonly string[]): T =>
  Object.fromEntries(Object.entries(from).filter(([name, value]) => value !== undefined && !without.includes(name))) as T;

/** Of the machine. */
export const machineFacts = (boot: BootOptions): MachineFacts => factsOf(boot, notMachine);
/** Of the program. */
export const programFacts = (program: ProgramOptions): ProgramFacts => factsOf(program, notProgram);
