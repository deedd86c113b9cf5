// Random code with loops, calls, mode switches, self-modification, faults and timers: compiled, interpreted
// and evaluated it does the same.
import type { Engine } from "../../../src/cpu/engine.ts";
import { pagesOf } from "../../../src/machine/boot.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { keepMemory, takeMemory } from "../../../src/machine/memory-pool.ts";
import type { Random } from "../../oracle/random.ts";
import { digestOf } from "../digest.ts";
import { guestFile } from "../guests.ts";
import { kind, noFinding } from "../kind.ts";
import { drawRegisters, drawSlots, EMPTY, encodeSlots, type SlotProgram } from "./slots.ts";

interface Input extends SlotProgram {
  readonly rounds: number;
  readonly model: string;
  /** Engines that must agree with the interpreter. */
  readonly engine: Engine;
}

const MEMORY = 16 * 2 ** 20;
/**
 * Virtual nanoseconds of the interpreter's and the compiler's runs; the evaluator is a thousand times slower.
 */
const limits: Readonly<Record<Engine, number>> = { auto: 20e6, jit: 5e6, baseline: 20e6, interpret: 20e6, evaluate: 60e3 };
const guest = guestFile("slots");

const draw = (r: Random): Input => {
  const engine = r.pick(["jit", "jit", "jit", "auto", "evaluate"] as const);
  return {
    slots: drawSlots(r, 8 + r.below(r.pick([16, 64, 200]))),
    registers: drawRegisters(r),
    data: r.u32(),
    timer: r.chance(0.2) ? r.pick([40, 41, 100, 1000]) : 0,
    rounds: engine === "evaluate" ? 3 : engine === "auto" ? 3000 : r.pick([20, 200, 1000]),
    model: r.pick(["max:amd", "max:amd", "x86-64-v1:amd", "max:intel"]),
    engine,
  };
};

interface Outcome {
  readonly digest: string;
  readonly text: string;
}
const run = (input: Uint8Array, engine: Engine, { model }: Input, limit: number): Outcome => {
  const options = { engine, cpu: model, memory: MEMORY };
  const machine = new Machine(options, takeMemory(pagesOf(options), false));
  const { run: done, end } = machine.runClosed(guest, { stdin: input }, limit);
  keepMemory(machine, false);
  const { bytes } = done.stdout;
  const text = `${JSON.stringify([end, done.status, done.stats])} ${Buffer.from(bytes.subarray(0, 0x410)).toString("hex")}`;
  return { digest: digestOf(text, bytes), text };
};

/** Names for the first difference in the guest's output. */
const NAMES = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
const shown = (a: Outcome, b: Outcome): { expected: string; seen: string } => {
  const [left, right] = [a.text.split(" "), b.text.split(" ")] as [string[], string[]];
  if (left[0] !== right[0]) return { expected: left[0] as string, seen: right[0] as string };
  const [x, y] = [left[1] ?? "", right[1] ?? ""];
  for (let i = 0; i < x.length; i += 16)
    if (x.slice(i, i + 16) !== y.slice(i, i + 16)) {
      const where = NAMES[i / 16] ?? `byte ${i / 2}`;
      return { expected: `${where} ${x.slice(i, i + 16)}`, seen: `${where} ${y.slice(i, i + 16)}` };
    }
  return { expected: "the interpreter's data pages", seen: "others" };
};

export const code = kind<Input>({
  summary: "random code: jit, interpreter and evaluator agree, self-modification, mode switches and timers included",
  bounds: { seconds: 60, megabytes: 2000 },
  draw,
  check(input) {
    const bytes = encodeSlots(input, input.rounds);
    const limit = limits[input.engine];
    const expected = run(bytes, "interpret", input, limit);
    const seen = run(bytes, input.engine, input, limit);
    const verdict = noFinding(1, expected.digest);
    if (seen.digest === expected.digest) return verdict;
    return { ...verdict, finding: { rule: `interpret and ${input.engine} are equal`, ...shown(expected, seen) } };
  },
  // Slots stay where they are: one that is left out is empty.
  parts: {
    of: ({ slots }) => slots.flatMap((slot, i) => (slot === EMPTY || i === slots.length - 1 ? [] : [i])),
    with: (input, parts) => ({
      ...input,
      slots: input.slots.map((slot, i) => (parts.includes(i) || i === input.slots.length - 1 ? slot : EMPTY)),
    }),
  },
});
