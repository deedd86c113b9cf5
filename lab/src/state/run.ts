// A run on one side of the page: its rows, its output, its end.
import { type Signal, signal } from "@preact/signals";
import type { TerminalSize } from "trapgate/browser";
import type { LabRun, Setting } from "../methods/protocol.ts";
import type { TypedInput } from "../methods/typed-recorder.ts";
import { Rows } from "./rows.ts";
import type { LabClient } from "./workers.ts";

export interface RunProblem {
  readonly message: string;
  readonly help: string | undefined;
  readonly line: number | undefined;
}
export interface RunState {
  readonly state: "idle" | "running" | "ended" | "failed";
  readonly setting: Setting;
  readonly rows: Rows;
  /** Grows whenever `rows` has changed. */
  readonly version: number;
  /** Line of the source by address. */
  readonly lines: ReadonlyMap<number, number>;
  readonly output: string;
  readonly log: readonly string[];
  readonly end: string | undefined;
  readonly instructions: number;
  readonly nanoseconds: number;
  /** Calls that are only counted. */
  readonly untold: number;
  readonly problem: RunProblem | undefined;
  /** Standard streams are a terminal: its size, and what was typed so far. */
  readonly typing: { readonly terminal: TerminalSize; readonly typed: TypedInput[] } | undefined;
  /** Milliseconds from the start to the first call. */
  readonly firstCall: number | undefined;
}
/** What a page can do for a dynamic program. */
const ROOT_HELP =
  "drop an archive with its root directory (tar, zip, docker save) into the page, or show the host's root: trapgate lab --root / PROG";
export const CALLS = 2000;
const OUTPUT = 200_000;

export const idle = (setting: Setting): RunState => ({
  state: "idle",
  setting,
  rows: new Rows(),
  version: 0,
  lines: new Map(),
  output: "",
  log: [],
  end: undefined,
  instructions: 0,
  nanoseconds: 0,
  untold: 0,
  problem: undefined,
  typing: undefined,
  firstCall: undefined,
});

export const endText = (status: object): string =>
  "exit" in status
    ? `exited with ${status.exit}`
    : "signal" in status
      ? `killed by ${status.signal}`
      : "gave up: the program did not end in time";

export interface Started {
  readonly done: Promise<void>;
  send(input: never): void;
}

/** Runs it, and keeps `into` up to date. `onOutput` gets the bytes for a terminal. */
export const startRun = (client: LabClient, job: LabRun, into: Signal<RunState>, onOutput?: (bytes: Uint8Array) => void): Started => {
  // A run that is not over would go on beside this one.
  if (into.value.state === "running") client.stop(new Error("another run was started"));
  const begun = performance.now();
  const decoder = new TextDecoder();
  into.value = { ...idle(job.setting), state: "running", typing: job.terminal && { terminal: job.terminal, typed: [] } };
  const { rows: own, typing } = into.value;
  const change = (some: Partial<RunState>): void => {
    if (into.value.rows === own) into.value = { ...into.value, ...some };
  };
  const call = client.call("run", job, (part) => {
    switch (part.kind) {
      case "prepared":
        change({ lines: new Map(part.lines) });
        return;
      case "events":
        own.add(part.events);
        change({ version: into.value.version + 1, firstCall: into.value.firstCall ?? performance.now() - begun });
        return;
      case "output":
        onOutput?.(part.bytes);
        if (into.value.output.length < OUTPUT) change({ output: into.value.output + decoder.decode(part.bytes, { stream: true }) });
        return;
      case "taken":
        typing?.typed.push(part.input);
        return;
      case "log":
        change({ log: [...into.value.log, part.line] });
    }
  });
  const done = call.result.then(
    ({ status, stats, untold }) =>
      change({ state: "ended", end: endText(status), instructions: stats.instructions, nanoseconds: stats.nanoseconds, untold }),
    (error: Error & { sentence?: string; help?: string; kind?: string; span?: { at?: number; line?: number } }) =>
      change({
        state: "failed",
        problem: {
          message: error.sentence ?? error.message,
          help: error.kind === "no-interpreter" ? ROOT_HELP : error.help,
          line: error.span?.line ?? error.span?.at,
        },
      }),
  );
  return { done, send: call.send as (input: never) => void };
};

export const runSignal = (setting: Setting): Signal<RunState> => signal(idle(setting));
