// A place between two iterations of a repeated string instruction. The machine's moments lie before and after
// it, or after 4096 iterations. At such a place the iterations are executed on top of the moment before, and
// undone by a way back there: history has no trace of them.
import type { Cpu } from "../cpu/cpu.ts";
import { iterationsLeft } from "../cpu/decode/operand-slots.ts";
import { exit } from "../cpu/machine/exit.ts";
import { R } from "../cpu/machine/state.ts";
import { compareMoments, type Moment } from "../machine/moment.ts";
import type { Standing } from "./standing.ts";

interface Place {
  readonly moment: Moment;
  readonly iterations: number;
}

/** Where a debugged run stands within an instruction. */
export class Inside {
  private readonly _standing: Standing;
  private _place: Place | undefined = undefined;
  private _isThere = false;

  constructor(standing: Standing) {
    this._standing = standing;
  }
  /** True: the machine has executed iterations that history has not. */
  get isThere(): boolean {
    return this._isThere;
  }
  /** Iterations after the moment of now: also if the machine has gone back to it. */
  get iterations(): number {
    const { _place: place } = this;
    if (!place) return 0;
    return this._isThere || compareMoments(place.moment, this._standing.timeline.moment) === 0 ? place.iterations : 0;
  }
  /** The run stands at the moment of now, before all iterations. */
  forget(): void {
    this._place = undefined;
  }
  /** Goes to the moment before the instruction. */
  async leave(): Promise<void> {
    if (!this._isThere || !this._place) return;
    const { timeline, notes } = this._standing;
    const { moment } = this._place;
    this._isThere = false;
    const entry = timeline.entries.findLast((one) => compareMoments(one.moment, moment) <= 0);
    await notes.quietly(async () => {
      if (entry) timeline.goToEntry(entry);
      await timeline.goTo(moment);
    });
  }
  /** True if a thread's next instruction is a string instruction that repeats. */
  private _repeats(tid: number): boolean {
    const { kernel } = this._standing;
    const { current } = kernel.scheduler;
    if (!current || current.pid !== tid || current.state !== "runnable" || current.call || current.incoming || current.exitWork !== 0)
      return false;
    const cpu = kernel.processor as Cpu;
    return cpu.blocks.decodeOne(cpu.state.rip)?.row.repeat !== undefined && cpu.state.lo(R.cx) !== 1;
  }
  /**
   * Goes to the place after so many iterations from this moment, or after the first of them behind which
   * `isIt`. Undefined: there is none before the next moment, and the machine is where it was.
   */
  async enter(tid: number, most: number, isIt: (iterations: number) => boolean = (n) => n === most): Promise<number | undefined> {
    const { timeline, notes, kernel } = this._standing;
    if (this._isThere || !this._repeats(tid)) return undefined;
    const cpu = kernel.processor as Cpu;
    const { rip } = cpu.state;
    // The way back is the restore of a snapshot.
    timeline.keep();
    this._place = { moment: timeline.moment, iterations: 0 };
    this._isThere = true;
    return notes.quietly(async () => {
      const left = iterationsLeft(cpu.state.lo(R.cx));
      for (let n = 1; n <= most && n < left; n++) {
        if (cpu.evaluate() !== exit.budget || cpu.state.rip !== rip) break;
        if (!isIt(n)) continue;
        this._place = { moment: (this._place as Place).moment, iterations: n };
        return n;
      }
      await this.leave();
      this._place = undefined;
      return undefined;
    });
  }
}
