// A finding about listeners: the memory behind pointers can change after the listener has read it.
import { syscallNumbers } from "../../abi/numbers.ts";
import { actionOf, isUndecided, upstream } from "../../seccomp/index.ts";
import { numberOf } from "../names.ts";
import type { CheckResult } from "./finding.ts";
import { argumentTypes, type View, x64 } from "./view.ts";

/**
 * Knowledge about the listener of a policy, which no filter contains. unknown: it may let the kernel continue
 * the call (SECCOMP_USER_NOTIF_FLAG_CONTINUE). answers: it makes each call itself.
 */
export const listeners = ["unknown", "answers"] as const;
/** A property of a listener, as `--listener` gives it. */
export type ListenerProperty = (typeof listeners)[number];

/** Findings about notified calls with pointers: memory can change between the look and the call. */
export const byListener = (view: View): readonly CheckResult[] => {
  const { returns } = upstream;
  const notified = Object.keys(syscallNumbers).filter((name) => {
    const number = numberOf(name, x64);
    if (number === undefined || !argumentTypes(name).some(({ type }) => type === "pointer")) return false;
    const { nodes, root } = view.diagram.restrict({ arch: x64.auditArch, sys_number: number });
    return nodes
      .reachable(root)
      .some((node) => nodes.isTerminal(node) && !isUndecided(nodes.value(node)) && actionOf(returns, nodes.value(node)) === "user_notif");
  });
  if (notified.length === 0) return [];
  return [
    {
      id: "notify-pointer",
      severity: "medium",
      title: "a listener decides about calls with pointers",
      reason:
        "Another thread can change the memory after the listener has read it and before the kernel does (SECCOMP_USER_NOTIF_FLAG_CONTINUE).",
      remedy:
        "let the listener make the call itself and hand the result over, with SECCOMP_ADDFD for descriptors; then audit with the listener that answers",
      calls: notified,
      landmine: "B10",
    },
  ];
};
