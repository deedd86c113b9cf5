// A right call of each export of trapgate/policy and trapgate/seccomp, and of the methods that people call;
// the places of its arguments; wrong values. The campaign and test/policy/arguments.test.ts draw from them.

import * as policies from "../../../src/policy/index.ts";
import { Problem } from "../../../src/problem.ts";
import type { Condition } from "../../../src/seccomp/index.ts";
import * as filters from "../../../src/seccomp/index.ts";

const { arg, errno, policy } = policies;
const { assemble, upstream } = filters;
const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
const diagram = filters.diagramOf(program);
const other = filters.diagramOf([filters.stmt(6, 0x7fff0000)]);
const getpid = filters.syscallData("getpid");
const bytes = filters.encodeProgram(program);
const sandbox = policy({ default: errno("EPERM") }).allow("read", "socket", arg(0).eq(1));
const seen = new policies.Observed();
seen.add(getpid);
const learned = policies.learn(seen);
const { nodes, root } = diagram.effects();
const cases = filters.casesOf(
  ...([sandbox.diagram.nodes, sandbox.diagram.restrict({ arch: 0xc000003e, sys_number: 41 }).root] as const),
  (v) => v,
);
const conditions = cases.cases.flatMap(({ when }) => when).flat() as Condition[];
const denied = { abi: "x64", number: 39, args: [] } as const;
const json = new TextEncoder().encode(
  '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{ "names": ["read"], "action": "SCMP_ACT_ALLOW" }] }',
);
const coverage = new policies.PolicyCoverage(sandbox);
coverage.add(getpid);
const finding = policies.audit(diagramOnly(diagram))[0] as policies.Finding;
function diagramOnly(of: filters.Diagram) {
  return { diagram: of };
}
const range = { kind: "ranges", mask: -1n, ranges: [{ from: 1n, to: 3n }], negated: false } as const;
const entry = { name: "read", action: 0x7fff0000, args: [{ index: 0, op: "EQ", value: 1n, valueTwo: 0n }] } as const;
const event = {
  comm: "a",
  exe: "/a",
  pid: 1,
  uid: 0,
  gid: 0,
  time: 1,
  serial: 1,
  signal: 0,
  nr: 1,
  arch: 0x40000003,
  ipLo: 0,
  ipHi: 0,
  value: 0,
};
const filter = filters.attach(upstream, null, program);
const source = () => new policies.Source("a.json", new TextDecoder().decode(json));

export type Call = readonly [run: (...args: never[]) => unknown, args: readonly unknown[]];
const call = <F extends (...args: never[]) => unknown>(run: F, ...args: Parameters<F>): Call => [run, args];
const made = <C extends new (...args: never[]) => object>(Made: C, ...args: ConstructorParameters<C>): Call => [
  (...given: never[]) => new Made(...given),
  args,
];

/** A right call of each export, and of the methods that people call. */
export const calls: Readonly<Record<string, Call>> = {
  assemble: call(assemble, "return ALLOW", { abi: filters.x64 }),
  disassemble: call(filters.disassemble, program, { ...upstream, abi: filters.i386 }),
  disassembleLines: call(filters.disassembleLines, program, {}),
  decodeProgram: call(filters.decodeProgram, bytes),
  encodeProgram: call(filters.encodeProgram, program),
  jump: call(filters.jump, 0x15, 1, 0, 1),
  stmt: call(filters.stmt, 6, 0),
  convertedLength: call(filters.convertedLength, program),
  checkProgram: call(filters.checkProgram, upstream.checker, program, 64),
  casesOf: call(filters.casesOf, nodes, nodes.terminal(5), (value: number) => value),
  compare: call(filters.compare, diagram, other),
  Diagram: made(filters.Diagram, nodes, root, upstream),
  diagramOf: call(filters.diagramOf, program, upstream, nodes),
  diagramOfRoot: call(filters.diagramOfRoot, nodes, root, upstream),
  differing: call(filters.differing, filters.compare(diagram, other)),
  effectOf: call(filters.effectOf, upstream, 0x50001),
  fieldOf: call(filters.fieldOf, 0),
  holds: call(filters.holds, range, 2n),
  isUndecided: call(filters.isUndecided, 1),
  knownWitness: call(filters.knownWitness, nodes, 1, [{ arch: 0xc000003e, numbers: [39] }]),
  levelOf: call(filters.levelOf, "arch"),
  maskedArguments: call(filters.maskedArguments, nodes, 1, 8),
  Nodes: made(filters.Nodes),
  NotWritable: made(filters.NotWritable, "no"),
  numberRanges: call(filters.numberRanges, nodes, nodes.terminal(5)),
  programOf: call(filters.programOf, diagram),
  RefusedFilter: made(filters.RefusedFilter, { code: "length", errno: "EINVAL", message: "empty" }),
  select: call(filters.select, nodes, "sys_number", new Map([[1, 1]]), 0),
  stack: call(filters.stack, [program], upstream, nodes),
  stackDiagrams: call(filters.stackDiagrams, [diagram]),
  tableOf: call(filters.tableOf, diagram),
  undecidedAt: call(filters.undecidedAt, 2 ** 32 + 1),
  Words: made(filters.Words, nodes),
  witness: call(filters.witness, nodes, 1),
  evaluate: call(filters.evaluate, upstream, program, filters.wordsOf(upstream.layout, getpid)),
  attach: call(filters.attach, upstream, null, program, { arch: 0xc000003e }),
  checkCompatLock: call(filters.checkCompatLock, upstream, filter as filters.Filter, 0xc000003e),
  checkFilter: call(filters.checkFilter, upstream, program),
  checkFilterPath: call(filters.checkFilterPath, upstream, null, program),
  Filter: made(filters.Filter, upstream, null, program, { arch: 0xc000003e }),
  isAncestor: call(filters.isAncestor, null, filter as filters.Filter),
  wordsOf: call(filters.wordsOf, upstream.layout, getpid),
  denialLine: call(filters.denialLine, upstream.log, event),
  isLogged: call(filters.isLogged, upstream.log, "errno", true, new Set(["errno"] as const)),
  seccompProfile: call(filters.seccompProfile, "6.12"),
  whyNoProfile: call(filters.whyNoProfile, "patch:v1"),
  actionOf: call(filters.actionOf, upstream.returns, 0),
  dataOf: call(filters.dataOf, 0),
  describeReturn: call(filters.describeReturn, upstream.returns, 0),
  errnoResult: call(filters.errnoResult, upstream.returns, 1),
  returnValue: call(filters.returnValue, upstream.returns, "errno", 1),
  syscallData: call(filters.syscallData, "read", { args: [1, 2n], abi: filters.x64, ip: 4 }),
  "diagram.valueOf": call((data: typeof getpid) => diagram.valueOf(data), getpid),
  "diagram.restrict": call((fixed: Parameters<filters.Diagram["restrict"]>[0]) => diagram.restrict(fixed), { arch: 1 }),
  "diagram.in": call((store: filters.Nodes) => diagram.in(store), new filters.Nodes()),

  WorkBudget: made(policies.WorkBudget, { seconds: 1 }),
  Arg: made(policies.Arg, 1, 32),
  ArgCondition: made(policies.ArgCondition, 1, 32, () => 1),
  arg: call(arg, 0),
  audit: call(policies.audit, sandbox, { listener: "unknown" }),
  exposure: call(policies.exposure, sandbox),
  exposureText: call(policies.exposureText, policies.exposure(diagramOnly(diagram))),
  isAtLeast: call(policies.isAtLeast, "high", "low"),
  findingText: call(policies.findingText, finding, "file", ["proof"]),
  sarif: call(policies.sarif, [finding], "file"),
  dataOfCall: call(policies.dataOfCall, policies.parseCall("read(1)")),
  parseCall: call(policies.parseCall, "read(1)"),
  PolicyCoverage: made(policies.PolicyCoverage, sandbox),
  coverageText: call(policies.coverageText, coverage.report()),
  lcov: call(policies.lcov, coverage.report()),
  explainRoot: call(policies.explainRoot, nodes, nodes.terminal(5)),
  differenceText: call(policies.differenceText, filters.compare(diagram, other)),
  explanationText: call(policies.explanationText, policies.explainRoot(nodes, root)),
  conditionText: call(policies.conditionText, conditions[0] as Condition),
  conjunctionText: call(policies.conjunctionText, conditions),
  callText: call(policies.callText, getpid),
  valueText: call(policies.valueText, 0x50001),
  readContainerProfile: call(policies.readContainerProfile, source(), { capabilities: ["CAP_CHOWN"], kernel: "6.12" }),
  profileOfMeaning: call(policies.profileOfMeaning, other),
  jsonText: call(policies.jsonText, { a: [1, "b", null, 2n] }),
  ociJson: call(policies.ociJson, learned.profile),
  writeProfile: call(policies.writeProfile, learned.profile, "oci", "name"),
  detectFormat: call(policies.detectFormat, json),
  readPolicy: call(policies.readPolicy, "a.json", json, { as: "runc", capabilities: ["CAP_CHOWN"], kernel: "6.12" }),
  writeProgram: call(policies.writeProgram, program, "c"),
  coverageHtml: call(policies.coverageHtml, coverage.report()),
  explanationHtml: call(policies.explanationHtml, policies.explainRoot(nodes, root), "title"),
  Source: made(policies.Source, "name", "text"),
  learn: call(policies.learn, seen, { otherwise: 0, combinations: 4, base: sandbox }),
  Observed: made(policies.Observed),
  meaningOf: call(policies.meaningOf, {
    defaultAction: 0,
    badArch: 0,
    abis: [filters.x64],
    entries: [entry],
    onConflict() {},
    onInexact() {},
  }),
  merge: call(policies.merge, "union", [diagram, other]),
  compileProfile: call(policies.compileProfile, learned.profile, "kernel"),
  errno: call(errno, "EPERM"),
  policy: call(policy, { default: errno("EPERM"), arch: ["x64", "i386"], otherArch: policies.killThread }),
  TypedPolicy: made(policies.TypedPolicy, { default: errno("EPERM") }),
  trace: call(policies.trace, 1),
  trap: call(policies.trap, 1),
  dataOfDenied: call(policies.dataOfDenied, denied),
  why: call(policies.why, sandbox, denied),
  whyProgram: call(policies.whyProgram, bytes, denied, upstream),
  whyText: call(policies.whyText, policies.why(sandbox, denied), "name"),
  "policy.allow": call((...clauses: [policies.Clause]) => sandbox.allow(...clauses).program, "write"),
  "policy.on": call(
    (...clauses: [policies.Verdict, policies.Clause, policies.Clause]) => sandbox.on(...clauses).program,
    errno(1),
    "write",
    arg(1).gt(3),
  ),
  "policy.first": call((...clauses: [policies.Verdict, policies.Clause]) => sandbox.first(...clauses).program, errno(1), "write"),
  "policy.withArch": call((abi: policies.AbiName) => sandbox.withArch(abi).program, "i386"),
  "arg.in": call((...values: [number, bigint]) => arg(1).in(...values), 1, 2n),
  "arg.masked": call((mask: number, value: number) => arg(1).masked(mask, value), 1, 1),
  "arg.only": call((value: number) => arg(1).only(value), 1),
  "arg.ge": call((value: number) => arg(1).ge(value), 1),
  "observed.add": call((data: typeof getpid) => new policies.Observed().add(data), getpid),
  "observed.merge": call((value: unknown) => new policies.Observed().merge(value), seen.json()),
  "source.problem": call((...args: [policies.Place, string]) => source().problem(...args), { from: 1, to: 2 }, "wrong"),
};

const isPlain = (value: unknown): value is Record<string, unknown> | unknown[] =>
  Array.isArray(value) || (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype);
const DEPTH = 5;
/** The places of a call's arguments: arguments, and members of plain data. */
export const places = (value: unknown, depth = 0): (string | number)[][] =>
  isPlain(value) && depth < DEPTH
    ? Object.keys(value)
        .slice(0, 20)
        .flatMap((key) => [[key], ...places((value as Record<string, unknown>)[key], depth + 1).map((rest) => [key, ...rest])])
    : [];
export const replaced = (value: unknown, [key, ...rest]: readonly (string | number)[], by: unknown): unknown => {
  if (key === undefined) return by;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string | number, unknown>)[key] = replaced((copy as Record<string | number, unknown>)[key], rest, by);
  return copy;
};

/** Values that are wrong in most places. */
export const wrongValues: readonly unknown[] = [
  ...[undefined, null, true, 0, -1, 6, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, 2 ** 53, 5000, 1n, -1n, 2n ** 64n, 2n ** 70n],
  ...["", "EPREM", "EPERM", "opnat", "x86_64", "__proto__", "constructor", "hihg", [], [[]], {}, { value: 0 }, { value: "x" }],
  ...[() => "x", class {}, new Map(), new Date(0), new Uint8Array(3), Symbol.iterator, /x/, Promise.resolve(1)],
  ...[{ diagram: {} }, { nodes: {}, root: 0 }, { bpf: 1 }, { default: 1 }, new Proxy({}, {}), Object.create(null)],
  ...[sandbox, diagram, nodes, program, getpid, upstream, errno(1), arg(0), arg(0).eq(1), finding],
];

/** The errors that a docstring names. */
export const isDocumented = (error: unknown): boolean =>
  error instanceof Problem || error instanceof filters.RefusedFilter || error instanceof filters.NotWritable;
