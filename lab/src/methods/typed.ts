// A run with a terminal, once more: what was typed comes at the same moments.
import type { TerminalSize } from "trapgate/browser";
import type { Kernel } from "../../../src/kernel/core/kernel.ts";
import { sink } from "../../../src/kernel/fs/files/stream.ts";
import type { BootOptions } from "../../../src/machine/boot.ts";
import { deliver, type MachineEvent, type TakenInput } from "../../../src/machine/inputs.ts";
import { Machine, type RunRecorder } from "../../../src/machine/machine.ts";
import { type Moment, momentOf } from "../../../src/machine/moment.ts";
import type { Program } from "../../../src/machine/options.ts";
import type { StartOptions } from "../../../src/machine/snapshot/options.ts";
import { Timeline } from "../../../src/machine/timeline/timeline.ts";

/** An event of a terminal, and when it came. */
export interface TypedInput {
  readonly moment: Moment;
  readonly now: number;
  readonly event: MachineEvent;
}

/** Tells what comes into a run. */
export class TypedRecorder implements RunRecorder {
  private readonly _tell: (input: TypedInput) => void;
  private _kernel: Kernel | undefined = undefined;
  constructor(tell: (input: TypedInput) => void) {
    this._tell = tell;
  }
  begin(kernel: Kernel): Promise<void> {
    this._kernel = kernel;
    return Promise.resolve();
  }
  taken({ now, event }: TakenInput): void {
    if (event.kind === "timeout" || event.kind === "abort") return;
    this._tell({ moment: momentOf(this._kernel as Kernel), now, event });
  }
  rests(): void {}
}

/** The timeline of a run with a terminal of this size. */
export const typedTimeline = (
  boot: BootOptions,
  program: Program,
  options: StartOptions,
  { terminal, typed, memory }: { readonly terminal: TerminalSize; readonly typed: readonly TypedInput[]; readonly memory: number },
): Timeline => {
  let write = (_: Uint8Array): void => {};
  const screen = { sink: sink((bytes) => write(bytes)), ...terminal, uses: [true, true, true] as const };
  const replays = { nulls: [], hasJob: false, sinks: <T>(own: T): T => own };
  const timeline = new Timeline(new Machine({ ...boot, terminal: screen }), program, { ...options, replays }, { memory });
  write = (bytes) => timeline.live.session.sinks.stdout.write(bytes);
  timeline.expect(
    typed.map(({ moment, now, event }) => ({ moment, now, deliver: ({ kernel, session }) => deliver(event, kernel, session) })),
  );
  return timeline;
};
