// Writes a recording as the run goes: what is written so far is always the recording of a shorter run.
import type { HostTree } from "../../kernel/fs/types/host-tree.ts";
import { momentText } from "../moment.ts";
import type { MountOptions } from "../options.ts";
import type { Timeline } from "../timeline/timeline.ts";
import { beginning, type Codec, frameBytes } from "./frames.ts";
import { AnswersOfHost, type Note, type NoteTaker } from "./host-answers.ts";
import { buildName, type Header, type InputFacts, type Mark, type NoteFacts } from "./recording.ts";

/** Notes in one frame, at most. */
const MOST_NOTES = 4096;

/** Writes one recording. `write` appends to the file. `hash` names bytes: equal ones are written once. */
export class Recorder implements NoteTaker {
  private readonly _write: (bytes: Uint8Array) => void;
  private readonly _codec: Codec;
  private readonly _hash: (bytes: Uint8Array) => string;
  private readonly _known = new Map<string, number>();
  private readonly _host = new AnswersOfHost(this);
  private _notes: NoteFacts[] = [];
  private _count = 0;
  /** The run, once it has begun. */
  timeline: Timeline | undefined = undefined;

  constructor(write: (bytes: Uint8Array) => void, codec: Codec, hash: (bytes: Uint8Array) => string) {
    this._write = write;
    this._codec = codec;
    this._hash = hash;
    write(beginning());
  }
  /** A directory of the host whose answers are recorded, and the number of its first file. */
  tree(tree: HostTree): { readonly tree: HostTree; readonly node: number } {
    return this._host.tree(tree);
  }
  /** The same for a mount. */
  mount(mount: MountOptions): { readonly mount: MountOptions; readonly facts: Header["mounts"][number] } {
    const { tree, node } = this._host.tree(mount.tree);
    const { at, mode = "ro" } = mount;
    return { mount: { ...mount, tree }, facts: { node, writable: tree.writable, at, mode } };
  }
  /** Writes the first facts. */
  begin(header: Omit<Header, "kind" | "build">): void {
    this._facts({ kind: "run", build: buildName(), ...header } satisfies Header);
  }
  now(): number {
    return this.timeline?.kernel.scheduler.time ?? 0;
  }
  note({ node, ask, at, answer }: Note): void {
    this._notes.push([node, ask, at, answer]);
    if (this._notes.length >= MOST_NOTES) this._flush();
  }
  bytes(bytes: Uint8Array): number {
    const name = this._hash(bytes);
    const known = this._known.get(name);
    if (known !== undefined) return known;
    this._known.set(name, this._count);
    this._write(frameBytes({ bytes }, this._codec));
    return this._count++;
  }
  private _facts(facts: unknown): void {
    this._write(frameBytes({ facts }, this._codec));
  }
  private _flush(): void {
    if (this._notes.length === 0) return;
    this._facts(this._notes);
    this._notes = [];
  }
  /** Input, or its end, as the machine gets it now. */
  input(bytes: Uint8Array | undefined): void {
    const { moment, kernel } = this.timeline as Timeline;
    const facts: InputFacts = {
      kind: "input",
      moment: momentText(moment),
      now: kernel.now,
      ...(bytes === undefined ? {} : { bytes: this.bytes(bytes) }),
    };
    this._flush();
    this._facts(facts);
  }
  /** The run has come so far, or has ended. */
  mark(status?: unknown): void {
    this._flush();
    this._facts({
      kind: "at",
      moment: momentText((this.timeline as Timeline).moment),
      ...(status === undefined ? {} : { status }),
    } satisfies Mark);
  }
}
