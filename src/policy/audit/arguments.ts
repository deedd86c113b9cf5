// Findings about arguments: compared in more bits than the kernel looks at, or in fewer.
import type { Abi } from "../../abi/abi.ts";
import { syscallNumbers } from "../../abi/numbers.ts";
import { FALSE, type Node } from "../../seccomp/index.ts";
import { numberOf } from "../names.ts";
import type { CheckResult, Shown } from "./finding.ts";
import { argumentTypes, i386, type View, x64 } from "./view.ts";

interface Gap {
  readonly name: string;
  readonly index: number;
  readonly passes: Shown;
  readonly denied: Shown;
}

/** The call passes with bits above an argument's lower 32, and does not without them. */
const upperGap = (view: View, name: string, abi: Abi, index: number): Gap | undefined => {
  const node = view.passing(name, abi) as Node;
  if (!view.dependsOn(node, index, "hi")) return undefined;
  const { nodes } = view;
  const passes = view.shown(nodes.and(node, nodes.not(view.withoutUpper(node, index))), numberOf(name, abi) as number, abi);
  if (!passes) return undefined;
  const args = passes.data.args.slice();
  args[2 * index + 1] = 0;
  return { name, index, passes, denied: view.show({ ...passes.data, args }) };
};

const found = (
  gaps: readonly Gap[],
  about: Pick<CheckResult, "id" | "severity" | "title" | "reason" | "remedy" | "landmine">,
): readonly CheckResult[] => {
  const [first] = gaps;
  if (!first) return [];
  return [
    { ...about, calls: [...new Set(gaps.map(({ name, index }) => `${name} (arg${index})`))], passes: first.passes, denied: first.denied },
  ];
};

/** Findings: an `int` argument is compared in 64 bits. */
export const wideComparisons = (view: View): readonly CheckResult[] => {
  const names = Object.keys(syscallNumbers);
  const narrow = names.flatMap((name) => {
    const node = view.passing(name, x64);
    if (node === undefined || view.nodes.isTerminal(node)) return [];
    return argumentTypes(name).flatMap(({ type }, index) =>
      type === "int" || type === "uint" ? (upperGap(view, name, x64, index) ?? []) : [],
    );
  });
  const compat = names.flatMap((name) => {
    const node = view.passing(name, i386);
    if (node === undefined || view.nodes.isTerminal(node)) return [];
    return [0, 1, 2, 3, 4, 5].flatMap((index) => upperGap(view, name, i386, index) ?? []);
  });
  return [
    ...found(narrow, {
      id: "narrow-as-wide",
      severity: "high",
      title: "an argument of 32 bits is compared in 64",
      reason: "The kernel drops the upper half of the register, the filter sees it: with any bit there the call passes.",
      remedy: "compare the lower half alone: SCMP_CMP_MASKED_EQ with 0xffffffff, or arg(n) of trapgate/policy",
      landmine: "B1",
    }),
    ...found(compat, {
      id: "i386-upper-half",
      severity: "high",
      title: "an argument of an i386 call is compared in 64 bits",
      reason: "int $0x80 from 64-bit code shows the filter whole registers, and the kernel uses their lower halves.",
      remedy: "compare the lower half alone in rules for i386",
      landmine: "B4",
    }),
  ];
};

/**
 * A negative int that is denied as a sign-extended 64-bit number alone: with other bits above it, none among
 * them, the call passes. Compilers put such a number into the lower half of a register, which clears the
 * upper one.
 */
export const signExtended = (view: View): readonly CheckResult[] => {
  const gaps = Object.keys(syscallNumbers).flatMap((name): readonly Gap[] => {
    const node = view.passing(name, x64);
    if (node === undefined || view.nodes.isTerminal(node)) return [];
    return argumentTypes(name).flatMap(({ type }, index): readonly Gap[] => {
      if ((type !== "int" && type !== "uint") || !view.dependsOn(node, index, "hi")) return [];
      const { nodes } = view;
      const extended = view.withUpper(node, index, 0xffff_ffff);
      const [plain, other] = ([0, 1] as const).map((upper) => view.withUpper(node, index, upper)) as [Node, Node];
      const gap = [plain, other, nodes.not(extended)].reduce((sofar, each) => nodes.and(sofar, each), view.isNegative(index));
      const passes = view.shown(gap, numberOf(name, x64) as number, x64);
      if (!passes) return [];
      const args = passes.data.args.slice();
      args[2 * index + 1] = 0xffff_ffff;
      return [{ name, index, passes, denied: view.show({ ...passes.data, args }) }];
    });
  });
  return found(gaps, {
    id: "sign-extended",
    severity: "high",
    title: "a negative argument of 32 bits is denied as a number of 64 bits only",
    reason: "The kernel drops the upper half of the register. Programs that leave it zero, as most do, pass.",
    remedy: "compare the lower half alone: SCMP_CMP_MASKED_EQ with 0xffffffff, or arg(n) of trapgate/policy",
    landmine: "B3",
  });
};

/** Calls whose argument is declared as a long, of which the kernel uses the lower half. */
const LOWER_HALF: Readonly<Record<string, readonly number[]>> = { clone: [0], fcntl: [2], prctl: [0], keyctl: [0] };

/** A long or a pointer whose lower half alone is looked at. */
export const narrowComparisons = (view: View): readonly CheckResult[] => {
  const gaps = Object.keys(syscallNumbers).flatMap((name) =>
    argumentTypes(name).flatMap(({ type }, index): readonly Gap[] => {
      const node = view.passing(name, x64);
      if (type === "int" || type === "uint" || LOWER_HALF[name]?.includes(index) || node === undefined || view.nodes.isTerminal(node))
        return [];
      if (!view.dependsOn(node, index, "lo") || view.dependsOn(node, index, "hi")) return [];
      const plain = view.shown(node, numberOf(name, x64) as number, x64);
      const denied = view.shownDenied(name, x64);
      if (!plain || !denied || node === FALSE) return [];
      const args = plain.data.args.slice();
      args[2 * index + 1] = 1;
      return [{ name, index, passes: view.show({ ...plain.data, args }), denied }];
    }),
  );
  return found(gaps, {
    id: "wide-as-narrow",
    severity: "medium",
    title: "of an argument of 64 bits only the lower half is compared",
    reason: "Values that are equal in the lower half pass as well, and the kernel uses all bits.",
    remedy: "compare both halves",
    landmine: "B2",
  });
};
