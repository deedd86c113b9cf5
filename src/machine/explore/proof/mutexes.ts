// Mutexes of the C library in a proof: a task that is about to take one that is held makes no event until it
// is free, as the literature's locks do (Abdulla, Aronis, Jonsson, Sagonas, "Source Sets", JACM 2017; GenMC).
// pthread_mutex_lock ends only when it has the mutex, and stdio's functions when they have
// the lock of their file, so a failed attempt, the waits and the last attempt are
// one event behind the release. What tries or gives up (trylock, timedlock) has the events of its accesses.
import type { Task } from "../../../kernel/core/task.ts";
import type { Instruction } from "../../accessing-instructions.ts";
import type { PendingEvent } from "../strategy.ts";
import { isLibc, type LibraryFunctions } from "./library-functions.ts";

const BYTES = 4;
/**
 * The functions whose CMPXCHG takes a normal, recursive or checking mutex: in a function of their own are
 * robust mutexes and those that inherit priorities, whose words the kernel writes too.
 */
const TAKES = /^_*pthread_mutex_lock$/;
/** A program that calls the kernel itself. */
const CALLS = /^syscall$/;

/** What all runs have shown of mutexes. */
export class MutexFacts {
  /**
   * Words that the program itself accesses: it could see that another task waits, so the failed attempts
   * count.
   */
  readonly exposed = new Set<number>();
}

/** The mutexes of one run. */
export class Mutexes {
  private readonly _facts: MutexFacts;
  private readonly _functions: LibraryFunctions;
  /** Words that tasks were about to take in this run. */
  private readonly _met = new Set<number>();

  constructor(facts: MutexFacts, functions: LibraryFunctions) {
    this._facts = facts;
    this._functions = functions;
  }
  /** The instruction takes a mutex, or waits for it. */
  takes(task: Task, { ip, address, bytes }: { ip: number; address: number; bytes: number }, instruction: Instruction): boolean {
    const { isCompareExchange, isAtomic, path = "" } = instruction;
    if (!isCompareExchange || !isAtomic || bytes !== BYTES || !isLibc(path)) return false;
    if (!TAKES.test(this._functions.nameOf(task, ip)) && !this._functions.waitsForFile(task, ip)) return false;
    this._met.add(address);
    return !this._facts.exposed.has(address);
  }
  /** The mutex that the event takes is held. */
  waits({ mem }: Task, event: PendingEvent | undefined): boolean {
    return event?.takes === true && !this._facts.exposed.has(event.address) && !isFree(mem.read(event.address, BYTES));
  }
  /** Tells of an event: the program may access the word of a mutex itself. */
  executed(task: Task, { ip, address, bytes, isLibrary, call }: PendingEvent): void {
    if (bytes === 0) return;
    const isOwn =
      call === undefined ? isLibrary !== true : !isLibc(task.mem.find(ip)?.file?.path) || CALLS.test(this._functions.nameOf(task, ip));
    if (!isOwn) return;
    for (const word of this._met) if (word < address + bytes && address < word + BYTES) this._facts.exposed.add(word);
  }
  /** True if a word that the event may change is 0 before it: then it may take a mutex. */
  frees({ mem }: Task, { writes, address, bytes }: PendingEvent): boolean {
    return writes && bytes === BYTES && isFree(mem.read(address, bytes));
  }
}

const isFree = (word: Uint8Array | undefined): boolean => word?.every((byte) => byte === 0) === true;
