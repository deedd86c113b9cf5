// The messages between a page and its worker. Each call of a method has an id. The call's parts, inputs and
// answer carry it.
import type { Exploration, ExploreOptions, Violation } from "../machine/explore/options.ts";
import type { MachineOptions, ProgramOptions } from "../machine/options.ts";
import type { Run } from "../machine/run.ts";
import type { Registers, TraceEvent } from "../machine/tracing/events.ts";
import { Problem, type Span } from "../problem.ts";
import type { ProblemKind } from "../problem-table.ts";

/**
 * A method of a worker: its parameters, the parts that it reports during its work, its inputs, and its
 * result. All are plain data.
 */
export interface Method {
  readonly params: unknown;
  readonly part: unknown;
  readonly input: unknown;
  readonly result: unknown;
}

/** Options of a machine and a program that can be sent to a worker. */
export type SentOptions = Omit<MachineOptions & ProgramOptions, "root" | "mounts" | "code" | "signal" | "hooks" | "trace">;
/** A terminal of so many columns and rows. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}
/** The root directory: an archive or an image (`openArchive`), or the address of one (`openUrl`). */
export type SentRoot = ({ readonly archive: Uint8Array } | { readonly url: string }) & {
  /** Bytes that it may unpack to. Default 512 MiB. */
  readonly most?: number;
};
/** A program and how to run it. */
export interface RunParams {
  /**
   * The bytes of an ELF file, or the path of one in `root` or `files`. Default: the program of the image in
   * `root`.
   */
  readonly program?: Uint8Array | string;
  readonly options?: SentOptions;
  /**
   * A directory that guests see copy-on-write. Default: an empty one in memory. The worker keeps the last
   * fetched one.
   */
  readonly root?: SentRoot;
  /** Tell events, at most so many system calls; more are only counted. Default 0. */
  readonly calls?: number;
  /**
   * Makes standard input, output and error a terminal. Default: pipes, with `options.stdin` as standard
   * input.
   */
  readonly terminal?: TerminalSize;
}
/** A part of a run: events in their order, output, or a line of the kernel log. */
export type RunPart =
  | { readonly kind: "events"; readonly events: readonly TraceEvent[] }
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }
  | { readonly kind: "log"; readonly line: string };
/** Input of a terminal, or its new size. */
export type RunInput =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | ({ readonly kind: "resize" } & TerminalSize);
/** The end of a run. Output has been told in parts. */
export interface RunResult {
  readonly status: Run["status"];
  readonly stats: Run["stats"];
  /** System calls beyond `calls`. */
  readonly untold: number;
}
/** A program, and the properties that are to hold in every schedule. */
export interface ExploreParams {
  readonly program: Uint8Array;
  readonly options?: Omit<ExploreOptions, "root" | "mounts" | "code">;
}
/** The result of a search. A violation has the trace of its run. */
export interface ExploreResult extends Omit<Exploration, "violation"> {
  readonly violation: (Omit<Violation, "run"> & { readonly trace: readonly string[] }) | undefined;
}

/** A virtual time of a run, in nanoseconds since boot. */
export interface InspectParams {
  readonly program: Uint8Array | string;
  readonly options?: SentOptions;
  readonly root?: SentRoot;
  readonly at: number;
  /**
   * True: the last moment before `at`, one instruction earlier. Default false: the first moment at or after
   * `at`.
   */
  readonly before?: boolean;
  /** The address of memory to show. Default: the top of the stack. */
  readonly memory?: number;
}
/** A moment of a run, between two instructions. */
export interface Moment {
  readonly now: number;
  /** The program has come to its end before. */
  readonly ended: boolean;
  /** The running task. Undefined: none runs. */
  readonly task:
    | {
        readonly tid: number;
        readonly registers: Registers;
        /** The next instructions, as they lie in memory. */
        readonly code: readonly { readonly address: number; readonly bytes: Uint8Array; readonly text: string }[];
        /** The next instruction in pseudo-code. */
        readonly meaning: string;
        readonly memory: { readonly at: number; readonly bytes: Uint8Array };
        /** As /proc/PID/maps has them. */
        readonly maps: string;
      }
    | undefined;
}

/** The methods of trapgate's own worker. */
export interface MachineMethods {
  readonly run: { readonly params: RunParams; readonly part: RunPart; readonly input: RunInput; readonly result: RunResult };
  readonly explore: { readonly params: ExploreParams; readonly part: never; readonly input: never; readonly result: ExploreResult };
  readonly inspect: { readonly params: InspectParams; readonly part: never; readonly input: never; readonly result: Moment };
}

/** A Problem, or another error, as data. */
export interface SentError {
  /** The message of an error; of a Problem only the sentence. */
  readonly message: string;
  readonly kind?: ProblemKind;
  readonly help?: string | undefined;
  readonly span?: Span | undefined;
}
/** A message of the page to the worker. */
export type Request =
  | { readonly id: number; readonly kind: "call"; readonly method: string; readonly params: unknown }
  | { readonly id: number; readonly kind: "input"; readonly input: unknown };
/** A message of the worker to the page. `id` is that of the request. */
export type Reply =
  | { readonly id: number; readonly kind: "part"; readonly part: unknown }
  | { readonly id: number; readonly kind: "result"; readonly result: unknown }
  | { readonly id: number; readonly kind: "error"; readonly error: SentError };

/** An error as data that postMessage can carry. */
export const errorAsData = (error: unknown): SentError => {
  if (!(error instanceof Error)) return { message: String(error) };
  // By its shape: a bundle may hold the class twice.
  const { kind, sentence, help, span } = error as Partial<Problem>;
  return error.name === "Problem" && kind && sentence !== undefined ? { message: sentence, kind, help, span } : { message: error.message };
};
/** The error that `errorAsData` was given, without its stack. */
export const dataAsError = ({ message, kind, help, span }: SentError): Error =>
  kind ? new Problem(kind, message, { help, span }) : new Error(message);
