// Diagrams against the evaluator: a diagram's value for a call is the filter's result, and equal diagrams are
// equal filters.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holds } from "../../src/seccomp/diagram/predicate.ts";
import {
  actionOf,
  attach,
  BPF,
  type Cases,
  type Condition,
  casesOf,
  compare,
  type Diagram,
  diagramOf,
  differing,
  effectOf,
  evaluate,
  Filter,
  fieldOf,
  type Insn,
  jump,
  levelOf,
  type Program,
  RefusedFilter,
  type SeccompProfile,
  type SyscallData,
  stack,
  stmt,
  tableOf,
  upstream,
  v6,
  witness,
  wordsOf,
} from "../../src/seccomp/index.ts";
import { random, randomCase } from "../../tools/seccomp/random.ts";
import { upstreamProgram, v6DialectProgram } from "./arbitrary.ts";

const calls = (seed: number, count: number): readonly SyscallData[] => {
  const r = random(seed);
  return Array.from({ length: count }, () => randomCase(r).data);
};
const effect = (rules: SeccompProfile, program: Program, data: SyscallData): number =>
  effectOf(rules, evaluate(rules, program, wordsOf(rules.layout, data)));

const LD = BPF.LD | BPF.W | BPF.ABS;
const JEQ = BPF.JMP | BPF.JEQ | BPF.K;
const RET = BPF.RET | BPF.K;
const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const NR = 0;
const ARG0 = 16;
const call = (nr: number, arg0 = 0n): SyscallData => ({
  nr,
  arch: 0xc000_003e,
  ipLo: 0,
  ipHi: 0,
  args: Uint32Array.of(Number(arg0 & 0xffff_ffffn), Number(arg0 >> 32n), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
});
/** Allows the calls that pass the test, kills the others. */
const verdict = (...test: Insn[]): Program => [...test, stmt(RET, KILL), stmt(RET, ALLOW)];

describe("a diagram says what the evaluator says", () => {
  const check = (rules: SeccompProfile) => (program: Program, seed: number) => {
    const diagram = diagramOf(program, rules);
    let decided = 0;
    for (const data of calls(seed, 50)) {
      const value = diagram.valueOf(data);
      if (typeof value !== "number") continue;
      decided++;
      expect(effectOf(rules, value)).toBe(effect(rules, program, data));
    }
    return decided;
  };
  it("of upstream's programs, and decides most of them", () => {
    let decided = 0;
    fc.assert(
      fc.property(upstreamProgram, fc.nat(), (program, seed) => {
        decided += check(upstream)(program, seed);
      }),
      { numRuns: 60, seed: 1 },
    );
    expect(decided).toBeGreaterThan(60 * 50 * 0.6);
  });
  it("of the programs of 2012, with loads of bytes and by X", () => {
    fc.assert(
      fc.property(v6DialectProgram, fc.nat(), (program, seed) => void check(v6)(program, seed)),
      { numRuns: 40, seed: 2 },
    );
  });
  it("of arithmetic with constants, at the places where it carries", () => {
    const operations = [BPF.ADD, BPF.SUB, BPF.OR, BPF.AND, BPF.XOR, BPF.LSH, BPF.RSH];
    fc.assert(
      fc.property(fc.constantFrom(...operations), fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), (operation, k, bound) => {
        const count = operation === BPF.LSH || operation === BPF.RSH ? k & 31 : k;
        const program = verdict(stmt(LD, ARG0), stmt(BPF.ALU | operation | BPF.K, count), jump(BPF.JMP | BPF.JGE | BPF.K, bound, 1, 0));
        const diagram = diagramOf(program);
        expect(diagram.values().undecided).toEqual([]);
        for (const x of [0, 1, k, ~k, k - 1, bound, bound - 1, bound - k, bound + k, bound ^ k, 0xffff_ffff]) {
          const data = call(1, BigInt(x >>> 0));
          expect(diagram.valueOf(data)).toBe(effect(upstream, program, data));
        }
      }),
      { numRuns: 200, seed: 3 },
    );
  });
  it("of products and quotients by small constants", () => {
    for (const operation of [BPF.MUL, BPF.DIV]) {
      for (const k of [1, 2, 3, 5, 7, 10, 16]) {
        const program = verdict(stmt(LD, ARG0), stmt(BPF.ALU | operation | BPF.K, k), jump(JEQ, 42, 1, 0));
        const diagram = diagramOf(program);
        expect(diagram.values().undecided).toEqual([]);
        for (const x of [0, 6, 8, 14, 21, 42, 42 * k, 42 * k + 1, 42 * k - 1, 43 * k - 1, 0x5555_5563, 0xffff_ffff]) {
          const data = call(1, BigInt(x));
          expect(diagram.valueOf(data)).toBe(effect(upstream, program, data));
        }
      }
    }
  });
});

describe("what cannot be exact says so, and where", () => {
  const product = [stmt(LD, ARG0), stmt(BPF.MISC | BPF.TAX), stmt(LD, 24), stmt(BPF.ALU | BPF.MUL | BPF.X), jump(JEQ, 0x1234_5678, 1, 0)];
  it("names the instruction of a product of two arguments", () => {
    expect(diagramOf(verdict(...product)).values().undecided).toEqual([{ filter: 0, pc: 3 }]);
  });
  it("stays exact for the calls that do not get there", () => {
    const program = [stmt(LD, NR), jump(JEQ, 39, 0, 1), stmt(RET, ALLOW), ...verdict(...product)];
    expect(diagramOf(program).valueOf(call(39))).toBe(ALLOW);
    expect(diagramOf(program).valueOf(call(40))).toEqual({ filter: 0, pc: 6 });
  });
  it("is not an equality: two such filters are not proved equal", () => {
    const one = diagramOf(verdict(...product));
    expect(compare(one, diagramOf(verdict(...product))).verdict).toBe("undecided");
  });
  it("refuses what the kernel refuses, with its reason", () => {
    expect(() => diagramOf([stmt(LD, 64), stmt(RET, ALLOW)])).toThrow(RefusedFilter);
    expect(() => diagramOf([stmt(LD, 64), stmt(RET, ALLOW)])).toThrow("instruction 0: load at 64");
  });
});

describe("a stack of filters", () => {
  it("is what the kernel makes of them", () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.array(upstreamProgram, { minLength: 2, maxLength: 3 }), fc.nat(), (programs, seed) => {
        let filter: Filter | null = null;
        for (const program of programs) {
          const next = attach(upstream, filter, program);
          if (!(next instanceof Filter)) return;
          filter = next;
        }
        const diagram = stack(programs);
        for (const data of calls(seed, 30)) {
          const value = diagram.valueOf(data);
          if (typeof value !== "number") continue;
          expect(value).toBe(filter?.decide(data, { value: 0, filter: null }));
          compared++;
        }
      }),
      { numRuns: 30, seed: 4 },
    );
    expect(compared).toBeGreaterThan(300);
  });
  it("takes the data of the newest among equal actions", () => {
    const errno = (n: number): Program => [stmt(RET, 0x0005_0000 | n)];
    expect(stack([errno(5), errno(6)]).valueOf(call(1))).toBe(0x0005_0006);
  });
});

describe("equality", () => {
  const linear: Program = [stmt(LD, NR), jump(JEQ, 1, 2, 0), jump(JEQ, 2, 1, 0), stmt(RET, KILL), stmt(RET, ALLOW)];
  const range: Program = [
    stmt(LD, NR),
    jump(BPF.JMP | BPF.JGT | BPF.K, 2, 2, 0),
    jump(BPF.JMP | BPF.JGE | BPF.K, 1, 0, 1),
    stmt(RET, ALLOW),
    stmt(RET, KILL),
  ];
  it("is the same node, however the filter is written", () => {
    expect(compare(diagramOf(linear), diagramOf(range)).verdict).toBe("equal");
  });
  it("knows no difference that no call can see", () => {
    const one: Program = [stmt(RET, 0x7fff_1234)];
    const other: Program = [stmt(RET, ALLOW)];
    expect(compare(diagramOf(one), diagramOf(other)).verdict).toBe("equal");
    expect(compare(diagramOf([stmt(RET, 0x0005_ffff)]), diagramOf([stmt(RET, 0x0005_0fff)])).verdict).toBe("equal");
    expect(compare(diagramOf([stmt(RET, 0x7ffb_0000)]), diagramOf([stmt(RET, KILL)])).verdict).toBe("equal");
  });
  it("has a witness for each difference that the evaluator confirms", () => {
    fc.assert(
      fc.property(upstreamProgram, fc.nat(), (program, seed) => {
        const r = random(seed);
        const at = r.below(program.length);
        const changed = program.with(at, { ...(program[at] as Insn), k: ((program[at] as Insn).k ^ (1 << r.below(32))) >>> 0 });
        let other: Diagram;
        try {
          other = diagramOf(changed);
        } catch {
          return;
        }
        const difference = compare(diagramOf(program), other);
        if (difference.verdict === "different") {
          for (const pair of difference.pairs) {
            const data = witness(difference.a.nodes, differing(difference, pair));
            if (!data || pair.a >= 2 ** 32 || pair.b >= 2 ** 32) continue;
            expect(effect(upstream, program, data)).toBe(pair.a);
            expect(effect(upstream, changed, data)).toBe(pair.b);
          }
        } else if (difference.verdict === "equal") {
          for (const data of calls(seed, 50)) expect(effect(upstream, program, data)).toBe(effect(upstream, changed, data));
        }
      }),
      { numRuns: 80, seed: 5 },
    );
  });
});

describe("conditions are read back", () => {
  const conditions = (program: Program): Cases => {
    const { nodes, root } = diagramOf(program).effects().restrict({ arch: 0xc000_003e, sys_number: 1 });
    return casesOf(nodes, root, (value) => (value === ALLOW ? 1 : 0));
  };
  const only = (program: Program) => conditions(program).cases[0]?.when[0]?.[0]?.predicate;
  it("as a mask", () => {
    const program = verdict(stmt(LD, ARG0), jump(BPF.JMP | BPF.JSET | BPF.K, 0x7e02_0000, 0, 1));
    expect(only(program)).toEqual({ kind: "masks", masks: [{ mask: 0x7e02_0000n, value: 0n }], negated: false });
  });
  it("as a set of values of the whole argument", () => {
    const program = [
      ...[stmt(LD, ARG0 + 4), jump(JEQ, 0, 0, 3), stmt(LD, ARG0), jump(JEQ, 1, 2, 0), jump(JEQ, 10, 1, 0)],
      ...[stmt(RET, KILL), stmt(RET, ALLOW)],
    ];
    expect(only(program)).toEqual({
      kind: "ranges",
      mask: -1n,
      ranges: [
        { from: 1n, to: 1n },
        { from: 10n, to: 10n },
      ],
      negated: false,
    });
  });
  it("as a range of the lower half", () => {
    const program = verdict(stmt(LD, ARG0), jump(BPF.JMP | BPF.JGT | BPF.K, 5, 0, 1));
    expect(only(program)).toEqual({ kind: "ranges", mask: 0xffff_ffffn, ranges: [{ from: 0n, to: 5n }], negated: false });
  });
  it("so that they say the same as the filter", () => {
    const argument = (data: SyscallData, { subject, part }: Pick<Condition, "subject" | "part">): bigint => {
      const [lo, hi] = subject === "ip" ? [data.ipLo, data.ipHi] : [data.args[2 * subject] as number, data.args[2 * subject + 1] as number];
      return part === "whole" ? (BigInt(hi) << 32n) | BigInt(lo) : BigInt(part === "high" ? hi : lo);
    };
    let compared = 0;
    fc.assert(
      fc.property(upstreamProgram, fc.nat(), (program, seed) => {
        const diagram = diagramOf(program).effects();
        for (const data of calls(seed, 10)) {
          const { nodes, root } = diagram.restrict({ arch: data.arch, sys_number: data.nr >>> 0 });
          if (nodes.reachable(root).length > 300) continue;
          const { cases, truncated } = casesOf(nodes, root, (value) => value);
          const predicates = cases.flatMap(({ when }) => when.flat().map(({ predicate }) => predicate));
          if (truncated || predicates.some(({ kind }) => kind === "nodes")) continue;
          const found = cases.find(
            ({ when }) =>
              when.length === 0 ||
              when.some((all) => all.every((part) => part.predicate.kind !== "nodes" && holds(part.predicate, argument(data, part)))),
          );
          compared++;
          const value = diagram.valueOf(data);
          if (typeof value === "number") expect(found?.value).toBe(value);
        }
      }),
      { numRuns: 60, seed: 6 },
    );
    expect(compared).toBeGreaterThan(100);
  });
  it("and fields say where their bits are", () => {
    expect(fieldOf(0)).toEqual({ level: levelOf("args[0].hi"), bits: 64 });
  });
});

describe("the table", () => {
  it("has a row for every number, without gaps", () => {
    const table = tableOf(diagramOf([stmt(LD, NR), jump(JEQ, 39, 0, 1), stmt(RET, ALLOW), stmt(RET, KILL)]));
    expect(table?.map(({ from, to, ranges }) => [from, to, ranges?.map((r) => [r.from, r.to])])).toEqual([
      [
        0,
        0xffff_ffff,
        [
          [0, 38],
          [39, 39],
          [40, 0xffff_ffff],
        ],
      ],
    ]);
    expect(actionOf(upstream.returns, ALLOW)).toBe("allow");
  });
});
