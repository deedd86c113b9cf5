// Watches the start of a run: what a program does before its first output, its first wait for input, an event
// of the outside world, or its end. Until then a run is a function of its options and of the files of the
// host that it has asked for.
import type { ByteSink } from "../../kernel/fs/files/stream.ts";
import type { BootOptions } from "../boot.ts";
import type { StartWatch } from "../machine.ts";
import type { Session } from "../session.ts";
import { endOf } from "../tracing/status.ts";
import { type NotedTree, type TreeMemory, type TreeNote, treeMemoryOf } from "./tree-memory.ts";

/** A program's first output. */
export interface FirstOutput {
  readonly stream: "stdout" | "stderr" | "terminal";
  readonly bytes: Uint8Array;
}
/** A start that has come to its end undisturbed. */
export interface EndedStart {
  readonly session: Session;
  /** Of each tree, that of the root first. */
  readonly notes: readonly (readonly TreeNote[])[];
  readonly output: FirstOutput | undefined;
}

/**
 * The trees that a run asks, the root first. Undefined: the run depends on more than data and files, such as
 * the host's time, or on a tree that notes nothing.
 */
export const treeMemoriesOf = ({ root, mounts = [], clock }: BootOptions): readonly TreeMemory[] | undefined => {
  if (clock === "now" || !root) return undefined;
  const trees = [root, ...mounts.map(({ tree }) => tree)].map(treeMemoryOf);
  return trees.every((each) => each !== undefined) ? trees : undefined;
};

/** Sees the start of one run. */
export class StartWatcher implements StartWatch {
  private readonly _trees: readonly NotedTree[];
  private readonly _ended: (start: EndedStart) => void;
  private _output: FirstOutput | undefined = undefined;
  private _isDisturbed = false;
  private _isOver = false;
  private _session: Session | undefined = undefined;

  /** `ended`: called while the machine stands. */
  constructor(trees: readonly TreeMemory[], ended: (start: EndedStart) => void) {
    this._trees = trees.map((tree) => tree.noted());
    this._ended = ended;
  }
  /** The options with trees that take notes. */
  noted<T extends BootOptions>(options: T): T {
    const [root, ...others] = this._trees;
    const mounts = options.mounts?.map((mount, i) => ({ ...mount, tree: (others[i] as NotedTree).tree }));
    return { ...options, root: root?.tree, ...(mounts ? { mounts } : {}) };
  }
  /** A sink whose writes are seen. */
  watched(stream: FirstOutput["stream"], to: ByteSink): ByteSink {
    return {
      queue: to.queue,
      write: (bytes) => {
        const taken = to.write(bytes);
        this.wrote(stream, bytes, taken);
        return taken;
      },
    };
  }
  /** The program has written, and the host has taken so many of the bytes. */
  wrote(stream: FirstOutput["stream"], bytes: Uint8Array, taken: number): void {
    if (this._isOver) return;
    if (taken !== bytes.length || (this._output && this._output.stream !== stream)) this._isDisturbed = true;
    else this._output = { stream, bytes: joined(this._output?.bytes, bytes) };
    this._session?.kernel.scheduler.endRun();
  }
  disturbed(): void {
    this._isDisturbed = true;
  }
  stands(session: Session, waits: boolean): boolean {
    this._session = session;
    if (!waits && !this._output && !this._isDisturbed) return false;
    this._isOver = true;
    const notes = this._trees.map((tree) => tree.notes());
    // What is told about a fatal signal is no part of the state.
    const { ended } = session.process;
    const isKilled = ended !== undefined && "signal" in endOf(ended);
    if (!this._isDisturbed && !isKilled && notes.every((each) => each !== undefined)) this._ended({ session, notes, output: this._output });
    return true;
  }
}
const joined = (first: Uint8Array | undefined, second: Uint8Array): Uint8Array => {
  const all = new Uint8Array((first?.length ?? 0) + second.length);
  if (first) all.set(first);
  all.set(second, first?.length ?? 0);
  return all;
};
