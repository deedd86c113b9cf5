// The state of a run at a point, as a number: the values of the shared words that have had events, and the
// place of each task. Of the program's whole state this is the part that tasks show to one another.
import { access } from "../../../cpu/machine/mmu.ts";
import type { Task } from "../../../kernel/core/task.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { Candidate, PendingEvent } from "../strategy.ts";
import { isVariable } from "./page-use.ts";

type Space = Task["mem"];
/** A word, and its part of the state's two hash values. */
interface Word {
  readonly space: Space;
  readonly address: number;
  readonly bytes: number;
  readonly key: number;
  first: number;
  second: number;
}

/** Mixes a number into a hash value: the step and the end of MurmurHash3 (public domain, A. Appleby). */
const mix = (hash: number, value: number): number => {
  const k = Math.imul(Math.imul(value, 0xcc9e2d51) ^ (value >>> 16), 0x1b873593);
  const h = Math.imul(hash ^ k, 0x85ebca6b) + 0xe6546b64;
  return Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
};
/** The halves of an address: it has up to 47 bits. */
const fold = (seed: number, address: number): number => mix(mix(seed, address | 0), Math.floor(address / 0x1_0000_0000));

/** The states of one run. */
export class RunStates {
  /** By address and not those of the libraries themselves, such as a thread's descriptor. */
  private readonly _words = new Map<Space, Map<number, Word>>();
  /** Words that have been written since their values were read. */
  private readonly _written = new Set<Word>();
  private _first = 0;
  private _second = 0;

  /** A task is about to execute an event. */
  executes(task: Task, { address, bytes, writes, isLibrary }: PendingEvent): void {
    const { mem } = task;
    let words = this._words.get(mem);
    if (!words) this._words.set(mem, (words = new Map()));
    let word = words.get(address);
    if (!word) {
      if (isLibrary && !isVariable(task, address)) return;
      const key = fold(this._words.size, address);
      words.set(address, (word = { space: mem, address, bytes, key, first: 0, second: 0 }));
      this._written.add(word);
    } else if (writes) this._written.add(word);
  }
  /** The state now, where the tasks are at their events. */
  at(candidates: readonly Candidate[], waiting: Iterable<Candidate>): number {
    for (const word of this._written) {
      const [first, second] = this._hashes(word);
      this._first ^= word.first ^ first;
      this._second ^= word.second ^ second;
      [word.first, word.second] = [first, second];
    }
    this._written.clear();
    let [first, second] = [this._first, this._second];
    const seen = new Set<number>();
    const add = ({ pid, event }: Candidate): void => {
      if (seen.has(pid)) return;
      seen.add(pid);
      const place = fold(pid, this._placeOf(event));
      first ^= place;
      second ^= mix(place, 1);
    };
    candidates.forEach(add);
    for (const other of waiting) add(other);
    return (first >>> 0) * 0x20_0000 + (second >>> 11);
  }
  /** Where a task is: at an access, of the program or of a library for it. Calls would make more states. */
  private _placeOf(event: PendingEvent | undefined): number {
    if (!event || event.bytes === 0) return 0;
    if (!event.isLibrary) return event.ip;
    return this._words.get(event.space as Space)?.has(event.address) ? event.address : 0;
  }
  private _hashes({ space, address, bytes, key }: Word): readonly [number, number] {
    let value = key;
    // Not by `read`, which is for calls: a search may have points at their reads.
    for (let at = address; at < address + bytes; at++) {
      const found = space.translate(at, access.read);
      value = mix(value, found < 0 ? found : (space.frames.u8[found - (found % PAGE_SIZE) + (at % PAGE_SIZE)] as number));
    }
    return [value, mix(value, 1)];
  }
}
