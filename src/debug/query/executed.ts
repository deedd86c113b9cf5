// The last instructions before a moment, each with its accesses to memory: for questions that go back through
// registers.
import type { Decoded, Decoder } from "../../cpu/decode/decoder.ts";
import { plainDecoder } from "../../cpu/text/disassemble.ts";
import type { Moment } from "../../machine/moment.ts";
import { callName } from "../../machine/tracing/call-text.ts";
import { peek } from "../memory.ts";
import type { History } from "./history.ts";

/** An access to memory. */
export interface ExecutedAccess {
  readonly address: number;
  readonly bytes: number;
  readonly isWrite: boolean;
}
/** An instruction of a task that was executed, or a call that gave it a result. */
export interface Executed {
  readonly ip: number;
  readonly instructions: number;
  readonly moment: Moment;
  readonly mode: 16 | 32 | 64;
  readonly accesses: ExecutedAccess[];
  /** The instructions' registers were changed by a call that returned. */
  readonly call: string | undefined;
}
/** All addresses of user space. */
const EVERYWHERE = 2 ** 47;

/** A task's instructions from `count` before a moment to the instruction that begins there. */
export const executedBefore = async (history: History, tid: number, moment: Moment, count: number): Promise<readonly Executed[]> => {
  const list: Executed[] = [];
  const from = { instructions: Math.max(history.timeline.start.instructions, moment.instructions - count), steps: 0 };
  const note = (ip: number, instructions: number, call?: string): void => {
    const last = list.at(-1);
    // An engine has begun the instruction again.
    if (call === undefined && last?.call === undefined && last?.instructions === instructions) list.pop();
    const { mode } = history.kernel.processor.state;
    list.push({ ip, instructions, moment: history.momentAt(instructions), mode: mode as 16 | 32 | 64, accesses: [], call });
  };
  const isHis = (): boolean => history.kernel.scheduler.current?.pid === tid;
  await history.sweep(
    {
      leave: (task, call) => {
        if (task.pid === tid) note(0, history.kernel.processor.progress.instructions, callName(task, call));
      },
    },
    { instructions: moment.instructions + 1, steps: 0 },
    {
      from,
      stops: {
        code: { size: 1, has: () => true },
        data: [{ bit: 1, address: 0, length: EVERYWHERE, on: "access" }],
        onCode: (ip, instructions) => {
          if (isHis()) note(ip, instructions);
          return false;
        },
        onData: (address, bytes, how) => {
          if (isHis()) list.at(-1)?.accesses.push({ address, bytes, isWrite: how === 1 });
          return false;
        },
      },
    },
  );
  return list.filter(
    ({ instructions, call }) => instructions <= moment.instructions && (call === undefined || instructions < moment.instructions + 1),
  );
};

/** Decodes instructions of a process, each address once. */
export class ExecutedCode {
  private readonly _history: History;
  private readonly _pid: number;
  private readonly _known = new Map<number, Decoded | undefined>();
  private readonly _decoder: Decoder = plainDecoder();

  constructor(history: History, pid: number) {
    this._history = history;
    this._pid = pid;
  }
  at({ ip, mode }: Pick<Executed, "ip" | "mode">): Decoded | undefined {
    if (this._known.has(ip)) return this._known.get(ip);
    const bytes = new Uint8Array(15);
    const mem = this._history.taskOf(this._pid)?.mem;
    const n = mem ? peek(mem, ip, bytes) : 0;
    const found = this._decoder.decode(bytes, 0, n, ip, mode) === "ok" ? this._decoder.d.copy() : undefined;
    this._known.set(ip, found);
    return found;
  }
}
