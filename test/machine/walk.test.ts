// The walker finds what no snapshot can copy, and says where.
import { expect, it } from "vitest";
import { type Registry, walk } from "../../src/machine/snapshot/walk.ts";

class Known {
  value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
class Unknown {}
const constant = { text: "a table", make: () => 1 };
const registry: Registry = {
  classOf: (constructor) => (constructor === Known ? "test:Known" : undefined),
  isConstant: (value) => value === constant,
  isHandle: (_className, field) => field === "handle",
  isDerived: () => false,
};
const offences = (root: object): string[] => walk(root, "root", registry).offences.map(({ path, what }) => `${path}: ${what}`);

it("accepts data, known classes, constants and handles", () => {
  const shared = new Uint8Array(4);
  const root = { map: new Map([[1, new Known([shared, 1n, null])]]), set: new Set(["a"]), constant, handle: () => 1, shared };
  expect(offences(root)).toEqual([]);
  expect(walk(root, "root", registry).counts.get("test:Known")).toBe(1);
});

it.each([
  ["a function", { list: [1, new Known(function named() {})] }, "root.list[1].value: function named"],
  ["a WeakMap", { a: new WeakMap() }, "root.a: instance of WeakMap, which is not registered"],
  ["a Promise", { a: new Map([["k", Promise.resolve()]]) }, 'root.a.get("k"): instance of Promise, which is not registered'],
  ["an unknown class", { a: new Set([new Unknown()]) }, "root.a.has((Unknown)): instance of Unknown, which is not registered"],
  [
    "a getter",
    {
      get a() {
        return 1;
      },
    },
    "root.a: getter or setter",
  ],
  ["a symbol", { a: Symbol("s") }, "root.a: Symbol(s)"],
])("reports %s with its path", (_what, root, expected) => {
  expect(offences(root)).toEqual([expected]);
});

it("visits the object below one that is over it", () => {
  const over = Object.assign(Object.create(new Known(() => 1)) as Known, { own: 1 });
  expect(offences({ over })).toEqual(["root.over.(prototype).value: function without a name"]);
});
