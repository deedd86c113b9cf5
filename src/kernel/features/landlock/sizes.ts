// Bytes of objects of Landlock, as src/kernel/base/sizes.ts has those of the core.

/** Bytes by kind of object. */
export const ownSizes = {
  /** A ruleset or domain, each of its rules, and what a further layer adds to a rule. */
  domain: 2048,
  rule: 320,
  ruleLayer: 96,
} as const;
