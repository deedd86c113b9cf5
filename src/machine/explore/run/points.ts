// Where the points of a run are: which of a task's accesses and calls other tasks may come before.
import type { Cpu } from "../../../cpu/cpu.ts";
import { DOOR_LENGTH } from "../../../kernel/base/processor.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { Instruction, Instructions } from "../../accessing-instructions.ts";
import { type Concern, concernOf } from "../proof/calls.ts";
import type { ProofParts } from "../proof/parts.ts";
import type { SyncBytes } from "../races/detector.ts";
import type { SharedWords } from "../shared-words.ts";
import type { PendingEvent } from "../strategy.ts";

/** Where points are: `accesses` leaves out plain accesses of the system's libraries. */
export type PointsAt = "calls" | "accesses" | "all";

/** Options of a run: `words` is what other runs have shown. */
export interface RunOptions {
  readonly at: PointsAt;
  readonly words: SharedWords;
  /** Sequential consistency, or x86-TSO. */
  readonly memory: "sc" | "tso";
  /** Data races are looked for: bytes that are known to be used atomically. */
  readonly syncs?: SyncBytes | undefined;
  /** Points between the reads of a call. */
  readonly splitReads: boolean;
  /** The variable of atomic sections (sections.ts). */
  readonly atomic?: string | undefined;
}

const CALL = { address: 0, bytes: 0, writes: false, reads: false };

/** The points of one run. */
export class PointRules {
  private readonly _cpu: Cpu;
  private readonly _instructions: Instructions;
  private readonly _at: PointsAt;
  private readonly _proof: ProofParts | undefined;
  /** The instruction that is about to access memory; 0: it is not known yet. */
  private _ip = 0;

  constructor(cpu: Cpu, instructions: Instructions, at: PointsAt, proof: ProofParts | undefined) {
    this._cpu = cpu;
    this._instructions = instructions;
    this._at = at;
    this._proof = proof;
  }
  /** An instruction is about to access memory. In a proof: these points, for the words that tasks share. */
  of(ip: number): this | undefined {
    this._ip = ip;
    return this._proof && this;
  }
  /** The access to come has a point if it is to a shared word. */
  hasPoint(task: Task, address: number, bytes: number): boolean {
    return this._ip !== 0 && this.isEvent(task, this._instructions.at(task, this._ip), address, bytes);
  }
  /**
   * An access by a library has no point if it is to the library's data, or not atomic. In a proof each access
   * has one if no order of others excludes it: pthread_mutex_trylock looks at the mutex before it tries, and
   * the locks of files are the library's data.
   */
  isEvent(task: Task, { isLibrary, isLinker, isAtomic }: Instruction, address: number, bytes: number): boolean {
    if (this._at === "all" || !isLibrary) return true;
    if (isAtomic && !this._instructions.isLibraryData(task, address)) return true;
    return !isLinker && this._proof?.isPromoted(task, address, bytes) === true;
  }
  /**
   * A call that concerns the caller alone. In a proof, which signals it takes concerns those that send one.
   */
  isOwnCall(task: Task): boolean {
    const name = this._instructions.callName(task);
    return this._proof ? this._proof.isOwnCall(name) : this._instructions.isOwnCall(task, name);
  }
  /** What the call that a task is about to make concerns. */
  concernOf(task: Task): Concern {
    return concernOf(task, this._cpu, this._instructions.callName(task) ?? "");
  }
  /** The same as an event. */
  callOf(task: Task): PendingEvent {
    return { ip: this._cpu.state.rip - DOOR_LENGTH, space: task.mem, ...(this._proof ? this.concernOf(task) : CALL) };
  }
}
