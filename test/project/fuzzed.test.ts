// The system-call fuzzer has values for every declared argument.
import { expect, it } from "vitest";
import { calls } from "../../src/kernel/calls/index.ts";
import type { ArgType } from "../../src/kernel/syscall/declaration.ts";
import { harmlessCalls, notAsked } from "../../tools/campaign/syscalls/harmless.ts";
import { valuesOf } from "../../tools/campaign/syscalls/values.ts";

const types = calls.flatMap(({ name, args }) => Object.entries(args).map(([key, arg]) => ({ key: `${name}.${key}`, arg })));

it("every argument type of every declaration has values to try", () => {
  expect(types.length).toBeGreaterThan(800);
  expect(types.filter(({ arg }) => valuesOf(arg) === undefined).map(({ key, arg }) => `${key}: ${arg.c}`)).toEqual([]);
});

it("a type that is new has none", () => {
  const decode = (): number => 0;
  const fresh = (c: string): ArgType<number> => ({ c, decode, show: String });
  for (const c of ["int", "unsigned long", "void *", "struct news *"]) expect(valuesOf(fresh(c))).toBeUndefined();
});

it("each type has valid, edge and hostile values", () => {
  for (const { arg } of types) {
    const { valid, edge, hostile } = valuesOf(arg)!;
    expect(edge.length * hostile.length).toBeGreaterThan(0);
    if ("names" in valid) expect(valid.names.length).toBeGreaterThan(0);
    if ("numbers" in valid) expect(valid.numbers.length).toBeGreaterThan(0);
  }
});

it("a call is either asked of the host's kernel too, or there is a reason", () => {
  for (const { why, names } of notAsked) {
    expect(why).not.toBe("");
    expect(names.filter((name) => harmlessCalls.has(name))).toEqual([]);
  }
});
