// The outcomes of litmus tests under sequential consistency and under x86-TSO are exactly those that the
// axioms allow (litmus/model.ts): by own programs, named as in the literature, and by generated ones.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore, Machine, replay } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/machine/explore/random.ts";
import { RandomWalk } from "../../src/machine/explore/strategy.ts";
import { Trials } from "../../src/machine/explore/trials.ts";
import { gcc, missing, top } from "../support/host.ts";
import { Directed } from "./litmus/directed.ts";
import { allowed, type Litmus, type Model, type Op, witnesses } from "./litmus/model.ts";
import { programOf } from "./litmus/program.ts";

const W = (at: string, value = 1): Op => ({ kind: "W", at, value });
const N = (at: string, value = 1): Op => ({ kind: "N", at, value });
const S: Op = { kind: "S" };
const R = (at: string): Op => ({ kind: "R", at });
const F: Op = { kind: "F" };
const X = (at: string, value = 1): Op => ({ kind: "X", at, value });

/** Names of Alglave et al. 2014 and of Owens et al. 2009. The last column: TSO allows more than SC. */
const tests: readonly (readonly [name: string, litmus: Litmus, isWeaker: boolean])[] = [
  [
    "SB",
    [
      [W("x"), R("y")],
      [W("y"), R("x")],
    ],
    true,
  ],
  [
    "SB+mfences",
    [
      [W("x"), F, R("y")],
      [W("y"), F, R("x")],
    ],
    false,
  ],
  [
    "SB+mfence+po",
    [
      [W("x"), F, R("y")],
      [W("y"), R("x")],
    ],
    true,
  ],
  [
    "SB+xchgs",
    [
      [X("x"), R("y")],
      [X("y"), R("x")],
    ],
    false,
  ],
  [
    "SB+rfi-pos",
    [
      [W("x"), R("x"), R("y")],
      [W("y"), R("y"), R("x")],
    ],
    true,
  ],
  [
    "MP",
    [
      [W("x"), W("y")],
      [R("y"), R("x")],
    ],
    false,
  ],
  [
    "LB",
    [
      [R("x"), W("y")],
      [R("y"), W("x")],
    ],
    false,
  ],
  [
    "2+2W",
    [
      [W("x"), W("y", 2)],
      [W("y"), W("x", 2)],
    ],
    false,
  ],
  [
    "R",
    [
      [W("x"), W("y")],
      [W("y", 2), R("x")],
    ],
    true,
  ],
  [
    "R+po+mfence",
    [
      [W("x"), W("y")],
      [W("y", 2), F, R("x")],
    ],
    false,
  ],
  [
    "S",
    [
      [W("x", 2), W("y")],
      [R("y"), W("x")],
    ],
    false,
  ],
  [
    "n6",
    [
      [W("x"), R("x"), R("y")],
      [W("y", 2), W("x", 2)],
    ],
    true,
  ],
  [
    "n5",
    [
      [W("x"), R("x")],
      [W("x", 2), R("x")],
    ],
    false,
  ],
  ["CoRR", [[W("x")], [R("x"), R("x")]], false],
  ["WRC", [[W("x")], [R("x"), W("y")], [R("y"), R("x")]], false],
  ["RWC", [[W("x")], [R("x"), R("y")], [W("y"), R("x")]], true],
  [
    "3.SB",
    [
      [W("x"), R("y")],
      [W("y"), R("z")],
      [W("z"), R("x")],
    ],
    true,
  ],
  ["IRIW", [[W("x")], [R("x"), R("y")], [R("y"), R("x")], [W("y")]], false],
  [
    "MP+movnti",
    [
      [N("x"), W("y")],
      [R("y"), R("x")],
    ],
    true,
  ],
  [
    "MP+movnti+sfence",
    [
      [N("x"), S, W("y")],
      [R("y"), R("x")],
    ],
    false,
  ],
  [
    "2+2W+movntis",
    [
      [N("x"), N("y", 2)],
      [N("y"), N("x", 2)],
    ],
    true,
  ],
  [
    "SB+movntis+sfences",
    [
      [N("x"), S, R("y")],
      [N("y"), S, R("x")],
    ],
    true,
  ],
  [
    "MP+movnti+xchg",
    [
      [N("x"), X("z"), W("y")],
      [R("y"), R("x")],
    ],
    false,
  ],
];

/** Drawn schedules. Outcomes that they miss must be shown by a directed one. */
const DRAWN = 150;

describe.skipIf(missing("litmus tests", gcc))("a litmus test", { timeout: 300_000 }, () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "trapgate-litmus-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  const outcomes = (litmus: Litmus, model: Model): string[] => {
    const trials = new Trials(programOf(litmus, folder), { memoryModel: model });
    const strategy = new RandomWalk(new Random(1));
    const found = new Set<string>();
    for (let n = 0; n < DRAWN; n++) found.add(trials.observe(strategy, "accesses").run.stdout.text);
    for (const [outcome, order] of witnesses(litmus, model))
      if (!found.has(outcome)) found.add(trials.observe(new Directed(litmus, order, model === "tso"), "accesses").run.stdout.text);
    return [...found].sort();
  };
  const sorted = (set: ReadonlySet<string>): string[] => [...set].sort();

  it.each(tests)("%s has the outcomes of the model", (_name, litmus, isWeaker) => {
    const [sc, tso] = [allowed(litmus, "sc"), allowed(litmus, "tso")];
    expect(tso.size > sc.size).toBe(isWeaker);
    expect(outcomes(litmus, "tso")).toEqual(sorted(tso));
    expect(outcomes(litmus, "sc")).toEqual(sorted(sc));
  });

  it.each(Array.from({ length: Number(process.env["LITMUS"] ?? 12) }, (_, seed) => seed))(
    "of seed %d has the outcomes of the model",
    (seed) => {
      const random = new Random(1000 + seed);
      const any = (): Op => {
        const at = random.below(2) === 0 ? "x" : "y";
        const kind = random.below(9);
        return kind < 4 ? W(at, 1 + random.below(2)) : kind < 7 ? R(at) : kind === 7 ? F : X(at, 1 + random.below(2));
      };
      const litmus = Array.from({ length: 2 }, () => Array.from({ length: 2 + random.below(2) }, any));
      expect([litmus, outcomes(litmus, "tso")]).toEqual([litmus, sorted(allowed(litmus, "tso"))]);
    },
  );

  it("of four threads shows rare outcomes by a schedule that an order of the axioms directs", () => {
    const litmus = [
      [R("x"), R("y")],
      [X("y"), F, W("z", 2)],
      [W("z"), S, R("w")],
      [W("w"), F, W("x", 2)],
    ];
    const trials = new Trials(programOf(litmus, folder), { memoryModel: "tso" });
    for (let seed = 0; seed < 20; seed++) trials.observe(new RandomWalk(new Random(seed)), "accesses");
    for (const [outcome, order] of witnesses(litmus, "tso"))
      expect(trials.observe(new Directed(litmus, order, true), "accesses").run.stdout.text).toBe(outcome);
  });

  it("of a C program fails by late stores only, and its schedule repeats it", async () => {
    const file = join(folder, "store-buffer");
    execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(top, "test/explore/programs/store-buffer.c")]);
    const options = { root: hostTree("/"), search: "random", schedules: 200, memoryModel: "tso" } as const;
    const { violation } = await explore(file, options);
    expect(violation?.what).toBe("the program was killed by SIGABRT");
    const { schedule = "" } = violation ?? {};
    expect(schedule).toMatch(/>/);
    expect(replay(file, { root: options.root, schedule })).toBe(violation?.what);
    const run = await Machine.run(file, { root: options.root, schedule });
    expect(run.status).toMatchObject({ signal: "SIGABRT" });
    // Without the late stores the same departures do not fail.
    expect(
      replay(file, {
        root: options.root,
        schedule:
          schedule
            .split(",")
            .filter((one) => !one.includes(">"))
            .join(",") || "default",
      }),
    ).toBeUndefined();
    expect((await explore(file, { ...options, args: ["fences"] })).violation).toBeUndefined();
    expect((await explore(file, { ...options, memoryModel: "sc" })).violation).toBeUndefined();
  });
});
