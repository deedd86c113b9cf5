// Profiles as files: the OCI's JSON, a SeccompProfile of Kubernetes' Security Profiles Operator, and
// TypeScript.
import { E } from "../../abi/errno.ts";
import { argumentsOf } from "../../abi/signatures.ts";
import { Problem } from "../../problem.ts";
import { actionOf, dataOf, upstream } from "../../seccomp/index.ts";
import { aText, oneOf, optional, takes } from "../../wants.ts";
import { numberText } from "../explain/predicate-text.ts";
import type { Json } from "../input/json.ts";
import type { Comparison, Profile, Rule } from "../profile.ts";
import { aProfile } from "../wants.ts";
import { jsonText, ociJson } from "./oci-writer.ts";

/** Formats of `writeProfile`. */
export const profileOutputs = ["oci", "spo", "ts"] as const;
/** oci: JSON of the runtime specification. spo: a SeccompProfile, YAML. ts: a module with `policy(…)`. */
export type ProfileOutput = (typeof profileOutputs)[number];

/** The CRD's integers are signed. */
const MOST = (1n << 63n) - 1n;
const yamlText = (value: Json, indent = ""): string => {
  if (Array.isArray(value)) {
    const scalars = value.every((item) => typeof item !== "object");
    if (scalars) return `[${value.map((item) => jsonText(item)).join(", ")}]`;
    return (value as readonly Json[]).map((item) => `\n${indent}- ${yamlText(item, `${indent}  `).replace(/^\n\s*/, "")}`).join("");
  }
  if (typeof value !== "object" || value === null) return jsonText(value);
  return Object.entries(value)
    .map(([key, item]) => {
      const text = yamlText(item as Json, `${indent}  `);
      return `\n${indent}${key}:${text.startsWith("\n") ? "" : " "}${text}`;
    })
    .join("");
};

const spoText = (profile: Profile, name: string): string => {
  const head = { apiVersion: "security-profiles-operator.x-k8s.io/v1beta1", kind: "SeccompProfile", metadata: { name } };
  return `${yamlText({ ...head, spec: ociJson(profile) } as unknown as Json).trimStart()}\n`;
};
/** Values that the CRD cannot hold. */
const tooLargeForSpo = ({ rules }: Profile): boolean =>
  rules.some(({ args }) => args.some(({ value, valueTwo }) => value > MOST || valueTwo > MOST));

const errnoName = (n: number): string => {
  const name = Object.entries(E).find(([key, value]) => value === n && key !== "EWOULDBLOCK")?.[0];
  return name === undefined ? String(n) : JSON.stringify(name);
};
const verdictText = (value: number): string => {
  const data = dataOf(value);
  switch (actionOf(upstream.returns, value)) {
    case "allow":
      return "allow";
    case "log":
      return "log";
    case "errno":
      return `errno(${errnoName(data)})`;
    case "trap":
      return `trap(${data || ""})`;
    case "trace":
      return `trace(${data || ""})`;
    case "user_notif":
      return "notify";
    case "kill_thread":
      return "killThread";
    default:
      return "killProcess";
  }
};
const conditionText = (name: string, { index, op, value, valueTwo }: Comparison): string => {
  const type = argumentsOf(name)?.[index]?.type;
  const narrow = type === "int" || type === "uint";
  if (op === "MASKED_EQ" && value === 0xffff_ffffn) return `arg(${index})${narrow ? "" : ".low"}.eq(${numberText(valueTwo)})`;
  const subject = `arg(${index})${narrow && (op !== "MASKED_EQ" || value > 0xffff_ffffn) ? ".wide" : ""}`;
  if (op === "MASKED_EQ") return `${subject}.masked(${bigText(value)}, ${bigText(valueTwo)})`;
  return `${subject}.${op.toLowerCase()}(${bigText(value)})`;
};
const bigText = (n: bigint): string => `${numberText(n)}${n > BigInt(Number.MAX_SAFE_INTEGER) ? "n" : ""}`;

const wrap = (start: string, words: readonly string[], end: string): string => {
  const one = `${start}${words.join(", ")}${end}`;
  if (one.length <= 120) return one;
  const lines: string[] = [];
  let line = "   ";
  for (const word of words) {
    if (line.length + word.length > 112) {
      lines.push(line);
      line = "   ";
    }
    line += ` ${word},`;
  }
  return `${start}\n${[...lines, line].join("\n")}\n  ${end}`;
};
const ruleText = ({ names, action, args }: Rule): readonly string[] => {
  const verdict = verdictText(action);
  const start = verdict === "allow" ? "  .allow(" : `  .on(${verdict}, `;
  // A condition's width depends on the call.
  const groups = args.length === 0 ? [names] : names.map((name) => [name]);
  return groups.map((group) =>
    wrap(start, [...group.map((name) => JSON.stringify(name)), ...args.map((each) => conditionText(group[0] as string, each))], ")"),
  );
};
const typeScript = ({ defaultAction, abis, rules }: Profile): string => {
  // The first rule that matches decides: rules with conditions come first.
  const ordered = [...rules].sort((a, b) => Number(a.args.length === 0) - Number(b.args.length === 0));
  const body = ordered.flatMap(ruleText);
  const text = body.join("\n");
  const used = ["allow", "arg", "errno", "killProcess", "killThread", "log", "notify", "policy", "trace", "trap"].filter(
    (name) =>
      name === "policy" ||
      name === "killThread" ||
      new RegExp(`(?<![."\\w])${name}\\b(?!")`).test(`${verdictText(defaultAction)}\n${text.replaceAll(".allow(", "")}`),
  );
  const arch = abis.map(({ name }) => JSON.stringify(name)).join(", ");
  return `import { ${used.join(", ")} } from "trapgate/policy";

export const sandbox = policy({ default: ${verdictText(defaultAction)}, arch: [${arch}], otherArch: killThread })
${text};
`;
};

/**
 * The profile's text. `name`: of the object that is written.
 *
 * @throws {Problem} A SeccompProfile cannot hold a number of the profile.
 *
 * @example
 * writeProfile(learn(seen).profile, "ts");
 */
export const writeProfile = takes(
  "writeProfile",
  { profile: aProfile, format: oneOf(profileOutputs), name: optional(aText) },
  (profile: Profile, format: ProfileOutput, name = "sandbox"): string => {
    if (format === "oci") return `${jsonText(ociJson(profile))}\n`;
    if (format === "spo" && tooLargeForSpo(profile))
      throw new Problem("not-writable", "a SeccompProfile holds numbers up to 2^63 - 1, and a rule compares with a larger one", {
        help: "write oci",
      });
    return format === "spo" ? spoText(profile, name) : typeScript(profile);
  },
);
