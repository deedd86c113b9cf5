// The methods of the lab's worker.
import type { ExploreResult, Moment, RunInput, RunPart, RunResult, TerminalSize } from "trapgate/browser";
import type { TypedInput } from "./typed-recorder.ts";

/** The program: its source, a dropped file, the shell in a root directory that is fetched, or a recording. */
export type SentProgram =
  | { readonly kind: "source"; readonly text: string; readonly symbols: string; readonly dialect: boolean }
  | { readonly kind: "elf"; readonly bytes: Uint8Array; readonly root?: Uint8Array }
  | { readonly kind: "root"; readonly path: string; readonly root: Uint8Array }
  | { readonly kind: "shell"; readonly root: string }
  /** What `trapgate record` wrote: it has all options of its run. */
  | { readonly kind: "recording"; readonly bytes: Uint8Array };
/** The side of a comparison: the machine. */
export interface Setting {
  readonly kernel: string;
  readonly vendor: "amd" | "intel";
  readonly x32: boolean;
  readonly ia32: boolean;
  readonly uid: number;
  readonly policy: boolean;
}
/** A run in the lab. */
export interface LabRun {
  readonly program: SentProgram;
  readonly setting: Setting;
  readonly args: readonly string[];
  /** The text of a policy. Absent: the program starts without a filter. */
  readonly policy?: string;
  readonly stdin: string;
  readonly schedule?: string;
  readonly calls: number;
  readonly terminal?: TerminalSize;
  /** What was typed, for the run once more. */
  readonly typed?: readonly TypedInput[];
}
/** An event of the terminal was taken. */
export interface Taken {
  readonly kind: "taken";
  readonly input: TypedInput;
}
/** The assembled program. Addresses of statements, and the lines of the source; pairs. */
export interface Prepared {
  readonly kind: "prepared";
  readonly lines: readonly (readonly [address: number, line: number])[];
  /** The size of the ELF file in bytes. */
  readonly size: number;
}
/** A mistake in a text. Positions are offsets; lines count from 1. */
export interface TextProblem {
  readonly message: string;
  readonly help?: string | undefined;
  readonly line: number | undefined;
  readonly severity: "error" | "warning";
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The line with a caret, as the command line prints it. */
  readonly excerpt?: string | undefined;
}
/** The properties of a policy, or the reason why the text is no policy. */
export interface PolicyReport {
  readonly format: string;
  readonly problems: readonly TextProblem[];
  /** An array of struct sock_filter. */
  readonly program: Uint8Array | undefined;
}
/** The effect of filters on one call in words, for all arguments. Undefined: there is no explanation. */
export interface Explained {
  readonly lines: readonly string[];
}

/** One search for a race. */
export interface LabExplore {
  readonly run: LabRun;
  readonly never: readonly string[];
  readonly departures: number;
  readonly seconds: number;
}

interface Plain<P, R> {
  readonly params: P;
  readonly part: never;
  readonly input: never;
  readonly result: R;
}
export interface LabMethods {
  readonly run: {
    readonly params: LabRun;
    readonly part: RunPart | Prepared | Taken;
    readonly input: RunInput;
    readonly result: RunResult;
  };
  readonly explore: Plain<LabExplore, ExploreResult>;
  /** Opens a run if one is given, moves on its timeline, and looks. `memory`: the address to show. */
  readonly history: Plain<{ readonly run?: LabRun; readonly go: Go; readonly memory?: number }, LabMoment>;
  readonly checkProgram: Plain<{ readonly program: SentProgram; readonly kernel: string }, { readonly problems: readonly TextProblem[] }>;
  readonly checkPolicy: Plain<{ readonly text: string; readonly kernel: string }, PolicyReport>;
  /** The filters (the newest first), the name and ABI of a call, and the kernel version. */
  readonly explain: Plain<
    { readonly filters: readonly Uint8Array[]; readonly name: string; readonly abi: string; readonly kernel: string },
    Explained
  >;
}

/** A call on the timeline. */
export interface Mark {
  readonly instructions: number;
  readonly isDenied: boolean;
}
/** A way on a timeline: to a place, by one step, or to the next event in a direction. */
export type Go =
  | { readonly to: "here" | "start" | "end" | "step" | "back" }
  | { readonly to: "instructions"; readonly instructions: number }
  /** The call of this number, counted from 0. */
  | { readonly to: "call"; readonly id: number }
  | { readonly to: "denial"; readonly isBackward: boolean }
  | { readonly to: "write"; readonly address: number; readonly isBackward: boolean };
/** A moment of a run on a timeline. */
export interface LabMoment extends Moment {
  /** INSTRUCTIONS:STEPS, as `trapgate debug --at` takes it. */
  readonly moment: string;
  readonly instructions: number;
  /** Instructions at the end of the run. */
  readonly last: number;
  /** False: there was no such event. */
  readonly isFound: boolean;
  /** The functions on the stack, the innermost first. */
  readonly stack: readonly string[];
  /** All calls, when the run is opened. */
  readonly marks?: readonly Mark[];
}
