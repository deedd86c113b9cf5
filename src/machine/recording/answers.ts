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
/** A question to a source, and how often it came in an instant. */
class Question {
  private _instant = -1;
  private _next = 0;
  /** The recorder's last answer. */
  last: HostAnswer | undefined = undefined;
  /** The number of the next equal question in an instant. */
  number(instant: number): number {
    if (instant !== this._instant) {
      this._instant = instant;
      this._next = 0;
    }
    return this._next++;
  }
}
/** A question for bytes of a file, and the recorder's last answer to it. */
class Reading extends Question {
  readonly wanted: number;
  /** What the read returned. */
  length: number | undefined = undefined;
  bytes: number | undefined = undefined;
  constructor(wanted: number) {
    super();
    this.wanted = wanted;
  }
}
/** The text of the same question. */
export const readingText = (offset: number, wanted: number): string => `read ${offset} ${wanted}`;
const readingAnswer = (length: number, bytes: number | undefined): HostAnswer => (bytes === undefined ? length : { length, bytes });

/** All questions to all sources. */
class Questions {
  private readonly _all = new Map<number, Map<string, Question>>();
  private _time = -1;
  private _run: object | undefined = undefined;
  /** The number of the instant of now. */
  private _instant = 0;
  of(node: number, ask: string): Question {
    let ofNode = this._all.get(node);
    if (!ofNode) this._all.set(node, (ofNode = new Map()));
    let question = ofNode.get(ask);
    if (!question) ofNode.set(ask, (question = new Question()));
    return question;
  }
  /** The number of a question among equal ones of its instant. */
  number(question: Question, { time, run }: Instant): number {
    if (time !== this._time || run !== this._run) {
      this._time = time;
      this._run = run;
      this._instant++;
    }
    return question.number(this._instant);
  }
}
/** The text of a question with its number. */
const textOf = (ask: string, number: number): string => (number === 0 ? ask : `${ask}\n${number}`);

/** Takes notes, and gives bytes their number in the file. */
export interface NoteTaker {
  readonly now: Instant;
  note(note: Note): void;
  /** A note of a read that got bytes. Most notes are such ones, so they have no text and no object. */
  read(node: number, offset: number, wanted: number, at: number, length: number, bytes: number): void;
  bytes(bytes: Uint8Array): number;
}
const areEqual = (a: HostAnswer, b: HostAnswer): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));

/** The recorder's side: answers that differ from the last one become notes. */
export class Noting {
  private readonly _to: NoteTaker;
  private readonly _questions = new Questions();
  /** By source and offset: the reads of the length that was wanted there first. */
  private readonly _readings: Map<number, Reading>[] = [];
  constructor(to: NoteTaker) {
    this._to = to;
  }
  /** The number of a new source. */
  source(): number {
    return this._readings.push(new Map()) - 1;
  }
  /** The answer of a source. `usual`: the answer that needs no note as long as there was no other one. */
  note(node: number, ask: string, answer: HostAnswer, usual?: HostAnswer): void {
    const { now } = this._to;
    const question = this._questions.of(node, ask);
    const number = this._questions.number(question, now);
    if (number === 0) this._keep(question, { node, ask, at: now.time, answer }, usual);
    else this._keepAgain({ node, ask: textOf(ask, number), at: now.time, answer }, usual);
  }
  /** The answer to a read of a file. `bytes`: the number of its bytes, if there are any. */
  read(node: number, offset: number, wanted: number, length: number, bytes?: number): void {
    const readings = this._readings[node] as Map<number, Reading>;
    let reading = readings.get(offset);
    if (!reading) readings.set(offset, (reading = new Reading(wanted)));
    if (reading.wanted !== wanted) return this.note(node, readingText(offset, wanted), readingAnswer(length, bytes));
    const { now } = this._to;
    const number = this._questions.number(reading, now);
    const { time: at } = now;
    if (number > 0)
      return this._keepAgain({ node, ask: textOf(readingText(offset, wanted), number), at, answer: readingAnswer(length, bytes) });
    if (reading.length === length && reading.bytes === bytes) return;
    reading.length = length;
    reading.bytes = bytes;
    if (bytes === undefined) this._to.note({ node, ask: readingText(offset, wanted), at, answer: length });
    else this._to.read(node, offset, wanted, at, length, bytes);
  }
  /** Something of a source that holds from now on. */
  fact(node: number, ask: string, answer: HostAnswer): void {
    this._keep(this._questions.of(node, ask), { node, ask, at: this._to.now.time, answer });
  }
  /** The answer to a question that came before in its instant. */
  private _keepAgain(note: Note, usual?: HostAnswer): void {
    this._keep(this._questions.of(note.node, note.ask), note, usual);
  }
  private _keep(question: Question, note: Note, usual?: HostAnswer): void {
    const last = question.last ?? usual;
    if (last !== undefined && areEqual(last, note.answer)) return;
    question.last = note.answer;
    this._to.note(note);
  }
  bytes(bytes: Uint8Array): number {
    return this._to.bytes(bytes);
  }
}

/** The replay's side: the notes of a file. */
export class Answers {
  private readonly _notes = new Map<number, Map<string, Note[]>>();
  private readonly _bytes: (index: number) => Uint8Array | undefined;
  private readonly _questions = new Questions();
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
    const notes = this._of(node, this._text(node, ask, now)) ?? this._of(node, ask);
    return (notes?.findLast(({ at }) => at <= now.time) ?? notes?.[0])?.answer;
  }
  /** The same for a call's question, whose time is exact. `usual`: the answer as long as there is no note. */
  answerOr(node: number, ask: string, usual: HostAnswer): HostAnswer {
    const now = this.now();
    const notes = this._of(node, this._text(node, ask, now));
    return notes?.findLast(({ at }) => at <= now.time)?.answer ?? usual;
  }
  /** What a source has said last. */
  fact(node: number, ask: string): HostAnswer | undefined {
    const { time } = this.now();
    const notes = this._of(node, ask);
    return (notes?.findLast(({ at }) => at <= time) ?? notes?.[0])?.answer;
  }
  private _text(node: number, ask: string, now: Instant): string {
    return textOf(ask, this._questions.number(this._questions.of(node, ask), now));
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
