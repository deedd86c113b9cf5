// The call stack of a stopped task: by unwind tables where a file has them, else by frame pointers. Nothing
// that the guest can see changes: only pages that are present are read.
import { at, R } from "../../cpu/machine/state.ts";
import type { Task } from "../../kernel/core/task.ts";
import { PROT, type Vma } from "../../memory/vma.ts";
import type { Frame } from "./frame.ts";
import { lineOf } from "./line-table.ts";
import { type ElfModule, moduleOf } from "./symbols.ts";
import { type DwarfRegisters, numbers, rulesAt, type UnwindRules, type UnwindStep, type UnwoundProgram, unwind } from "./unwind.ts";
import { stepFromVdso } from "./vdso32.ts";

const MOST_FRAMES = 32;
/** DWARF's order of the general registers, as numbers of the processor. */
const order = {
  4: [R.ax, R.cx, R.dx, R.bx, R.sp, R.bp, R.si, R.di],
  8: [R.ax, R.dx, R.cx, R.bx, R.si, R.di, R.bp, R.sp, 8, 9, 10, 11, 12, 13, 14, 15],
} as const;

/** An instruction of a file: what the file says about it. */
interface Place {
  readonly file: string | undefined;
  readonly module: ElfModule | null;
  readonly offset: number | undefined;
  readonly named: ReturnType<ElfModule["functionAt"]>;
  readonly rules: UnwindRules | undefined;
}
/** Places by path and offset, for a caller that asks often: the files stay as they are. */
export type KnownPlaces = Map<string, Place>;

class Walk {
  private readonly _task: Task;
  private readonly _known: KnownPlaces | undefined;
  private readonly _machine: UnwoundProgram;
  private readonly _hasLines: boolean;
  constructor(task: Task, long: 4 | 8, hasLines: boolean, known: KnownPlaces | undefined) {
    this._task = task;
    this._known = known;
    this._hasLines = hasLines;
    this._machine = { long, word: (address) => this._word(address) };
  }
  private _byte(address: number): number | undefined {
    const { mem } = this._task;
    const frame = mem.present(address);
    return frame < 0 ? undefined : mem.frames.u8[frame - (frame & 0xfff) + (address & 0xfff)];
  }
  private _word(address: number): number | undefined {
    let value = 0;
    for (let i = this._machine.long - 1; i >= 0; i--) {
      const byte = this._byte(address + i);
      if (byte === undefined) return undefined;
      value = value * 256 + byte;
    }
    return value;
  }
  private _code(address: number): Vma | undefined {
    const vma = this._task.mem.find(address);
    return vma && (vma.prot & PROT.EXEC) !== 0 ? vma : undefined;
  }
  private _placeOf(address: number): Place {
    const vma = this._code(address);
    const at = vma ? address - vma.start + vma.pgoff * 4096 : 0;
    const key = this._known && `${vma?.file?.path}:${at}`;
    const known = key === undefined ? undefined : this._known?.get(key);
    if (known) return known;
    const module = vma?.file ? moduleOf(vma.file.backing) : null;
    const offset = module && vma ? module.addressOf(at) : undefined;
    const has = module && offset !== undefined;
    const place = {
      ...{ file: vma?.file?.path, module, offset },
      named: has ? module.functionAt(offset) : undefined,
      rules: has ? rulesAt(module, offset) : undefined,
    };
    if (key !== undefined && vma?.file) this._known?.set(key, place);
    return place;
  }
  /** `behindCall`: the address is that of the next instruction, which may be another function's. */
  private _frame(address: number, behindCall: boolean, { file, module, offset, named }: Place): Frame {
    const extra = behindCall ? 1 : 0;
    return {
      address,
      file,
      offset: offset === undefined ? undefined : offset + extra,
      symbol: named?.name,
      displacement: named && named.displacement + extra,
      ...(this._hasLines && module && offset !== undefined ? { source: lineOf(module, offset) } : {}),
    };
  }
  /** The saved frame pointer and the return address above it, if both look like that. */
  private _byFramePointer(registers: DwarfRegisters): DwarfRegisters | undefined {
    const { long } = this._machine;
    const { sp, bp, ra } = numbers[long];
    const [stack, frame] = [registers[sp], registers[bp]];
    if (stack === undefined || frame === undefined || frame < stack) return undefined;
    const [saved, back] = [this._word(frame), this._word(frame + long)];
    if (saved === undefined || back === undefined || !this._code(back)) return undefined;
    const next = [...registers];
    next[sp] = frame + 2 * long;
    next[bp] = saved;
    next[ra] = back;
    return next;
  }
  frames(start: DwarfRegisters, isExact: boolean): readonly Frame[] {
    const { sp, ra } = numbers[this._machine.long];
    const frames: Frame[] = [];
    let registers: DwarfRegisters | undefined = start;
    let behindCall = !isExact;
    while (registers && frames.length < MOST_FRAMES) {
      const pc: number | undefined = registers[ra];
      if (pc === undefined || !this._code(behindCall ? pc - 1 : pc)) break;
      const place = this._placeOf(behindCall ? pc - 1 : pc);
      frames.push(this._frame(pc, behindCall, place));
      const fromVdso: UnwindStep | undefined =
        this._machine.long === 4 ? stepFromVdso(this._task.program.vdso, pc, registers, this._machine) : undefined;
      const step: UnwindStep | undefined = fromVdso ?? (place.rules && unwind(place.rules, registers, this._machine));
      const next: DwarfRegisters | undefined = step ? step.registers : this._byFramePointer(registers);
      // A stack that does not shrink is no stack.
      if (!next || (next[sp] ?? 0) <= (registers[sp] ?? 0)) break;
      behindCall = step?.isSignal !== true;
      registers = next;
    }
    return frames;
  }
}

/**
 * The innermost function first. Its address is the one behind the door of the call that the task makes;
 * `isExact`: that of the instruction that has faulted. `hasLines`: with source lines.
 */
export const backtrace = (task: Task, isExact = false, hasLines = false, known?: KnownPlaces): readonly Frame[] => {
  const { state } = task.kernel.processor;
  const long = state.mode === 64 ? 8 : 4;
  const low = (r: number): number => state.u32[2 * r] as number;
  const registers: (number | undefined)[] = order[long].map((r) =>
    long === 4 ? low(r) : (state.u32[2 * r + 1] as number) * 2 ** 32 + low(r),
  );
  const rip = (state.u32[(at.rip >> 2) + 1] as number) * 2 ** 32 + (state.u32[at.rip >> 2] as number);
  registers[numbers[long].ra] = rip;
  return new Walk(task, long, hasLines, known).frames(registers, isExact);
};
