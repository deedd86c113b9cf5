// Answers of the host in a recording. Each thing of the host is a source with a number. A question to it is
// text; equal questions within one instant of virtual time are numbered. An answer has the time from which on
// it holds, so that a debugger which goes back gets the answer of that time.
import type { HostDirEntry, HostStat } from "../../kernel/fs/types/host-tree.ts";
import { Problem } from "../../problem.ts";

/** An answer: a number, a file with its attributes, the names of a directory, a text, or bytes. */
export type HostAnswer =
  | number
  | string
  | { readonly node: number; readonly stat: HostStat }
  | { readonly names: readonly HostDirEntry[] }
  | { readonly length: number; readonly bytes: number };
/** A note: the answer of a source to a question, from the virtual time `at` on. */
export interface Note {
  readonly node: number;
  readonly ask: string;
  readonly at: number;
  readonly answer: HostAnswer;
}

/** The place of a question: virtual time in nanoseconds, and an object that a step back replaces. */
export interface Instant {
  readonly time: number;
  readonly run: object | undefined;
}
/** Numbers equal questions of one instant. */
class Repeats {
  private _time = -1;
  private _run: object | undefined = undefined;
  private readonly _counts = new Map<string, number>();
  name(node: number, ask: string, { time, run }: Instant): string {
    if (time !== this._time || run !== this._run) {
      this._time = time;
      this._run = run;
      this._counts.clear();
    }
    const key = `${node} ${ask}`;
    const count = this._counts.get(key) ?? 0;
    this._counts.set(key, count + 1);
    return count === 0 ? ask : `${ask}\n${count}`;
  }
}

/** Takes notes, and gives bytes their number in the file. */
export interface NoteTaker {
  readonly now: Instant;
  note(note: Note): void;
  bytes(bytes: Uint8Array): number;
}
/** The recorder's side: answers that differ from the last one become notes. */
export class Noting {
  private readonly _to: NoteTaker;
  private readonly _repeats = new Repeats();
  /** The last answer to each question. */
  private readonly _last: Map<string, string>[] = [];
  constructor(to: NoteTaker) {
    this._to = to;
  }
  /** The number of a new source. */
  source(): number {
    return this._last.push(new Map()) - 1;
  }
  /** The answer of a source. `usual`: the answer that needs no note as long as there was no other one. */
  note(node: number, ask: string, answer: HostAnswer, usual?: HostAnswer): void {
    this._keep(node, this._repeats.name(node, ask, this._to.now), answer, usual);
  }
  /** Something of a source that holds from now on. */
  fact(node: number, ask: string, answer: HostAnswer): void {
    this._keep(node, ask, answer);
  }
  private _keep(node: number, ask: string, answer: HostAnswer, usual?: HostAnswer): void {
    const last = this._last[node] as Map<string, string>;
    const text = JSON.stringify(answer);
    if ((last.get(ask) ?? (usual === undefined ? undefined : JSON.stringify(usual))) === text) return;
    last.set(ask, text);
    this._to.note({ node, ask, at: this._to.now.time, answer });
  }
  bytes(bytes: Uint8Array): number {
    return this._to.bytes(bytes);
  }
}

/** The replay's side: the notes of a file. */
export class Answers {
  private readonly _notes = new Map<number, Map<string, Note[]>>();
  private readonly _bytes: (index: number) => Uint8Array | undefined;
  private readonly _repeats = new Repeats();
  /** The owner of the machine sets it. */
  now: () => Instant = () => ({ time: 0, run: undefined });
  constructor(bytes: (index: number) => Uint8Array | undefined) {
    this._bytes = bytes;
  }
  add(note: Note): void {
    let ofNode = this._notes.get(note.node);
    if (!ofNode) this._notes.set(note.node, (ofNode = new Map<string, Note[]>()));
    const list = ofNode.get(note.ask);
    if (list) list.push(note);
    else ofNode.set(note.ask, [note]);
  }
  /**
   * The answer to a question, which is asked now. The time of a page fault is exact to a block of code only,
   * so a first answer may come from a little later.
   */
  answer(node: number, ask: string): HostAnswer | undefined {
    const now = this.now();
    const notes = this._of(node, this._repeats.name(node, ask, now)) ?? this._of(node, ask);
    return (notes?.findLast(({ at }) => at <= now.time) ?? notes?.[0])?.answer;
  }
  /** The same for a call's question, whose time is exact. `usual`: the answer as long as there is no note. */
  answerOr(node: number, ask: string, usual: HostAnswer): HostAnswer {
    const now = this.now();
    const notes = this._of(node, this._repeats.name(node, ask, now));
    return notes?.findLast(({ at }) => at <= now.time)?.answer ?? usual;
  }
  /** What a source has said last. */
  fact(node: number, ask: string): HostAnswer | undefined {
    const { time } = this.now();
    const notes = this._of(node, ask);
    return (notes?.findLast(({ at }) => at <= time) ?? notes?.[0])?.answer;
  }
  private _of(node: number, ask: string): readonly Note[] | undefined {
    return this._notes.get(node)?.get(ask);
  }
  bytes(index: number): Uint8Array {
    return this._bytes(index) ?? missing(`bytes ${index}`);
  }
}

/** Throws a Problem: the recording has no answer. */
export const missing = (what: string): never => {
  throw new Problem(
    "bad-recording",
    `the program asks the host what it did not ask when it was recorded: ${what.replace(/[\0\n]/g, " ")}`,
    {
      help: "the recording was cut off before, it was made by another build, or a debugger has changed the run",
    },
  );
};
