// The interpreter's handlers. Each form of each row is compiled to one wasm function over a decoded record. A
// few modules share one table.

import { Body, type FunctionBytes, i32c, localGet, node, op, wt } from "../../wasm/encoder.ts";
import { type FuncType, ModuleWriter } from "../../wasm/module.ts";
import { mostPages } from "../../wasm/shared-memory.ts";
import { conditionFunction, flagFunction, flagsWordFunction } from "../codegen/compile.ts";
import { as } from "../codegen/expression.ts";
import { firstRoutine, mostRuns, regionSlots, regionType, special } from "../decode/operand-slots.ts";
import { formsOf, type HandlerForm, handlerModules, type KeyedForm, moduleOf } from "../isa/form.ts";
import type { Flag } from "../isa/ops.ts";
import { helperNames, type RoutineType } from "../isa/routine-types.ts";
import type { Row } from "../isa/row.ts";
import { exitCode } from "../machine/exit.ts";
import { record } from "../machine/layout.ts";
import { at } from "../machine/state.ts";
import { budgetParam, type Env, HandlerCompiler, handlerType, recordParam } from "./handler-compiler.ts";

/** A module of handlers, and the table index of its first handler. */
export interface NumberedHandlers {
  readonly first: number;
  readonly wasm: Uint8Array;
}
/** The compiled handlers of all rows. */
export interface Handlers {
  /** The first module has the table, and the functions that JavaScript and compiled regions call. */
  readonly modules: readonly NumberedHandlers[];
  /** Per row: form keys and handlers in turn. */
  readonly forms: readonly (readonly number[])[];
  readonly count: number;
}
type RoutineTypes = Readonly<Record<string, RoutineType>>;

/**
 * Compiles the handlers of all rows. `commonModule` assigns a form, by its key, to one of the first
 * `commonModules` modules. Undefined: the module follows from the form.
 */
export const buildHandlers = (
  rows: readonly Row[],
  routineTypes: RoutineTypes,
  memoryPages: number,
  commonModule: (row: Row, key: number) => number | undefined,
): Handlers => {
  const forms: number[][] = rows.map(() => []);
  const byModule: { readonly row: number; readonly keyed: KeyedForm }[][] = Array.from({ length: handlerModules }, () => []);
  rows.forEach((row, number) => {
    for (const keyed of formsOf(row)) byModule[commonModule(row, keyed.key) ?? moduleOf(keyed.form)]!.push({ row: number, keyed });
  });
  let count = 0;
  const anyForm = formsOf(rows[0]!)[0]!.form;
  const built = byModule.map((list, moduleNumber) => {
    const first = count;
    const m = new ModuleWriter();
    if (moduleNumber > 0) m.importTable("handlers", "table", first, first);
    const env = environment(m, routineTypes);
    const compiled = (how: (c: HandlerCompiler) => void): number => {
      const b = new Body(handlerType.params);
      how(new HandlerCompiler(b, anyForm, env));
      return m.func(handlerType, b.done());
    };
    env.elsewhere = compiled((c) => c.elsewhere());
    if (moduleNumber === 0) count += base(m, env, compiled, Object.keys(routineTypes).length);
    const known = new Map<string, number>();
    for (const { row, keyed } of list) {
      const bytes = handlerBody(keyed.form, env);
      const text = String.fromCharCode(...bytes);
      let slot = known.get(text);
      if (slot === undefined) {
        slot = m.element(m.func(handlerType, bytes));
        known.set(text, slot);
        count++;
      }
      forms[row]!.push(keyed.key, slot);
    }
    return { first, m };
  });
  built[0]!.m.firstTable("table", count, count + mostRuns);
  return {
    modules: built.map(({ first, m }) => ({ first, wasm: m.done(memoryPages, mostPages) })),
    forms,
    count: count - Object.keys(routineTypes).length,
  };
};

const handlerBody = (form: HandlerForm, env: Env): FunctionBytes => {
  const b = new Body(handlerType.params);
  const c = new HandlerCompiler(b, form, env);
  const { row } = form;
  try {
    row.does(c, form);
  } catch (e) {
    throw new Error(`${row.name} ${row.encoding} (${form.size}, ${form.memoryKind}): ${e instanceof Error ? e.message : e}`);
  }
  c.next();
  return b.done();
};

/**
 * A function that tail-calls a routine through the table. A direct import would cost V8 a compilation per
 * function type.
 */
const trampolineTo = (m: ModuleWriter, type: FuncType, slot: number): number => {
  const b = new Body(type.params);
  type.params.forEach((t, n) => b.expr(localGet(t, n)));
  b.expr(i32c(slot));
  b.opcode(op.returnCallIndirect);
  b.code.u(m.type(type));
  b.code.u(0);
  return m.func(type, b.done());
};

/**
 * The functions that handlers call: imports, and functions for flags and conditions. Each module has its own
 * copies of the latter.
 */
const environment = (m: ModuleWriter, routineTypes: RoutineTypes): Env => {
  const i32 = wt.i32;
  const miss = m.importFunc("js", "miss", { params: [wt.f64, i32, i32, i32, i32], results: [i32] });
  const commit = m.importFunc("js", "commit", { params: [], results: [] });
  const checkSegment = m.importFunc("js", "checkSegment", { params: [i32, wt.f64, i32, i32, i32, i32], results: [] });
  const helper = m.importFunc("js", "act", { params: [i32, i32, i32, wt.i64, wt.i64], results: [i32] });
  const names = Object.keys(routineTypes);
  const routines = new Map<string, RoutineType & { index: number }>();
  const flag = {} as Record<Flag, number>;
  for (const f of ["CF", "PF", "AF", "ZF", "SF", "OF"] as const) {
    const b = new Body([]);
    flagFunction(b, f);
    flag[f] = m.func({ params: [], results: [wt.i64] }, b.done());
  }
  const word = new Body([]);
  flagsWordFunction(word, (f) => flag[f]);
  const flagsWord = m.func({ params: [], results: [wt.i64] }, word.done());
  const condition = Array.from({ length: 16 }, (_, cc) => {
    const b = new Body([]);
    conditionFunction(b, cc, (f) => flag[f]);
    return m.func({ params: [], results: [i32] }, b.done());
  });
  return {
    miss,
    commit,
    checkSegment,
    raise: 0,
    flag: (f) => flag[f],
    flagsWord: () => flagsWord,
    condition: (cc) => condition[cc]!,
    helper,
    handlerTypeIndex: m.type(handlerType),
    regionTypeIndex: m.type(regionType),
    elsewhere: 0,
    routine: (name) => {
      const known = routines.get(name);
      if (known) return known;
      const t = routineTypes[name];
      if (!t) throw new Error(`no routine ${name}`);
      const type = { params: t.params, results: t.result ? [t.result] : [] };
      const made = { ...t, index: trampolineTo(m, type, firstRoutine + names.indexOf(name)) };
      routines.set(name, made);
      return made;
    },
    helperId: (name) => {
      const id = (helperNames as readonly string[]).indexOf(name);
      if (id < 0) throw new Error(`no helper function ${name}`);
      return id;
    },
  };
};

/**
 * Adds the contents of the first module other than handlers: the specials in the order of `special`, slots
 * for routines, and exports. Returns the number of table elements.
 */
const base = (m: ModuleWriter, env: Env, compiled: (how: (c: HandlerCompiler) => void) => number, routines: number): number => {
  const leaving = (code: number) => {
    const b = new Body(handlerType.params);
    b.store(op.i32store, i32c(0), recordParam, at.record);
    b.store(op.i32store, i32c(0), budgetParam, at.budget);
    b.expr(i32c(code));
    return m.func(handlerType, b.done());
  };
  // An empty slot, a block that continues elsewhere, a stop, an invalidated record, the entry of a compiled
  // region.
  const specials = [
    leaving(exitCode.stale),
    compiled((c) => c.branch()),
    leaving(exitCode.stop),
    leaving(exitCode.stale),
    compiled((c) => c.region()),
  ];
  for (const index of specials) m.element(index);
  for (let n = 0; n < routines; n++) m.element(specials[special.none]!);
  m.secondTable("regions", regionSlots);
  m.exportFunc("enter", m.func(handlerType, enterBody(env)));
  const flagsWord32 = new Body([]);
  flagsWord32.expr(as(wt.i32, node(wt.i64, op.call, [], env.flagsWord())));
  m.exportFunc("flagsWord32", m.func({ params: [], results: [wt.i32] }, flagsWord32.done()));
  return specials.length + routines;
};

/** (record, budget): the entry from JavaScript. */
const enterBody = (env: Env): Uint8Array => {
  const b = new Body(handlerType.params);
  b.expr(recordParam);
  b.expr(budgetParam);
  b.expr(node(wt.i32, op.i32load, [recordParam], record.handler));
  b.opcode(op.returnCallIndirect);
  b.code.u(env.handlerTypeIndex);
  b.code.u(0);
  return b.done();
};
