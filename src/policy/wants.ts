// Requirements of arguments that are policies and their parts.
import { aDiagram } from "../seccomp/diagram/diagram.ts";
import { anAbi, aValue } from "../seccomp/wants.ts";
import { aFunction, aText, instanceOf, listOf, oneOf, optional, shapeOf, unsigned64, type Want, wants, wholeNumber } from "../wants.ts";
import type { Meaningful } from "./explain/matching.ts";
import { type Place, Source } from "./input/source.ts";
import type { Comparison, Profile, Rule, Warning } from "./profile.ts";

/** Anything with a diagram. */
export const aMeaning = shapeOf<Meaningful>("a policy: of readPolicy(…), policy(…), or { diagram: diagramOf(…) }", { diagram: aDiagram });
/** A policy with a program. */
export const aPolicy = shapeOf<Meaningful & { readonly bpf: () => Uint8Array }>("a policy: of readPolicy(…) or policy(…)", {
  diagram: aDiagram,
  bpf: aFunction,
});
/** A text with its name. */
export const aSource = instanceOf("a Source", () => Source);
/** As minKernel compares it. */
export const aKernelVersion = wants('a version such as "6.12"', (value) => typeof value === "string" && /^\d+\.\d+(\.\d+)?$/.test(value));
/** Offsets in a text. */
export const aPlace = shapeOf<Place>("a place { from, to }", { from: wholeNumber(0, 2 ** 53), to: wholeNumber(0, 2 ** 53) });
const aComparison = shapeOf<Comparison>("a comparison { index, op, value, valueTwo }", {
  index: wholeNumber(0, 5),
  op: oneOf(["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]),
  value: unsigned64,
  valueTwo: unsigned64,
});
/** The conditions of a rule. */
export const comparisons = listOf(aComparison);
const aRule = shapeOf<Rule>("a rule", {
  names: listOf(aText),
  action: aValue,
  args: comparisons,
  places: listOf(aPlace),
  place: aPlace,
});
const aWarning = shapeOf<Warning>("a warning", { message: aText, place: optional(aPlace) });
/** A list of ABIs. */
export const someAbis = listOf(anAbi);
/** Rules of a container profile. */
export const aProfile: Want = shapeOf<Profile>("a profile, such as policy.profile", {
  source: aSource,
  defaultAction: aValue,
  abis: someAbis,
  rules: listOf(aRule),
  warnings: listOf(aWarning),
});
