// Matchers for the meaning of policies, by decision diagrams, for every call.
import { audit } from "../policy/audit/audit.ts";
import { isAtLeast, type Severity, severities } from "../policy/audit/finding.ts";
import { findingText } from "../policy/audit/report.ts";
import { differenceText } from "../policy/explain/explain-text.ts";
import { passing, type ViaOptions } from "../policy/explain/matching.ts";
import { compare } from "../seccomp/index.ts";
import { aText, check, oneOf, optional, optionsOf } from "../wants.ts";
import { policyOf } from "./subject.ts";

interface State {
  readonly isNot?: boolean | undefined;
}
const not = ({ isNot }: State): string => (isNot ? "not " : "");

const someOptions = optionsOf<ViaOptions>({ via: optional(oneOf(["syscall", "int80"])) });
const someSeverity = optionsOf<{ readonly severity?: Severity }>({ severity: optional(oneOf(severities)) });

const asked = (policy: unknown, matcher: string, call: string, options: ViaOptions) => {
  const meaning = policyOf(policy, matcher);
  check(matcher, { call: aText, options: someOptions }, [call, options]);
  return passing(meaning, call, options);
};

/** Matchers on policies and filters. */
export const policyMatchers = {
  toBeEquivalentTo(policy: unknown, other: unknown) {
    const difference = compare(policyOf(policy, "toBeEquivalentTo").diagram, policyOf(other, "toBeEquivalentTo").diagram);
    const pass = difference.verdict === "equal";
    const told = difference.verdict === "undecided" ? "that was not decided" : `they differ\n${differenceText(difference)}`;
    return {
      pass,
      message: () =>
        pass ? "expected the policies not to mean the same, but they do" : `expected the policies to mean the same, but ${told}`,
    };
  },
  toAllow(this: State, policy: unknown, call: string, options: ViaOptions = {}) {
    const { passes, text } = asked(policy, "toAllow", call, options);
    return { pass: passes === "always", message: () => `expected the policy ${not(this)}to allow ${call}\n    ${text}` };
  },
  toDeny(this: State, policy: unknown, call: string, options: ViaOptions = {}) {
    const { passes, text } = asked(policy, "toDeny", call, options);
    return { pass: passes === "never", message: () => `expected the policy ${not(this)}to deny ${call}\n    ${text}` };
  },
  toHaveNoFindings(policy: unknown, options: { readonly severity?: Severity } = {}) {
    check("toHaveNoFindings", { options: someSeverity }, [options]);
    const { severity: least = "info" } = options;
    const meaning = policyOf(policy, "toHaveNoFindings");
    const { source } = meaning as { readonly source?: { readonly name: string } };
    const found = audit(meaning).filter((finding) => isAtLeast(finding.severity, least));
    const texts = found.map((finding) => findingText(finding, source?.name ?? "the policy")).join("\n");
    const message = () =>
      found.length === 0 ? "expected the audit to find something, but it found nothing" : `expected the audit to find nothing\n${texts}`;
    return { pass: found.length === 0, message };
  },
};
