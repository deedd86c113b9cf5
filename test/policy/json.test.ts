// JSON with positions: the values equal JSON.parse's, and mistakes have their positions.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonDocument, parseJson } from "../../src/policy/input/json.ts";
import { Source } from "../../src/policy/input/source.ts";
import type { Problem } from "../../src/problem.ts";

const parse = (text: string): JsonDocument => parseJson(new Source("p.json", text));
const problemOf = (text: string): Problem => {
  try {
    parse(text);
  } catch (error) {
    return error as Problem;
  }
  throw new Error("taken");
};

describe("a document", () => {
  it("is what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        // Large integers are bigints here.
        const plain = JSON.stringify(parse(text).value, (_, v: unknown) => (typeof v === "bigint" ? Number(v) : v));
        expect(JSON.parse(plain)).toEqual(JSON.parse(text));
      }),
      { numRuns: 300, seed: 1 },
    );
  });
  it("keeps integers of 64 bits", () => {
    expect(parse("[9007199254740993, 18446744073709551615, -9007199254740993, 1.5, 12]").value).toEqual([
      9007199254740993n,
      18446744073709551615n,
      -9007199254740993n,
      1.5,
      12,
    ]);
  });
  it("refuses what JSON.parse refuses", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 2 }), fc.nat(), fc.constantFrom("", ",", "}", '"', "\\", "0", "\u0001"), (text, at, change) => {
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + change + text.slice(place + 1);
        let valid = true;
        try {
          JSON.parse(changed);
        } catch {
          valid = false;
        }
        // A name that is there twice is an error here.
        if (!valid) expect(() => parse(changed)).toThrow();
      }),
      { numRuns: 1000, seed: 2 },
    );
  });
});

describe("a mistake", () => {
  it("has its line, its column and the text there", () => {
    const { span, sentence } = problemOf('{\n  "a": [1,\n    2 3]\n}');
    expect(sentence).toBe('here must be "," or "]"');
    expect(span).toMatchObject({ source: "p.json", line: 3, column: 7, text: "    2 3]" });
  });
  it.each([
    ['{"a": 1, "a": 2}', '"a" is there twice', 10],
    ['{"a": 01}', '"01" is no value of JSON', 7],
    ["[1, 2", 'here must be "," or "]"', 6],
    ['"abc', "this string does not end", 1],
    ["{} {}", "there is something after the JSON value", 4],
    ["[tru]", '"tru" is no value of JSON', 2],
  ])("in %s is told", (text, message, column) => {
    const problem = problemOf(text);
    expect(problem.sentence).toBe(message);
    expect(problem.span?.column).toBe(column);
  });
  it("of nesting does not end the stack", () => {
    expect(problemOf("[".repeat(100_000)).message).toContain("nested");
  });
});
