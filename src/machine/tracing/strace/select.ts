// The calls, results, signals and descriptors that a trace shows: strace's set expressions. man 1 strace,
// "Filtering".
import { type SyscallName, syscallNumbers } from "../../../abi/numbers.ts";
import { SIG, signalName } from "../../../kernel/signal/state/set.ts";
import { didYouMean as nearestOf } from "../../../nearest.ts";
import { Problem } from "../../../problem.ts";
import { classes } from "./classes.ts";

/** True for members of a set. */
export type Has = (name: string) => boolean;

const problem = (message: string, help?: string): Problem => new Problem("bad-value", message, help === undefined ? {} : { help });

/** `!a,b`: the complement of a list. Each item gives a test; "all" and "none" are taken here. */
const setOf = (text: string, item: (one: string) => Has): Has => {
  const negated = text.startsWith("!");
  const items = (negated ? text.slice(1) : text).split(",").filter((one) => one !== "");
  const tests = items.map((one): Has => (one === "all" ? () => true : one === "none" ? () => false : item(one)));
  return (name) => tests.some((test) => test(name)) !== negated;
};

const callNames = Object.keys(syscallNumbers) as SyscallName[];
const oldNames = ["file", "process", "network", "signal", "ipc", "desc", "memory"];
/** Names that strace has for calls that have another one in the kernel's table. */
const callTest = (option: string, one: string): Has => {
  if (one.startsWith("/")) {
    const pattern = regularExpression(option, one.slice(1));
    return (name) => pattern.test(name);
  }
  if (one.startsWith("%") || oldNames.includes(one)) {
    const name = one.replace(/^%/, "");
    const list = classes[name];
    if (!list)
      throw problem(
        `${option} knows no class %${name}`,
        nearestOf(name, Object.keys(classes)) ??
          `there are ${Object.keys(classes)
            .map((n) => `%${n}`)
            .join(", ")}`,
      );
    return (call) => list.has(call);
  }
  const optional = one.startsWith("?");
  const plain = one.replace(/^\?/, "").replace(/@(64|32|x32)$/, "");
  if (/^\d+$/.test(plain)) {
    const numbers = callNames.filter((name) => (syscallNumbers[name] as readonly (number | null)[]).includes(Number(plain)));
    return (call) => numbers.some((name) => name === call);
  }
  if (!optional && !callNames.includes(plain as SyscallName))
    throw problem(`${option}: there is no system call "${plain}"`, nearestOf(plain, callNames));
  return (call) => call === plain;
};
const regularExpression = (option: string, text: string): RegExp => {
  try {
    return new RegExp(text);
  } catch {
    throw problem(`${option}: /${text} is no regular expression`);
  }
};

/** `-e trace=`: names of calls, `%class`, `/regex`, numbers, `!`. */
export const callSet = (text: string, option = "-e trace"): Has => setOf(text, (one) => callTest(option, one));

const signalNames = Object.keys(SIG).filter((name) => /^SIG[A-Z0-9]+$/.test(name));
/** The number of a signal by its name, with or without SIG, or its number. */
export const signalOf = (text: string, option: string): number => {
  const number = /^\d+$/.test(text) ? Number(text) : undefined;
  if (number !== undefined && number >= 1 && number <= 64) return number;
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  for (let sig = 1; sig <= 64; sig++) if (signalName(sig) === name) return sig;
  throw problem(`${option}: there is no signal "${text}"`, nearestOf(name, signalNames));
};
/** `-e signal=`: names of signals; the test takes names such as SIGINT. */
export const signalSet = (text: string): Has =>
  setOf(text, (one) => {
    const name = signalName(signalOf(one, "-e signal"));
    return (other) => other === name;
  });

const statuses = ["successful", "failed", "unfinished", "unavailable", "detached"];
/** `-e status=`: results. */
export const statusSet = (text: string): Has =>
  setOf(text, (one) => {
    if (!statuses.includes(one))
      throw problem(`-e status knows no "${one}"`, nearestOf(one, statuses) ?? `there are ${statuses.join(", ")}`);
    return (other) => other === one;
  });

/** `-e read=`, `-e write=`: numbers of descriptors. */
export const descriptorSet = (text: string, option: string): Has =>
  setOf(text, (one) => {
    if (!/^\d+$/.test(one)) throw problem(`${option} wants numbers of descriptors, not "${one}"`);
    return (other) => other === one;
  });
