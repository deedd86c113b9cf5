// What is typed at a run with a terminal, and when. The page loads this with its first run, so it imports no
// timeline.
import type { Kernel } from "../../../src/kernel/core/kernel.ts";
import type { MachineEvent, TakenInput } from "../../../src/machine/inputs.ts";
import type { RunRecorder } from "../../../src/machine/machine.ts";
import { type Moment, momentOf } from "../../../src/machine/moment.ts";

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
