// A core file is written while its process ends. man 5 core; Linux fs/coredump.c do_coredump(),
// coredump_wait(), fs/binfmt_elf.c elf_core_dump().
//
// The dumping thread and all others of the process are parked until none of them runs. Then the dumping
// thread writes the file, a piece at each return from the scheduler, and all threads end.
import { R } from "../../cpu/machine/state.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import { PROT } from "../../memory/vma.ts";
import { cost, PIECE_BYTES } from "../base/cost.ts";
import { RLIMIT } from "../base/rlimit.ts";
import { FileDescription } from "../fs/vfs/file.ts";
import { open } from "../fs/vfs/open.ts";
import { O_CREAT, O_EXCL, O_LARGEFILE, O_NOFOLLOW, O_RDWR } from "../fs/vfs/open-flags.ts";
import { unlink } from "../fs/vfs/remove.ts";
import type { SigInfo } from "../signal/info.ts";
import { endProcess } from "../signal/send.ts";
import { CORE } from "../task/end.ts";
import type { Task } from "../task/task.ts";
import { type DumpedArea, dumpedAreas } from "./areas.ts";
import { headers, headersSize, type Segment } from "./layout.ts";
import { coreName } from "./name.ts";
import { layoutNote, notesWeight, threadNotes } from "./notes.ts";

/** The smallest RLIMIT_CORE with a file. Linux binfmt min_coredump. */
const SMALLEST = PAGE_SIZE;
/** Threads in one piece of the notes. */
const THREADS = 32;
/** Host memory of a mapping's record and its program header, in bytes. */
const AREA_WEIGHT = 160;
const LOG_INFO = 6;

const align = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
/** PF_R, PF_W and PF_X of a mapping. */
const segmentFlags = (prot: number): number => (prot & PROT.READ ? 4 : 0) | (prot & PROT.WRITE ? 2 : 0) | (prot & PROT.EXEC ? 1 : 0);

/** A new file of the task's own. undefined: it could not be made. */
const openCore = (task: Task, signal: number): FileDescription | undefined => {
  const { kernel } = task;
  const name = coreName(task, signal);
  if (name.startsWith("|")) {
    kernel.log.add(LOG_INFO, kernel.now, `Core dump to ${name} pipe failed`);
    return undefined;
  }
  unlink(task, task.fs.cwd, name);
  const file = open(task, task.fs.cwd, name, { flags: O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE | O_EXCL, mode: 0o600 });
  if (!(file instanceof FileDescription)) return undefined;
  const admitted = file.admit();
  file.hold();
  if (admitted === 0 && file.inode.isFile) return file;
  file.drop();
  return undefined;
};

/** The dump of one process. */
export class CoreDump {
  readonly #task: Task;
  readonly #info: SigInfo;
  readonly #file: FileDescription;
  /** RLIMIT_CORE and RLIMIT_FSIZE: no byte is written beyond. */
  readonly #limit: number;
  readonly #charged: number;
  readonly #parked = new Set<Task>();
  /** The results of the calls in which threads slept: their waits end as by a signal. */
  readonly #results = new Map<Task, number>();
  readonly #threads: readonly Task[];
  readonly #notes: Uint8Array[] = [];
  readonly #areas: readonly DumpedArea[];
  /** Progress: threads in the notes, areas in the file, and bytes of the current area. */
  #noted = 0;
  #written = 0;
  #offset = 0;
  #position = 0;
  #isOver = false;

  private constructor(task: Task, info: SigInfo, file: FileDescription, charged: number) {
    this.#task = task;
    this.#info = info;
    this.#file = file;
    this.#charged = charged;
    const { process } = task;
    this.#limit = Math.min(process.limit(RLIMIT.CORE), process.limit(RLIMIT.FSIZE));
    this.#areas = dumpedAreas(task);
    this.#threads = [task, ...process.threads.filter((t) => t !== task)];
    for (const thread of this.#threads) if (thread.waiting) this.#results.set(thread, -thread.waiting.interrupted);
    task.kernel.charge(this.#areas.length * cost.mapping);
  }

  /**
   * Ends the process by a signal, with a core file if its limit, its dumpable flag and the file system allow
   * one.
   */
  static end(task: Task, info: SigInfo): void {
    const { process, kernel } = task;
    const file =
      process.exiting === undefined && process.limit(RLIMIT.CORE) >= SMALLEST && task.dumpable === 1
        ? openCore(task, info.signo)
        : undefined;
    const { account } = kernel.frames;
    const weight = notesWeight(process) + task.mem.areas.count * AREA_WEIGHT;
    if (file && account.canTake(weight)) {
      account.force(weight);
      process.dump = new CoreDump(task, info, file, weight);
      endProcess(process, info.signo | CORE);
      return;
    }
    file?.drop();
    endProcess(process, info.signo);
  }

  /** SIGKILL: the file stays as it is. Linux dump_interrupted(). */
  cancel(): void {
    this.#isOver = true;
  }

  /** The turn of a thread of the process that is about to end. False: it ends now. */
  step(task: Task): boolean {
    const { scheduler, processor } = task.kernel;
    if (this.#parked.size < this.#threads.length - 1 || task !== this.#task) {
      scheduler.stop(task);
      const result = this.#results.get(task);
      if (result !== undefined) processor.state.setGpr(R.ax, result);
      if (task !== this.#task) this.#parked.add(task);
      if (this.#parked.size === this.#threads.length - 1 && this.#task.state === "stopped") scheduler.start(this.#task);
      return true;
    }
    if (!this.#isOver) this.#piece();
    if (!this.#isOver) return true;
    this.#finish();
    return false;
  }
  #finish(): void {
    const { process, kernel } = this.#task;
    process.dump = undefined;
    kernel.frames.account.give(this.#charged);
    this.#file.drop();
    for (const thread of this.#parked) if (thread.state === "stopped") kernel.scheduler.start(thread);
  }

  #piece(): void {
    if (this.#noted < this.#threads.length) this.#note();
    else if (this.#written < this.#areas.length) this.#dump();
    else {
      // Holes at the end count.
      if (this.#position > this.#file.inode.size && this.#position <= this.#limit) this.#file.inode.truncate(this.#position);
      this.#isOver = true;
    }
  }

  #note(): void {
    const first = this.#noted;
    const some = this.#threads.slice(first, first + THREADS);
    for (const [i, thread] of some.entries()) this.#notes.push(...threadNotes(thread, this.#info, first + i === 0));
    this.#noted += some.length;
    this.#task.kernel.charge(some.length * cost.entry);
    if (this.#noted < this.#threads.length) return;
    this.#notes.push(...layoutNote(this.#task));
    this.#writeHead();
  }
  /** The headers and the notes. The first area begins at the next page. */
  #writeHead(): void {
    const { abi } = this.#task.program;
    const size = this.#notes.reduce((sum, { length }) => sum + length, 0);
    const offset = headersSize(this.#areas.length + 1, abi);
    let at = align(offset + size);
    const segments: Segment[] = [{ type: "note", flags: 0, offset, address: 0n, filesz: size, memsz: 0, align: 4 }];
    for (const { start, size: memsz, dumped: filesz, prot } of this.#areas) {
      segments.push({ type: "load", flags: segmentFlags(prot), offset: at, address: start, filesz, memsz, align: PAGE_SIZE });
      at += filesz;
    }
    this.#write(headers(segments, abi));
    for (const bytes of this.#notes.splice(0)) this.#write(bytes);
    this.#position = align(this.#position);
  }

  /** Appends bytes, all or none of them. False: the file ends here. Linux dump_emit(). */
  #write(bytes: Uint8Array): boolean {
    const { kernel } = this.#task;
    const end = this.#position + bytes.length;
    while (end <= this.#limit && this.#position < end) {
      const n = this.#file.write(this.#task, bytes.subarray(bytes.length - (end - this.#position)), this.#position);
      if (n <= 0) break;
      this.#position += n;
    }
    kernel.charge(bytes.length * cost.byte);
    if (this.#position < end) this.#isOver = true;
    return !this.#isOver;
  }

  /** Writes pages until a piece is complete. Absent pages become holes. */
  #dump(): void {
    const { mem, kernel } = this.#task;
    const page = new Uint8Array(PAGE_SIZE);
    let looks = 0;
    for (let bytes = 0; bytes < PIECE_BYTES && looks < PIECE_BYTES / PAGE_SIZE && !this.#isOver; looks++) {
      const area = this.#areas[this.#written];
      if (!area) break;
      const from = Number(area.start);
      const next = area.ofFile ? from + this.#offset : mem.table.next(from + this.#offset, from + area.dumped);
      if (this.#offset >= area.dumped || next === undefined) {
        this.#position += area.dumped - this.#offset;
        this.#written++;
        this.#offset = 0;
        continue;
      }
      this.#position += next - from - this.#offset;
      this.#offset = next - from + PAGE_SIZE;
      if (mem.peek(next, page) < PAGE_SIZE) this.#position += PAGE_SIZE;
      else if (this.#write(page)) bytes += PAGE_SIZE;
    }
    kernel.charge(looks * cost.page);
  }
}
