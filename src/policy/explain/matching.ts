// A test matcher's question about a policy: does a call pass, for all arguments or for given ones?
import { type Abi, i386, x64 } from "../../abi/abi.ts";
import { actionOf, casesOf, type Diagram, isUndecided, upstream } from "../../seccomp/index.ts";
import { dataOfCall, parseCall } from "../call.ts";
import { numberOf } from "../names.ts";
import { conjunctionText } from "./predicate-text.ts";
import { namerOf } from "./value-names.ts";
import { numberNameText, valueText } from "./value-text.ts";

/** Anything that has a meaning: a policy that was read, one in TypeScript. */
export interface Meaningful {
  readonly diagram: Diagram;
}
/** The door through which a call comes: the ABI of its number. */
export interface ViaOptions {
  readonly via?: "syscall" | "int80";
}

/** The result of the question whether a call passes a policy. */
export interface Passing {
  /** always, never: for all arguments. */
  readonly passes: "always" | "never" | "sometimes";
  /** `i386.socketcall: ALLOW if arg0 == 1; else ERRNO(EPERM)` */
  readonly text: string;
}

const passes = (value: number): boolean => {
  if (isUndecided(value)) return false;
  const action = actionOf(upstream.returns, value);
  return action === "allow" || action === "log";
};

/** Throws a Problem for a call that there is not. */
export const passing = ({ diagram }: Meaningful, text: string, { via }: ViaOptions = {}): Passing => {
  const asked = parseCall(via === "int80" && !/^\w+\./.test(text) ? `i386.${text}` : text);
  const abi: Abi = via === "syscall" ? x64 : via === "int80" ? i386 : asked.abi;
  const number = asked.name === undefined ? asked.number : (numberOf(asked.name, abi) ?? asked.number);
  const { nodes, root } = diagram.effects().restrict({ arch: abi.auditArch, sys_number: number });
  const name = numberNameText(number, abi);
  if (asked.args) {
    const value = diagram.effects().valueOf(dataOfCall({ ...asked, abi, number }));
    const decided = typeof value === "number";
    return { passes: decided && passes(value) ? "always" : "never", text: `${text}: ${decided ? valueText(value) : "not decided"}` };
  }
  const { cases } = casesOf(nodes, root, (value) => value | 0);
  const told = cases.map(({ value, when }, i) => {
    if (when.length === 0) return i === 0 ? valueText(value) : `else ${valueText(value)}`;
    return `${valueText(value)} if ${when.map((all) => conjunctionText(all, namerOf(asked.name ?? ""))).join(" or if ")}`;
  });
  const all = cases.map(({ value }) => passes(value));
  const how = all.every(Boolean) ? "always" : all.some(Boolean) ? "sometimes" : "never";
  return { passes: how, text: `${name}: ${told.join("; ")}` };
};
