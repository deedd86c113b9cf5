// Commands of breakpoints: gdb's `dprintf` in the style `agent`. They are executed in a run forward, each
// time that a thread comes to the instruction, and the run does not stop.
import type { Task } from "../kernel/core/task.ts";
import { evaluateAgent, runAgent } from "./agent.ts";
import type { BreakKind, CodePoint, Points } from "./points.ts";

const KINDS: readonly BreakKind[] = ["swbreak", "hwbreak"];

/** The commands of one run. */
export class PointCommands {
  private readonly _points: Points;
  private readonly _print: (text: string) => void;
  /** The instructions that a thread had executed when its commands were, by thread. */
  private readonly _done = new Map<number, number>();

  /** `print`: gets the output, one character a byte. */
  constructor(points: Points, print: (text: string) => void) {
    this._points = points;
    this._print = print;
  }
  /** The breakpoints at an address whose conditions hold in a thread. */
  private _met(task: Task, address: number): readonly (readonly [BreakKind, CodePoint])[] {
    const at = this._points.at(task.process.pid, address);
    return KINDS.flatMap((kind) => {
      const point = at?.[kind];
      if (!point) return [];
      const { conditions } = point;
      const holds = conditions.length === 0 || conditions.some((condition) => evaluateAgent(condition, task) !== 0n);
      return holds ? [[kind, point] as const] : [];
    });
  }
  /** The kind of breakpoint that stops a thread at an address. Undefined: none does. */
  stopAt(task: Task, address: number): BreakKind | undefined {
    return this._met(task, address).find(([, { commands }]) => commands.length === 0)?.[0];
  }
  /**
   * Executes the commands at an address, unless the thread has not gone on since. `user`: its instructions so
   * far. `isFree`: gdb has let it go, so that only those that persist are executed.
   */
  run(task: Task, address: number, user: number, isFree = false): void {
    if (this._done.get(task.pid) === user) return;
    const commands = this._met(task, address).flatMap(([, point]) => (point.persists || !isFree ? point.commands : []));
    if (commands.length === 0) return;
    this._done.set(task.pid, user);
    for (const command of commands)
      if (!runAgent(command, task, this._print))
        this._print(`dprintf at 0x${address.toString(16)}: memory that cannot be read, or a directive that is not supported\n`);
  }
  /** The run has gone to an earlier moment. */
  forget(): void {
    this._done.clear();
  }
}
