// Writes a recording as the run goes: what is written so far is always the recording of a shorter run.

import type { Kernel } from "../../kernel/core/kernel.ts";
import type { ByteSink } from "../../kernel/fs/files/stream.ts";
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";
import type { UpperStore } from "../../kernel/fs/types/upper-store.ts";
import type { HostNetwork } from "../../kernel/net/host-network.ts";
import type { TakenInput } from "../inputs.ts";
import type { RunRecorder } from "../machine.ts";
import { momentOf, momentText } from "../moment.ts";
import type { MountOptions } from "../options.ts";
import type { Run } from "../run.ts";
import { builtFrom } from "../snapshot/file/build-id.ts";
import type { TerminalOptions } from "../standard-streams.ts";
import { type Instant, type Note, type NoteTaker, Noting } from "./answers.ts";
import { factsOfEvent } from "./events.ts";
import { FrameWriter, type Packer } from "./frames.ts";
import { WatchedTrees } from "./host-answers.ts";
import { watchedNetwork, watchedSink, watchedStore } from "./host-things.ts";
import type { Header, InputFacts, Mark, NoteFacts, ReadFacts } from "./recording.ts";

/** Notes in one item, at most. */
const MOST_NOTES = 4096;
/** Milliseconds between two marks, and between two frames while the program computes: each frame costs. */
const BETWEEN_MARKS = 25;
const BETWEEN_FRAMES = 100;
/** Copies of bytes that were written twice: so many in all. */
const MOST_KEPT = 2 ** 24;

/** A number that equal bytes share: 30 bits of a hash (FNV-1a) of their length and some 16 words of them. */
const lookOf = ({ buffer, byteOffset, length }: Uint8Array): number => {
  const words = new DataView(buffer, byteOffset, length);
  // An odd distance meets each column of a table.
  const distance = (length >> 4) | 1;
  let hash = 0x811c9dc5 ^ length;
  for (let at = 0; at + 4 <= length; at += distance) hash = Math.imul(hash ^ words.getInt32(at, true), 0x01000193);
  return hash >>> 2;
};

/**
 * Writes one recording: the things of the host that a run uses are wrapped before it begins, then it sees the
 * run. `write` appends to the file. Equal bytes are written twice, and once more if other ones came between.
 */
export class Recorder implements NoteTaker, RunRecorder {
  private readonly _file: FrameWriter;
  private readonly _areEqual: (a: Uint8Array, b: Uint8Array) => boolean;
  /** The looks of bytes in the file; copies of those that came twice, oldest first, with their numbers. */
  private readonly _looks = new Set<number>();
  private readonly _kept = new Map<number, { readonly copy: Uint8Array; readonly number: number }>();
  private _keptBytes = 0;
  private readonly _noting = new Noting(this);
  private readonly _trees = new WatchedTrees(this._noting);
  private _notes: (NoteFacts | ReadFacts)[] = [];
  private _count = 0;
  private _kernel: Kernel | undefined = undefined;
  private _markedAt = 0;
  private _flushedAt = 0;
  private _marked = "";

  constructor(write: (bytes: Uint8Array) => void, packer: Packer, areEqual: (a: Uint8Array, b: Uint8Array) => boolean) {
    this._file = new FrameWriter(write, packer);
    this._areEqual = areEqual;
  }
  // What is recorded.
  /** A directory of the host, and its facts. */
  tree(tree: HostTree): { readonly tree: HostTree; readonly facts: NonNullable<Header["root"]> } {
    const root = this._trees.watched(tree.root);
    const { writable } = tree;
    return { tree: { root, writable }, facts: { node: root.id, writable } };
  }
  mount(mount: MountOptions): { readonly mount: MountOptions; readonly facts: Header["mounts"][number] } {
    const { tree, facts } = this.tree(mount.tree);
    const { at, mode } = mount;
    return { mount: { ...mount, tree }, facts: { ...facts, at, mode } };
  }
  overlay(store: UpperStore): { readonly store: UpperStore; readonly facts: NonNullable<Header["overlay"]> } {
    const node = this._noting.source();
    return { store: watchedStore(store, this._noting, node), facts: { node } };
  }
  network(network: HostNetwork): { readonly network: HostNetwork; readonly facts: NonNullable<Header["network"]> } {
    const node = this._noting.source();
    const { reaches, six } = network;
    return { network: watchedNetwork(network, this._noting, node), facts: { node, reaches, six } };
  }
  sink(sink: ByteSink): { readonly sink: ByteSink; readonly node: number } {
    const node = this._noting.source();
    return { sink: watchedSink(sink, this._noting, node), node };
  }
  terminal(terminal: TerminalOptions): { readonly terminal: TerminalOptions; readonly facts: NonNullable<Header["terminal"]> } {
    const { sink, node } = this.sink(terminal.sink);
    const { columns, rows, uses } = terminal;
    return { terminal: { ...terminal, sink }, facts: { node, columns, rows, uses } };
  }
  /** Writes the first facts. */
  header(header: Omit<Header, "kind" | "build">): void {
    this._file.add({ facts: { kind: "run", build: builtFrom ?? null, ...header } satisfies Header });
  }

  // The run.
  /** False: the program could not be started. */
  get hasBegun(): boolean {
    return this._kernel !== undefined;
  }
  /** Resolves when the options are in the file. */
  async begin(kernel: Kernel): Promise<void> {
    this._kernel = kernel;
    this._mark();
    this._file.flush();
    await this._file.written();
  }
  taken({ now, event }: TakenInput): void {
    // The end of the run: `end` has it.
    if (event.kind === "timeout" || event.kind === "abort") return;
    this._takeNotes();
    const facts = factsOfEvent(event, (bytes) => this.bytes(bytes));
    this._file.add({ facts: { kind: "input", moment: this._moment, now, event: facts } satisfies InputFacts });
  }
  rests(waits: boolean): void {
    const now = (this._kernel as Kernel).deadline.clock();
    if (now - this._markedAt < BETWEEN_MARKS) return;
    this._markedAt = now;
    this._mark();
    if (!waits && now - this._flushedAt < BETWEEN_FRAMES) return;
    this._flushedAt = now;
    this._file.flush();
  }
  /**
   * The end of the run; without a status: it was given up. Rejects if the file could not be written.
   */
  async end(status?: Run["status"]): Promise<void> {
    this._takeNotes();
    if (this._kernel && status)
      this._file.add({ facts: { kind: "at", moment: this._moment, calls: this._kernel.syscalls, status } satisfies Mark });
    await this._file.close();
  }
  private get _moment(): string {
    return momentText(momentOf(this._kernel as Kernel));
  }
  private _mark(): void {
    const moment = this._moment;
    this._takeNotes();
    const { syscalls: calls } = this._kernel as Kernel;
    if (moment !== this._marked) this._file.add({ facts: { kind: "at", moment, calls } satisfies Mark });
    this._marked = moment;
  }

  // Notes.
  get now(): Instant {
    return { time: this._kernel?.scheduler.time ?? 0, run: this._kernel };
  }
  note({ node, ask, at, answer }: Note): void {
    this._push([node, ask, at, answer]);
  }
  read(node: number, offset: number, wanted: number, at: number, length: number, bytes: number): void {
    this._push([node, offset, wanted, at, length, bytes]);
  }
  private _push(facts: NoteFacts | ReadFacts): void {
    this._notes.push(facts);
    if (this._notes.length >= MOST_NOTES) this._takeNotes();
  }
  bytes(bytes: Uint8Array): number {
    const look = lookOf(bytes);
    if (this._looks.has(look)) {
      const kept = this._kept.get(look);
      if (kept && this._areEqual(kept.copy, bytes)) return kept.number;
      this._keep(look, bytes);
    } else this._looks.add(look);
    this._file.add({ bytes });
    return this._count++;
  }
  private _keep(look: number, bytes: Uint8Array): void {
    this._forget(look);
    if (bytes.length > MOST_KEPT) return;
    this._keptBytes += bytes.length;
    for (const [oldest] of this._kept) if (this._keptBytes > MOST_KEPT) this._forget(oldest);
    this._kept.set(look, { copy: new Uint8Array(bytes), number: this._count });
  }
  private _forget(look: number): void {
    this._keptBytes -= this._kept.get(look)?.copy.length ?? 0;
    this._kept.delete(look);
  }
  private _takeNotes(): void {
    if (this._notes.length === 0) return;
    this._file.add({ facts: this._notes });
    this._notes = [];
  }
}
