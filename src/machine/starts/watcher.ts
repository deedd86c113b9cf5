// Watches the start of a run: what a program does before its first output, its first wait for input, an event
// of the outside world, or its end. Until then a run is a function of its options and of the files of the
// host that it has asked for. It is one to its end if there is output only, which the host takes.
import type { ByteSink } from "../../kernel/fs/files/stream.ts";
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";
import type { BootOptions } from "../boot.ts";
import type { StartWatch } from "../machine.ts";
import type { Session } from "../session.ts";
import { endOf } from "../tracing/status.ts";
import { type NotedTree, type SourceMemory, type SourceNotes, type TreeMemory, type TreeNote, treeMemoryOf } from "./tree-memory.ts";

/** Bytes that a program has written to one stream, one after the other. */
export interface WrittenBytes {
  readonly stream: "stdout" | "stderr" | "terminal";
  readonly bytes: Uint8Array;
}
/** A start that has come to its end undisturbed. */
export interface EndedStart {
  readonly session: Session;
  /** Of each tree, that of the root first, then of other sources. */
  readonly notes: readonly (readonly TreeNote[])[];
  /** The program's first output. */
  readonly output: WrittenBytes | undefined;
}
/** A run that has come to its end undisturbed. */
export interface EndedRun extends Omit<EndedStart, "output"> {
  readonly outputs: readonly WrittenBytes[];
}
/** Who is told, while the machine stands. `whole`: at the end of the run, if all of it was seen. */
interface Told {
  readonly start: (start: EndedStart) => void;
  readonly whole?: (run: EndedRun) => void;
}

/** Output of a whole run in bytes, and questions to each source, at most. */
const MOST_OUTPUT = 2 ** 23;
const MOST_QUESTIONS = 4096;

/**
 * The trees that a run asks, the root first. Undefined: the run depends on more than data and files, such as
 * the host's time, or on a tree that notes nothing.
 */
export const treeMemoriesOf = ({ root, mounts = [], clock }: BootOptions): readonly TreeMemory[] | undefined => {
  if (clock === "now") return undefined;
  const trees = [...(root ? [root] : []), ...mounts.map(({ tree }) => tree)].map(treeMemoryOf);
  return trees.every((each) => each !== undefined) ? trees : undefined;
};

/** Sees the start of one run, and the rest if it has no other input either. */
export class StartWatcher implements StartWatch {
  private readonly _trees: readonly NotedTree[];
  /** The trees, and what else the run reads. */
  private readonly _sources: readonly SourceNotes[];
  private readonly _told: Told;
  private readonly _outputs: { readonly stream: WrittenBytes["stream"]; readonly parts: Uint8Array[] }[] = [];
  private _length = 0;
  private _isDisturbed = false;
  /** The start has come to its end. */
  private _isBehind = false;
  private _isOver = false;
  private _session: Session | undefined = undefined;

  constructor(trees: readonly TreeMemory[], told: Told, others: readonly SourceMemory[] = []) {
    this._trees = trees.map((tree) => tree.noted());
    this._sources = [...this._trees, ...others.map((source) => source.noted())];
    this._told = told;
  }
  /** The options with trees that take notes. */
  noted<T extends BootOptions>(options: T): T {
    const trees = this._trees.map(({ tree }) => tree);
    const root = options.root && trees.shift();
    const mounts = options.mounts?.map((mount, i) => ({ ...mount, tree: trees[i] as HostTree }));
    return { ...options, ...(root ? { root } : {}), ...(mounts ? { mounts } : {}) };
  }
  /** A sink whose writes are seen. */
  watched(stream: WrittenBytes["stream"], to: ByteSink): ByteSink {
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
  wrote(stream: WrittenBytes["stream"], bytes: Uint8Array, taken: number): void {
    if (this._isOver) return;
    this._length += bytes.length;
    if (taken !== bytes.length || this._length > MOST_OUTPUT) this._isDisturbed = true;
    else {
      if (this._outputs.at(-1)?.stream !== stream) this._outputs.push({ stream, parts: [] });
      this._outputs.at(-1)?.parts.push(bytes.slice());
    }
    if (!this._isBehind) this._session?.kernel.scheduler.endRun();
  }
  disturbed(): void {
    this._isDisturbed = true;
  }
  stands(session: Session, waits: boolean): boolean {
    this._session = session;
    const { start, whole } = this._told;
    if (!this._isBehind) {
      if (!waits && this._outputs.length === 0 && !this._isDisturbed) return false;
      this._isBehind = true;
      const [output, ...others] = this._written();
      if (others.length === 0 && !(whole && session.ended)) this._tell((notes) => start({ session, notes, output }));
    }
    if (whole && session.ended) this._tell((notes) => whole({ session, notes, outputs: this._written() }));
    this._isOver = !whole || waits || this._isDisturbed || this._sources.some(({ size }) => size > MOST_QUESTIONS);
    if (this._isOver) {
      for (const source of this._sources) source.end();
      this._outputs.length = 0;
    }
    return this._isOver;
  }
  private _written(): WrittenBytes[] {
    return this._outputs.map(({ stream, parts }) => ({ stream, bytes: joined(parts) }));
  }
  private _tell(to: (notes: readonly (readonly TreeNote[])[]) => void): void {
    const notes = this._sources.map((source) => source.notes());
    // What is told about a fatal signal is no part of the state.
    const { ended } = (this._session as Session).process;
    const isKilled = ended !== undefined && "signal" in endOf(ended);
    if (!this._isDisturbed && !isKilled && notes.every((each) => each !== undefined)) to(notes);
  }
}
const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
