// The effects of a row's meaning, found by one run over a recording vocabulary. No row has to state them a
// second time.

import type { Exit } from "../machine/exit.ts";
import { S } from "../machine/state.ts";
import { operandWidth } from "./form.ts";
import type { Assured, Form, Ops } from "./ops.ts";
import { type HelperName, modelHelpers, stackHelpers } from "./routine-types.ts";
import { isMemoryOperand, type Row, sizeIndex } from "./row.ts";

/** The effects of a row. */
export interface Effects {
  /**
   * Calls a helper function that changes the machine (segments, CPUID, …), except for checks of the model.
   * The interpreter executes it.
   */
  readonly callsHelper: boolean;
  /** The door by which it enters the kernel (a system call). */
  readonly exits: Exit | undefined;
  readonly branches: boolean;
  readonly branchesIf: boolean;
  /** Jumps indirectly. */
  readonly jumps: boolean;
  readonly repeats: boolean;
  /** Reads or writes at the stack pointer. */
  readonly stack: boolean;
  /** Reads or writes a memory operand: LEA, NOP and PREFETCHh do not. */
  readonly memory: boolean;
  /** Near calls push the next instruction's address; near returns jump to a popped address. */
  readonly calls: boolean;
  readonly returns: boolean;
  /** Depends on the operand size. */
  readonly sized: boolean;
  /** The routines that it calls. */
  readonly routines: readonly string[];
  /** The calls with their constant arguments; undefined for other arguments. */
  readonly routineCalls: readonly RoutineCall[];
  /** The floating-point operation for which it asks the reader's guarantee (`Ops.assured`). */
  readonly assured: { readonly name: Assured; readonly w: 32 | 64; readonly lanes: number } | undefined;
  /** Computes its first operand from the others by vector operations, and has no other effect. */
  readonly pure: boolean;
  /** The fields of the register file that it writes. */
  readonly fields: readonly string[];
}

/** A call of a routine. `constants`: the constant arguments; undefined for others. */
export interface RoutineCall {
  readonly routine: string;
  readonly constants: readonly (number | undefined)[];
}

/** The words of a meaning without effects. */
const pureWords = new Set(
  "get vec set let imm simd shuffle lane withLane vector splat zext sext add sub mul and or xor not shl shr select assured".split(" "),
);
/** A constant in a meaning, distinct from its other values. */
class Constant {
  readonly value: number;
  constructor(value: number | bigint) {
    this.value = Number(value);
  }
}

const constantOf = (v: unknown): number | undefined => (v instanceof Constant ? v.value : undefined);

/** All form properties that a meaning can depend on. */
const forms = (row: Row): Form[] =>
  ([16, 32, 64] as const).flatMap((size) =>
    [false, true].map(
      (memory): Form => ({
        w: operandWidth(row, size),
        widths: row.operands.map((o) => o.widths[sizeIndex(size)]),
        addressSize: 32,
        stackSize: 32,
        mode: 32,
        flat: true,
        rep: 1,
        cc: row.cc,
        memory: (n) => memory && row.operands[n] !== undefined && isMemoryOperand(row.operands[n]),
      }),
    ),
  );

/** Words that access an operand, and words that access memory. */
const operandWords = new Set(["get", "vec", "rmw", "set", "setLow", "wide", "setWide"]);
const memoryWords = new Set(["load", "loadRmw", "store", "linear", "element", "helper"]);

const known = new Map<Row, Effects>();

/** The effects of a row; computed once. */
export const effectsOf = (row: Row): Effects => known.get(row) ?? derive(row);

/**
 * A separate function: in V8 a function with closures allocates their context at every call, also for a
 * lookup.
 */
const derive = (row: Row): Effects => {
  const used = new Set<string>();
  const routineCalls: RoutineCall[] = [];
  const fields = new Set<string>();
  const value = {};
  const next = {};
  const popped = {};
  let [stack, memory, calls, returns, callsHelper] = [false, false, false, false, false];
  let exits: Exit | undefined;
  let assured: Effects["assured"];
  const notes = new Proxy(
    {},
    {
      get:
        (_t, name: string) =>
        (...args: unknown[]) => {
          used.add(name);
          const onStack = (name === "load" || name === "store") && args[0] === S.ss;
          callsHelper ||= name === "helper" && modelHelpers[args[0] as HelperName] === undefined;
          stack ||= onStack || (name === "helper" && stackHelpers.has(args[0] as HelperName));
          const operand = operandWords.has(name) ? row.operands[args[0] as number] : undefined;
          memory ||= memoryWords.has(name) || (operand !== undefined && isMemoryOperand(operand));
          calls ||= onStack && args[3] === next;
          returns ||= name === "jump" && args[0] === popped;
          if (name === "exit") exits = args[0] as Exit;
          if (name === "imm") return new Constant(args[0] as number | bigint);
          if (name === "call") routineCalls.push({ routine: args[0] as string, constants: args.slice(1).map(constantOf) });
          if (name === "assured") assured ??= { name: args[0] as Assured, w: args[1] as 32 | 64, lanes: args[2] as number };
          if (name === "setField") fields.add(args[0] as string);
          for (const a of args) if (typeof a === "function") (a as () => void)();
          if (name === "nextIp") return next;
          if (onStack) return popped;
          return name === "wide" ? [value, value] : value;
        },
    },
  ) as Ops<object>;
  let asked = false;
  for (const form of forms(row)) {
    const { w } = form;
    const noting = () => {
      asked = true;
      return w;
    };
    row.does(notes, Object.defineProperty(form, "w", { get: noting }));
  }
  const effects: Effects = {
    callsHelper,
    exits,
    branches: used.has("branch"),
    branchesIf: used.has("branchIf"),
    jumps: used.has("jump"),
    repeats: used.has("repeat"),
    stack,
    memory,
    calls,
    returns,
    sized: asked && operandWidth(row, 16) !== 8,
    routines: [...new Set(routineCalls.map(({ routine }) => routine))],
    routineCalls,
    assured,
    pure: used.has("set") && [...used].every((word) => pureWords.has(word)),
    fields: [...fields],
  };
  known.set(row, effects);
  return effects;
};
