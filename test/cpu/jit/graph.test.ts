// The first stage: a graph grown over code, and its structured form.
import { expect, it } from "vitest";
import { budgetTests, dispatcher, longestPaths, loopScopes, structureOf } from "../../../src/cpu/jit/cfg/structure.ts";
import { draw } from "./drawn.ts";

// start → head ⇄ body, head → out
const loop = `start: mov ecx, 10
head: test ecx, ecx
jz out
body: dec ecx
jmp head
out: ret`;

it("has a block for each label, with its successors and terminator", () => {
  const { graph, key, labels } = draw(loop);
  expect(labels(graph.blocks.keys())).toEqual(["body", "head", "out", "start"]);
  const of = (label: string) => graph.blocks.get(key(label))!;
  expect(of("start").terminator).toBe("fall");
  expect(of("head").terminator).toBe("branchIf");
  expect(labels(of("head").successors)).toEqual(["body", "out"]);
  expect(labels(of("body").successors)).toEqual(["head"]);
  expect(of("out").terminator).toBe("return");
  expect(graph.entries).toEqual([key("start")]);
});

it("stops before an instruction that the interpreter must execute", () => {
  const { graph, key } = draw("start: mov ebx, 1\ncpuid\nret");
  expect(graph.blocks.get(key("start"))).toMatchObject({ terminator: "leave", successors: [] });
});

it("has a jump instead of a call for a small leaf function", () => {
  const { graph, key, labels } = draw("start: call leaf\nback: ret\nleaf: inc eax\nret");
  const caller = graph.blocks.get(key("start"))!;
  expect(caller).toMatchObject({ terminator: "call", inside: key("leaf") });
  expect(labels(graph.blocks.get(key("leaf"))!.successors)).toEqual(["back"]);
});

it("has a dispatcher only with several entries or an irreducible loop", () => {
  const one = draw(loop);
  expect(structureOf(one.graph)).toMatchObject({ root: one.key("start"), dispatched: [] });
  const two = draw(loop, { entries: ["head"] });
  expect(structureOf({ ...two.graph, entries: [two.key("start"), two.key("head")] }).root).toBe(dispatcher);
  // Both a and b are entered from outside of the loop that they form.
  const irreducible = draw("start: test eax, eax\njz b\na: dec ecx\nb: dec edx\njnz a\nret");
  const s = structureOf(irreducible.graph);
  expect(s.root).toBe(dispatcher);
  expect(s.irreducible.size + s.dispatched.length).toBeGreaterThan(1);
});

it("knows loops, merge points and dominated blocks", () => {
  const { graph, key, labels } = draw(loop);
  const s = structureOf(graph);
  expect(labels(s.loops)).toEqual(["head"]);
  expect(labels(s.children.get(key("head"))!)).toEqual(["body", "out"]);
  const diamond = draw("start: jz other\nmov eax, 1\njmp end\nother: mov eax, 2\nend: ret");
  expect(diamond.labels(structureOf(diamond.graph).merges)).toEqual(["end"]);
});

it("tests the budget at entries and after calls, for the longest path", () => {
  const { graph, key, labels } = draw("start: inc eax\ncall 0x20000000\nback: inc ebx\ninc ecx\nret");
  const s = structureOf(graph);
  const tests = budgetTests(graph, s);
  expect(labels(tests)).toEqual(["back", "start"]);
  const longest = longestPaths(graph, s, tests);
  expect(longest.get(key("start"))).toBe(2);
  expect(longest.get(key("back"))).toBe(3);
});

it("has a loop scope for a loop without calls", () => {
  const { graph, labels } = draw(loop);
  expect([...loopScopes(graph, structureOf(graph)).values()].map(labels)).toEqual([["body", "head"]]);
  const calls = draw("start: mov ecx, 10\nhead: call 0x20000000\nback: dec ecx\njnz head\nret");
  expect(loopScopes(calls.graph, structureOf(calls.graph)).size).toBe(0);
});
