// Facts about an instruction for the JIT and for faults come from its meaning, not from its name.
import { expect, it } from "vitest";
import { type Effects, effectsOf } from "../../src/cpu/isa/effects.ts";
import { isMemoryOperand } from "../../src/cpu/isa/row.ts";
import { rows } from "../../src/cpu/isa/rows/all.ts";

const having = (fact: keyof Effects): string[] =>
  [...new Set(rows.filter((r) => (effectsOf(r)[fact] ?? false) !== false).map((r) => r.name))].sort();

it("finds calls, returns and what uses the stack", () => {
  expect(having("calls")).toEqual(["call"]);
  expect(having("returns")).toEqual(["ret"]);
  expect(having("stack")).toEqual(["call", "enter", "iret", "leave", "pop", "popa", "popf", "push", "pusha", "pushf", "ret", "retf"]);
  const address = rows.filter((r) => r.operands.some(isMemoryOperand) && !effectsOf(r).memory).map((r) => r.name);
  for (const name of ["lea", "nop", "prefetcht0", "reservednop"]) expect(address).toContain(name);
  expect(address.some((name) => having("memory").includes(name) && name !== "nop")).toBe(false);
  expect(having("branchesIf")).toContain("loop");
  expect(having("exits")).toEqual(["int", "syscall", "sysenter"]);
});
