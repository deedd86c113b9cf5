// Contents and form of a trace: strace's options. man 1 strace.
import type { SummarySort } from "./summary.ts";

/** The content and format of trace lines. The comment names strace's option. */
export interface TraceOptions {
  /**
   * Trace all processes and threads that the first process starts (-f). Default false: the first task alone.
   */
  readonly follow?: boolean;
  /** Column of the `=` (-a, 40 on the command line). Default: no padding. */
  readonly column?: number;
  /** Calls by name, `%class`, `/regex`, number, with `!` for all others (-e trace=). Default: all. */
  readonly calls?: string;
  /** Results: successful, failed, unfinished (-e status=, -z, -Z). Default: all. */
  readonly status?: string;
  /** Signals by name, with `!` for all others (-e signal=). Default: all. */
  readonly signals?: string;
  /** Calls that name one of these paths, or a descriptor of one (-P). */
  readonly files?: readonly string[];
  /** Results, signals and delays for calls: "openat:error=ENOENT:when=2" (-e inject=). */
  readonly inject?: readonly string[];
  /** Descriptors whose read or written bytes are dumped: "3,4", "all" (-e read=, -e write=). */
  readonly read?: string;
  readonly write?: string;
  /** Bytes of a string that are shown (-s). Default 32. */
  readonly strings?: number;
  /** Environments and structures whole (-v). */
  readonly verbose?: boolean;
  /** Calls whose structures are brief (-e abbrev=). Default: all, or none with `verbose`. */
  readonly abbrev?: string;
  /** Calls whose structures are shown; those of others are addresses (-e verbose=). Default: all. */
  readonly structures?: string;
  /** Calls whose arguments and results are numbers (-e raw=). Default: none. */
  readonly raw?: string;
  /** Strings in hex: 1 if they are no ASCII text (-x), 2 always (-xx). */
  readonly hex?: 1 | 2;
  /** Descriptors with their paths: 1 (-y), or with protocols and devices: 2 (-yy). */
  readonly paths?: 1 | 2;
  /**
   * The guest's time of day before each line: in seconds (-t), microseconds (-tt), as seconds since 1970
   * (-ttt).
   */
  readonly time?: "seconds" | "microseconds" | "epoch";
  /** Virtual time since the line before, with its unit, where it is not 0 (-r). */
  readonly relative?: boolean;
  /** Virtual time from the begin of a call to its end, with its unit, where it is not 0 (-T). */
  readonly duration?: boolean;
  /** The host's time beside the virtual one, in -r, -T and -c (--real-time). It differs from run to run. */
  readonly realTime?: boolean;
  /** The number of the call (-n). */
  readonly numbers?: boolean;
  /** The address of the instruction after the call (-i). */
  readonly instruction?: boolean;
  /** The stack of the caller, with symbols from the ELF files (-k). */
  readonly stack?: boolean;
  /** A table of calls, errors, instructions and times: in place of lines (-c), or after them (-C). */
  readonly summary?: "only" | "also";
  /** The order of that table (-S). */
  readonly sort?: SummarySort;
  /** One JSON object for each line: call, arguments, result. */
  readonly json?: boolean;
  /** Processes by their pid in the guest (-p). Default: the first one. */
  readonly pids?: readonly number[];
  /** No line about the end of a task (-qq). */
  readonly quiet?: boolean;
  /**
   * Every line begins with the pid, as in a file of strace -f. Default: once there are several tasks, as
   * `[pid 2]`.
   */
  readonly everyPid?: boolean;
  /** Lines of different tasks have different outputs, so none is interrupted (-ff). */
  readonly separate?: boolean;
}
