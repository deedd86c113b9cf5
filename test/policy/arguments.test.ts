// Every export of trapgate/policy and trapgate/seccomp with wrong values: a Problem or a right answer,
// never a TypeError, never another policy.
import fc from "fast-check";
import { Problem } from "trapgate";
import * as policies from "trapgate/policy";
import * as filters from "trapgate/seccomp";
import { describe, expect, it } from "vitest";
import { E } from "../../src/abi/errno.ts";
import { type Call, calls, isDocumented, places, replaced, wrongValues } from "../../tools/campaign/api/calls.ts";

const { arg, errno, policy } = policies;
const sandbox = policy({ default: errno("EPERM") }).allow("read", "socket", arg(0).eq(1));
const wrong = fc.oneof(fc.constantFrom(...wrongValues), fc.anything({ withBigInt: true, maxDepth: 2 }));

const outcome = async ([run]: Call, args: readonly unknown[]): Promise<unknown> => {
  try {
    return { value: await run(...(args as never[])) };
  } catch (error) {
    if (isDocumented(error)) return { error };
    throw error;
  }
};

describe("the exports", () => {
  it.each([["trapgate/policy", policies] as const, ["trapgate/seccomp", filters] as const])("%s are all in the table", (_, module) => {
    const functions = Object.entries(module).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
    expect(functions.filter((name) => !Object.hasOwn(calls, name))).toEqual([]);
  });
  it.each(Object.entries(calls))("%s takes the right arguments", async (_, it_) => {
    await expect(outcome(it_, it_[1])).resolves.toHaveProperty("value");
  });
  it.each(Object.entries(calls))("%s answers wrong ones by a Problem, or rightly", { timeout: 60_000 }, async (_, it_) => {
    const [, args] = it_;
    const all = places(args);
    if (all.length === 0) return;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), wrong, async (place, value) => {
        await outcome(it_, replaced(args, place, value) as unknown[]);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 150) },
    );
  });
});

describe("a typed policy", () => {
  const answer = (make: () => unknown): unknown => {
    try {
      return make();
    } catch (error) {
      expect(error).toBeInstanceOf(Problem);
      return undefined;
    }
  };
  it("has no verdict but the one that was written", () => {
    fc.assert(
      fc.property(wrong, (value) => {
        const got = answer(() => errno(value as never)) as policies.Verdict | undefined;
        const wanted = typeof value === "string" && Object.hasOwn(E, value) ? E[value as keyof typeof E] : value;
        if (got) expect(got.value).toBe(0x50000 + (wanted as number));
        const data = answer(() => policies.trap(value as never)) as policies.Verdict | undefined;
        if (data) expect(data.value).toBe(0x30000 + ((value as number | undefined) ?? 0));
      }),
      { numRuns: 2000 },
    );
  });
  it("has no default but a verdict, and no condition but one of arg(…)", () => {
    fc.assert(
      fc.property(wrong, wrong, (value, clause) => {
        const made = answer(() => policy({ default: value as never }).allow("read", clause as never)) as policies.TypedPolicy | undefined;
        if (!made) return;
        const { value: byDefault } = value as policies.Verdict;
        expect(made.diagram.valueOf(filters.syscallData("uname"))).toBe(byDefault);
        expect(clause instanceof policies.ArgCondition || typeof clause === "string").toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
  it.each([
    [() => errno("EPREM" as never), 'errno: error cannot be "EPREM" (did you mean EPERM?) [TG0202]'],
    [() => errno(5000), "errno: error must be a whole number from 1 to 4095, not 5000 [TG0202]"],
    [
      () => policy({ default: "EPERM" as never }),
      'policy: options.default must be a verdict such as allow or errno("EPERM"), not "EPERM" (write errno("EPERM")) [TG0202]',
    ],
    [
      () => policy({ defualt: errno("EPERM") } as never),
      "policy: options.defualt is no option (its value is an object of class Object) (did you mean default?) [TG0201]",
    ],
    [
      () => policy({ default: errno(1), arch: ["x86_64"] as never }),
      'policy: options.arch[0] cannot be "x86_64" (there are x64, i386, x32) [TG0202]',
    ],
    [() => arg(6 as never).eq(1), "arg: index must be a whole number from 0 to 5, not 6 [TG0202]"],
    [
      () => arg(0).eq("AF_UNIX" as never),
      'arg(…).eq: value must be a whole number or a bigint of at most 64 bits, not "AF_UNIX" (write AF.UNIX of trapgate/policy) [TG0202]',
    ],
    [() => sandbox.allow("opnat" as never), 'policy.allow: x64: there is no system call "opnat" (did you mean openat?) [TG0403]'],
    [
      () => sandbox.allow("socketcall"),
      'policy.allow: x64: there is no system call "socketcall" (i386 has it: arch: ["x64", "i386"]) [TG0403]',
    ],
    [() => arg(0).in(...([] as never as [number])), "arg(…).in: values must have at least 1 item [TG0202]"],
    [() => policies.detectFormat("text" as never), 'detectFormat: bytes must be a Uint8Array, not "text" [TG0202]'],
  ])("says what is wrong: %#", (make, message) => {
    expect(make).toThrow(Problem);
    expect(make).toThrow(message);
  });
  it("readPolicy rejects a text with the remedy", async () => {
    await expect(policies.readPolicy("a", "return ALLOW" as never)).rejects.toThrow(/bytes must be a Uint8Array.*new TextEncoder\(\)/);
  });
  it("compares an int with no number above 32 bits", () => {
    const never = policy({ default: errno("EPERM") }).allow("socket", arg(0).eq(2 ** 32 + 1));
    expect(never.diagram.valueOf(filters.syscallData("socket", { args: [1] }))).toBe(0x50001);
    const above = policy({ default: errno("EPERM") }).allow("socket", arg(0).gt(2 ** 32));
    expect(above.diagram.valueOf(filters.syscallData("socket", { args: [0xffffffff] }))).toBe(0x50001);
    const negative = policy({ default: errno("EPERM") }).allow("openat", arg(0).eq(-100));
    expect(negative.diagram.valueOf(filters.syscallData("openat", { args: [-100] }))).toBe(0x7fff0000);
  });
});
