// The uses of a page of memory by the tasks of one run, and what tasks share as a rule.
import type { Task } from "../../../kernel/core/task.ts";
import { PROT, VM } from "../../../memory/vma.ts";
import type { Remap } from "../proof/kernel-accesses.ts";

/** The bytes of a word here: the smallest object that C programs share, as a rule. */
export const WORD = 4;
/** Words of a page. */
export const WORDS = 4096 / WORD;
/** In the table of owners: more than one task. */
export const SEVERAL = -1;
/** In a table of shared words: tasks share the word, by accesses without points alone or with points. */
export const SHARED = 1;
/** The same, with points. */
export const USED = 2;
/** In a proof: each access has a point, also those that would have none (hidden.ts). */
export const PROMOTED = 3;

/** Bytes of the tables of a page: `lastIp`, `owners`, `writes`, `used`. */
const TABLES = (8 + 4 + 1 + 1) * WORDS;

/** A page in one run. */
export class PageUse {
  /** The first task; `SEVERAL` afterwards. */
  owner = 0;
  written = false;
  /** In a proof: the tasks that have used it, and changes of its mapping. */
  readonly users = new Set<number>();
  remaps: Remap[] | undefined;
  readonly name: string;
  /** All words count as shared. */
  isAssumed = false;
  /** Shared and written: known words, and by word the first task and whether it was written. */
  words: Uint8Array | undefined;
  owners: Int32Array | undefined;
  writes: Uint8Array | undefined;
  /** By word: there was an access with a point, or that would have one if the word were shared. */
  used: Uint8Array | undefined;
  /** By word: the instruction and the task of the last write. */
  lastIp: Float64Array | undefined;
  private _tables: ArrayBuffer | undefined;

  constructor(name: string, words: Uint8Array | undefined) {
    this.name = name;
    if (words) this.watch(words);
  }
  /** The same page in another run. Known words are of all runs. */
  copy(): PageUse {
    const copy = new PageUse(this.name, undefined);
    copy.owner = this.owner;
    copy.written = this.written;
    copy.isAssumed = this.isAssumed;
    if (this.words && this._tables) copy._watch(this.words, this._tables.slice(0));
    return copy;
  }
  /** A task has changed the mapping of the page, which concerns each of its words. */
  remapped(words: Uint8Array, pid: number): void {
    if (!this.words) this.watch(words);
    const { owners, writes } = this;
    owners?.forEach((owner, w) => {
      owners[w] = owner === 0 || owner === pid ? pid : SEVERAL;
    });
    writes?.fill(1);
  }
  watch(words: Uint8Array): void {
    this._watch(words, new ArrayBuffer(TABLES));
  }
  /** One buffer for all tables: V8 makes a buffer much more slowly than a view. */
  private _watch(words: Uint8Array, tables: ArrayBuffer): void {
    this._tables = tables;
    this.words = words;
    this.lastIp = new Float64Array(tables, 0, WORDS);
    this.owners = new Int32Array(tables, 8 * WORDS, WORDS);
    this.writes = new Uint8Array(tables, 12 * WORDS, WORDS);
    this.used = new Uint8Array(tables, 13 * WORDS, WORDS);
  }
}

/** Variables of the program, and its heap: what tasks share as a rule. */
export const isVariable = ({ mem }: Task, address: number): boolean => {
  if (address >= mem.brkStart && address < mem.brk) return true;
  const vma = mem.find(address);
  if (!vma || (vma.prot & PROT.WRITE) === 0 || (vma.flags & VM.SHARED) !== 0) return false;
  const file = vma.file ?? mem.find(vma.start - 1)?.file;
  return file !== undefined && file.path === mem.find(mem.startCode)?.file?.path;
};
