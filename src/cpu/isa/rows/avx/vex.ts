// AVX from SSE: the meaning of a legacy row with another vocabulary. VEX.128: the first source is separate
// from the destination, and the rest of the register is zeroed. VEX.256: the meaning runs once per half. SDM
// Vol. 1 14.1.3, 14.3.
import type { CpuFeature } from "../../../machine/model.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import type { Attributes, Operand, Row } from "../../row.ts";
import { row, rows2 } from "../../row.ts";
import { commitExceptions } from "../sse/float.ts";

/** A vocabulary with some words replaced. */
const reworded = <V>(o: Ops<V>, words: Partial<Ops<V>>): Ops<V> =>
  new Proxy(o, {
    get: (_o, name: keyof Ops<V>) => {
      const word = words[name] ?? o[name];
      return typeof word === "function" && !(name in words) ? (word as (...args: unknown[]) => unknown).bind(o) : word;
    },
  });
const formOf = (i: Form, widths: readonly number[], memory: Form["memory"]): Form =>
  Object.create(i, { widths: { value: widths }, memory: { value: memory } }) as Form;

/** "three": VEX.vvvv is the first source, which legacy rows take from the destination. */
export type Sources = "two" | "three";

const widthsOf = (legacy: Row, i: Form, sources: Sources): number[] =>
  legacy.operands.map((o, n) => (n === 0 || sources === "two" ? Math.min(o.widths[0], 128) : Math.min(i.widths[n + 1] as number, 128)));

/**
 * VEX.128 and scalars. The bits that a legacy instruction keeps of its destination come from the first
 * source.
 */
const narrow =
  (legacy: Row, sources: Sources): Meaning =>
  (o, i) => {
    if (sources === "two") return legacy.does(reworded(o, { setXmm: (r, v) => setRegister(o, r, v), xmm: () => o.get(3) }), i);
    const w = legacy.operands[0]!.widths[0] as 32 | 64 | 128;
    const form = formOf(i, widthsOf(legacy, i, sources), (n) => n > 0 && i.memory(n + 1));
    const view = reworded(o, {
      get: (n) => (n > 0 ? o.get(n + 1) : w === 128 ? o.get(1) : o.lane(o.get(1), w, 0)),
      vec: (n) => o.vec(n + 1),
      set: (_n, v) => o.set(0, w === 128 ? v : o.withLane(o.get(1), w, 0, v)),
      xmm: () => o.get(3),
    });
    legacy.does(view, form);
  };
const setRegister = <V>(o: Ops<V>, r: number, v: V): void => {
  o.setXmm(r, v);
  o.setUpper(r, o.vector(o.imm(0), o.imm(0)));
};

/** The relation of the halves of a VEX.256 instruction. */
export interface Halves {
  /**
   * Bits of the immediate that belong to the lower half; the bits above them belong to the upper one. Absent:
   * both halves use all of it.
   */
  readonly perHalf?: number;
  /**
   * "widen": each half of the destination comes from a half of a smaller source. "narrow": the source is
   * twice as large.
   */
  readonly part?: "widen" | "narrow";
  /** True if the destination is a source, too. */
  readonly reads?: boolean;
}

/** VEX.256: both halves, then all exceptions, then the destination. */
export const halves =
  (legacy: Pick<Row, "does" | "operands">, sources: Sources, { perHalf = 0, part, reads = false }: Halves): Meaning =>
  <V>(o: Ops<V>, i: Form) => {
    const first = sources === "three" ? 1 : 0;
    const immediate = legacy.operands.findIndex((operand) => operand.kind === "imm");
    /** For each operand, its value in each half. */
    const operands = i.widths.map((w, n): readonly [V, V] | undefined => {
      if (n === 0 && !reads) return undefined;
      if (w === 256) return o.wide(n);
      const v = o.get(n);
      if (part === "widen") return [w === 128 ? o.lane(v, 64, 0) : o.zext(v, w / 2), w === 128 ? o.lane(v, 64, 1) : o.shr(v, o.imm(w / 2))];
      return [v, n - first === immediate && perHalf > 0 ? o.shr(v, o.imm(perHalf)) : v];
    });
    const form = formOf(
      i,
      legacy.operands.map((operand) => operand.widths[0]),
      (n) => i.memory(n === 0 ? 0 : n + first),
    );
    const half = (h: 0 | 1): V => {
      const get = (n: number): V => (operands[n + first] as readonly [V, V])[h];
      const never = o.imm(0);
      let result = never;
      const view = reworded(o, {
        get,
        vec: get,
        set: (_n, v) => {
          result = o.let("half", v);
        },
        xmm: () => get(2),
        // Exceptions of the lower half alone do not end the instruction.
        call: (name, ...args) => (name === "sse_commit" ? never : o.call(name, ...args)),
        when: (c, then, otherwise, likely) => (c === never ? otherwise?.() : o.when(c, then, otherwise, likely)),
      });
      legacy.does(view, form);
      return result;
    };
    const [low, high] = [half(0), half(1)];
    commitGathered(o);
    if (part === "narrow") o.set(0, o.vector(o.lane(low, 64, 0), o.lane(high, 64, 0)));
    else o.setWide(0, low, high);
  };
/** Raises the gathered exceptions of routines, if any. */
export const commitGathered = <V>(o: Ops<V>): void => o.when(o.field("gathered"), () => commitExceptions(o), undefined, false);

const maps = { 0: "", 1: "0F", 2: "0F38", 3: "0F3A" } as const;
const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, "0");

/** The differences of a row with VEX from its legacy row. */
export interface VexDifferences extends Attributes, Halves {
  /** LIG for scalars; "both" for 128 and 256. */
  readonly length: "128" | "LIG" | "both";
  /** Feature of VEX.256, if it differs. */
  readonly wide?: CpuFeature;
  /** Replaces the legacy row's operands, without H. {a_b}: a with VEX.128, b with VEX.256. */
  readonly operands?: string;
  /** Replaces the legacy opcode and its map. */
  readonly opcode?: string;
}

const operandsOf = (legacy: Row, sources: Sources, d: VexDifferences): string => {
  const specs = d.operands ? d.operands.split(",") : legacy.operands.map((o: Operand) => o.spec);
  if (sources === "two") return specs.join(",");
  const [to, ...from] = specs as [string, ...string[]];
  // A shift by an immediate has its destination in VEX.vvvv.
  if (legacy.digit !== undefined) return [`H${to.slice(1)}`, to, ...from].join(",");
  return [/^V[dq]$/.test(to) ? "Vx" : to, "Hx", ...from].join(",");
};

/** The VEX rows of a legacy row: "v" and its name, its prefix and opcode, its meaning. */
export const derived = (legacy: Row, sources: Sources, d: VexDifferences): readonly Row[] => {
  const { length, wide, perHalf = 0, part, operands: _operands, opcode, ...attributes } = d;
  const w = legacy.rexW === undefined ? "WIG" : legacy.rexW ? "W1" : "W0";
  const prefix = legacy.prefix === "none" ? "NP" : legacy.prefix;
  const digit = legacy.digit === undefined ? "" : ` /${legacy.digit}`;
  const code = opcode ?? `${maps[legacy.map]}.${w} ${hex(legacy.opcode)}`;
  const encoding = (l: string) =>
    `VEX.${l}.${prefix}.${code}${digit} ${operandsOf(legacy, sources, d).replace(/\{(\w*)_(\w*)\}/g, l === "256" ? "$2" : "$1")}`;
  const aligned = legacy.unaligned !== true && /^v?mov(ap|dqa|nt)/.test(legacy.name) ? ({ aligned: true } as const) : {};
  const all: Attributes = {
    feature: "avx",
    ...aligned,
    ...attributes,
    ...(legacy.addressed ? ({ addressed: true } as const) : {}),
    vendor: legacy.vendor,
  };
  const one = row(`v${legacy.name}`, encoding(length === "LIG" ? "LIG" : "128"), narrow(legacy, sources), all);
  if (length !== "both") return [one];
  return [
    one,
    row(
      `v${legacy.name}`,
      encoding("256"),
      halves(legacy, sources, part ? { perHalf, part } : { perHalf }),
      wide ? { ...all, feature: wide } : all,
    ),
  ];
};

/** Rows of both lengths for an instruction that works on each half alike. */
export const bothLengths = (name: string, encoding: string, does: Meaning, attributes: Attributes, how: Halves = {}): readonly Row[] => {
  const [short] = rows2(name, encoding, () => does, attributes) as [Row, Row];
  return rows2(name, encoding, (l) => (l === 128 ? does : halves(short, "two", how)), attributes);
};
