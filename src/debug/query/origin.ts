// Where a byte of memory came from: back through copies by instructions, calls that read, pipes, sockets and
// files, to the place where the run first had it.
import { at } from "../../cpu/machine/state.ts";
import { compareMoments, type Moment } from "../../machine/moment.ts";
import { type Executed, ExecutedCode, executedBefore } from "./executed.ts";
import type { History, When } from "./history.ts";
import { type OriginSource, type Provenance, provenanceOf } from "./provenance.ts";
import { type Channel, type DataTransfer, findTransfers } from "./transfers.ts";
import { lastWrite, type Write } from "./writes.ts";

/** One step back. */
export interface OriginStep {
  /** Undefined: the process began with the byte. */
  readonly when: When | undefined;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** The instruction at this address; undefined: the kernel. */
  readonly ip: number | undefined;
  /** The byte of memory that was written. */
  readonly address: number;
  readonly what: string;
  /** The call, for the kernel. */
  readonly call: string | undefined;
}

/** Steps back, at most. */
const MOST_STEPS = 100;
/** Instructions before a write in which the way of its register is looked for: first and at most. */
const FIRST_WINDOW = 256;
const WIDEST_WINDOW = 65_536;

const hex = (n: number): string => `0x${n.toString(16)}`;
const momentOf = (when: When): Moment => ("at" in when ? when.at : when.before);

/** A byte of memory at a moment. */
interface Place {
  readonly pid: number;
  readonly address: number;
  readonly until: Moment;
}
/** A step, and the place of the byte before it. Undefined: it has no other place. */
interface Found {
  readonly step: OriginStep;
  readonly next: Place | undefined;
}

const registerName = (offset: number): string => {
  if (offset < at.gpr + 16 * 8) {
    const names = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    return names[(offset - at.gpr) >> 3] as string;
  }
  return offset >= at.ymm && offset < at.ymm + 16 * 32 ? `ymm${(offset - at.ymm) >> 5}` : "a register";
};

/** Finds the way of one byte. */
class Search {
  private readonly _history: History;
  private readonly _code = new Map<number, ExecutedCode>();
  private readonly _known = new Map<number, Provenance>();
  private _transfers: readonly DataTransfer[] | undefined = undefined;

  constructor(history: History) {
    this._history = history;
  }
  /** One step back from a place. */
  async back(place: Place): Promise<Found> {
    const { pid, address, until } = place;
    const write = await lastWrite(this._history, { pid, address, length: 1 }, until);
    if (!write) return this._beginning(place);
    if (write.by === undefined && "at" in write.when) return this._byInstruction(write, write.when.at, place);
    return this._byKernel(write, address);
  }

  // ---- the program's own instructions ----
  private _provenance(executed: Executed, pid: number): Provenance | undefined {
    const known = this._known.get(executed.ip);
    if (known) return known;
    let code = this._code.get(pid);
    if (!code) this._code.set(pid, (code = new ExecutedCode(this._history, pid)));
    const d = code.at(executed);
    const found = d && provenanceOf(d);
    if (found) this._known.set(executed.ip, found);
    return found;
  }
  /** The byte that an instruction loaded, before the write `before` of its accesses. */
  private _loaded(
    { accesses }: Executed,
    { load, byte }: { readonly load: number; readonly byte: number },
    before = accesses.length,
  ): number | undefined {
    const loads = accesses.slice(0, before).filter(({ isWrite }) => !isWrite);
    // A repeated instruction has many; the last one is that of the store. One that changes memory loads for
    // writing.
    const found = loads.length > load + 1 && before < accesses.length ? loads.at(-1) : (loads[load] ?? accesses[0]);
    return found && found.address + byte;
  }
  private async _byInstruction(write: Write, moment: Moment, { pid, address }: Place): Promise<Found> {
    const { tid, comm } = write;
    const step = (what: string, ip: number): OriginStep => ({ when: write.when, pid, tid, comm, ip, address, what, call: undefined });
    for (let window = FIRST_WINDOW; ; window *= 16) {
      const list = await executedBefore(this._history, tid, moment, window);
      const last = list.findLastIndex(({ call }) => call === undefined);
      const executed = list[last];
      if (!executed) return { step: step("written by an instruction", 0), next: undefined };
      const { ip } = executed;
      const at = executed.accesses.findLastIndex(
        (access) => access.isWrite && address >= access.address && address < access.address + access.bytes,
      );
      const target = executed.accesses[at];
      const stores = this._provenance(executed, pid)?.stores ?? [];
      const within = target ? address - target.address : 0;
      const store = stores.find((each) => target !== undefined && each.length === target.bytes) ?? stores[0];
      // A repeated instruction copies many elements in one access.
      const stored = store && store.length > 0 ? store[within % store.length] : undefined;
      const source = stored?.kind === "computed" ? stored.from : stored;
      if (!target || !source) return { step: step("computed", ip), next: undefined };
      const how = stored?.kind === "computed" ? "computed" : "copied";
      if (source.kind === "memory") {
        const whole = store && target.bytes > store.length ? within : source.byte;
        const from = this._loaded(executed, { load: source.load, byte: whole }, at);
        if (from === undefined) return { step: step(how, ip), next: undefined };
        return { step: step(`${how} from ${hex(from)}`, ip), next: { pid, address: from, until: executed.moment } };
      }
      if (source.kind !== "register") return { step: step("a constant", ip), next: undefined };
      const traced = this._throughRegisters(list, last, source.at, pid);
      const isWhole = moment.instructions - window <= this._history.timeline.start.instructions;
      if (!traced && window < WIDEST_WINDOW && !isWhole) continue;
      const name = registerName(source.at);
      if (!traced) return { step: step(`from ${name}, which has had it for ${window} instructions`, ip), next: undefined };
      if (traced.from === undefined) return { step: step(`from ${name}: ${traced.what} at ${hex(traced.ip)}`, ip), next: undefined };
      const isChanged = how === "computed" || traced.what === "computed";
      return {
        step: step(`from ${name}, loaded from ${hex(traced.from)} at ${hex(traced.ip)}${isChanged ? ", then computed" : ""}`, ip),
        next: { pid, address: traced.from, until: traced.moment },
      };
    }
  }
  /** Back through instructions that set a byte of a register. Undefined: none of them does. */
  private _throughRegisters(
    list: readonly Executed[],
    before: number,
    byte: number,
    pid: number,
  ): { readonly from?: number; readonly what: string; readonly ip: number; readonly moment: Moment } | undefined {
    let offset = byte;
    let isComputed = false;
    for (let i = before - 1; i >= 0; i--) {
      const executed = list[i] as Executed;
      const { ip, moment, call } = executed;
      if (call !== undefined) {
        if (offset < at.gpr + 8) return { what: `the result of ${call}`, ip, moment };
        continue;
      }
      const set: OriginSource | undefined = this._provenance(executed, pid)?.registers.get(offset);
      if (!set) continue;
      isComputed ||= set.kind === "computed";
      const source = set.kind === "computed" ? set.from : set;
      if (!source) return { what: "computed from more than one value", ip, moment };
      if (source.kind === "register") offset = source.at;
      else if (source.kind !== "memory") return { what: isComputed ? "computed from constants" : "a constant", ip, moment };
      else {
        const from = this._loaded(executed, source);
        const what = isComputed ? "computed" : "loaded";
        return from === undefined ? { what, ip, moment } : { from, what, ip, moment };
      }
    }
    return undefined;
  }

  // ---- the kernel ----
  private async _allTransfers(): Promise<readonly DataTransfer[]> {
    return (this._transfers ??= await findTransfers(this._history));
  }
  private async _byKernel(write: Write, address: number): Promise<Found> {
    const { pid, tid, comm, when, by = "the kernel" } = write;
    const step = (what: string): OriginStep => ({ when, pid, tid, comm, ip: undefined, address, what, call: by });
    const transfers = await this._allTransfers();
    const after = momentOf(when);
    const index = transfers.findIndex((each) => each.way === "in" && each.tid === tid && compareMoments(each.after, after) === 0);
    const transfer = transfers[index];
    if (!transfer) {
      const isMapped = by === "mmap" || by === "execve" || by === "execveat" || by === "mremap";
      return { step: step(isMapped ? await this._mapped(pid, address, after) : `made by the kernel in ${by}`), next: undefined };
    }
    let before = 0;
    for (const piece of transfer.pieces) {
      if (address >= piece.address && address < piece.address + piece.length) {
        const place = transfer.offset + before + (address - piece.address);
        const what = channelText(transfer.channel, place);
        return {
          step: step(`${transfer.call}(${transfer.fd}, …): ${what}`),
          next: this._sender(transfers, index, transfer.channel, place),
        };
      }
      before += piece.length;
    }
    return { step: step(`made by the kernel in ${by}`), next: undefined };
  }
  /** The place of a byte of a stream or file before the last transfer that wrote it there. */
  private _sender(transfers: readonly DataTransfer[], before: number, channel: Channel, place: number): Place | undefined {
    if (channel.kind !== "stream" && channel.kind !== "file") return undefined;
    const isSame = (other: Channel): boolean =>
      channel.kind === "stream"
        ? other.kind === "stream" && other.key === channel.key
        : other.kind === "file" && other.name === channel.name;
    for (let i = before - 1; i >= 0; i--) {
      const each = transfers[i] as DataTransfer;
      if (each.way !== "out" || !isSame(each.channel) || place < each.offset || place >= each.offset + each.length) continue;
      const within = place - each.offset;
      if (each.from) return this._sender(transfers, i, each.from.channel, each.from.offset + within);
      let passed = 0;
      for (const { address, length } of each.pieces) {
        if (within < passed + length) return { pid: each.pid, address: address + within - passed, until: each.after };
        passed += length;
      }
    }
    return undefined;
  }

  // ---- the beginning of a process ----
  /** What a mapping holds before any write. */
  private async _mapped(pid: number, address: number, moment: Moment): Promise<string> {
    await this._history.timeline.approach(moment);
    const vma = this._history.taskOf(pid)?.mem.find(address);
    if (!vma) return "no memory was there";
    if (!vma.file) return "the first content of new memory: zero, or what execve(2) put on the stack";
    return `mapped from ${vma.file.path}, byte ${address - vma.start + vma.pgoff * 4096}`;
  }
  private async _beginning({ pid, address, until }: Place): Promise<Found> {
    let made: { readonly after: Moment; readonly parent: number; readonly comm: string } | undefined;
    await this._history.sweep(
      {
        started: (child, parent) => {
          if (child.process.pid !== pid || !parent || parent.process === child.process) return;
          made ??= { after: this._history.after(), parent: parent.process.pid, comm: parent.comm };
        },
      },
      until,
    );
    const begun = made as { readonly after: Moment; readonly parent: number; readonly comm: string } | undefined;
    const step = (what: string): OriginStep => ({
      when: begun ? { before: begun.after } : undefined,
      pid,
      tid: pid,
      comm: begun?.comm ?? "",
      ip: undefined,
      address,
      what,
      call: undefined,
    });
    if (begun && this._history.kernel.processes.get(begun.parent)?.pid !== this._history.kernel.init?.pid)
      return { step: step(`inherited from process ${begun.parent} at fork`), next: { pid: begun.parent, address, until: begun.after } };
    return { step: step(await this._mapped(pid, address, until)), next: undefined };
  }
}

/** `byte 17 of /etc/passwd`. */
export const channelText = (channel: Channel, place: number): string =>
  channel.kind === "other" ? `from ${channel.name}` : `byte ${place} of ${channel.name}`;

/**
 * The steps of a byte back to its origin, the last one first. `until`: the moment at which the process has
 * it.
 */
export const findOrigin = async (
  history: History,
  pid: number,
  address: number,
  until: Moment = history.end,
): Promise<{ readonly steps: readonly OriginStep[]; readonly isCut: boolean }> => {
  const search = new Search(history);
  const steps: OriginStep[] = [];
  let place: Place | undefined = { pid, address, until };
  while (place && steps.length < MOST_STEPS) {
    const found: Found = await search.back(place);
    steps.push(found.step);
    place = found.next;
  }
  return { steps, isCut: place !== undefined };
};
