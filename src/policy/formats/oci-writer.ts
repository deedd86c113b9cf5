// A profile as the OCI's JSON: conditions resolved, 64-bit integers in full. OCI runtime-spec
// config-linux.md, "Seccomp".
import { i386, x32 } from "../../abi/abi.ts";
import { actionOf, dataOf, upstream } from "../../seccomp/index.ts";
import { aText, optional, takes, wants } from "../../wants.ts";
import type { Json } from "../input/json.ts";
import type { Profile } from "../profile.ts";
import { aProfile } from "../wants.ts";

/** In a loop, so that no depth of it ends the stack. */
const isJson = (value: unknown): boolean => {
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { value: one, depth } = next;
    if (depth > MOST_DEPTH) return false;
    if (one === null || ["boolean", "number", "bigint", "string"].includes(typeof one)) continue;
    if (typeof one !== "object") return false;
    for (const inner of Object.values(one)) left.push({ value: inner, depth: depth + 1 });
  }
  return true;
};
const MOST_DEPTH = 200;
const aJson = wants("a value of JSON, at most 200 deep", isJson);
/**
 * JSON.stringify with bigints as numbers.
 *
 * @example
 * jsonText(ociJson(profile));
 */
export const jsonText = takes(
  "jsonText",
  { value: optional(aJson), indent: optional(aText) },
  (value: Json | undefined, indent = ""): string => {
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const inner = `${indent}  `;
    const list = Array.isArray(value);
    const items = list
      ? (value as readonly Json[]).map((item) => jsonText(item, inner))
      : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${jsonText(item, inner)}`);
    if (items.length === 0) return list ? "[]" : "{}";
    return `${list ? "[" : "{"}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${list ? "]" : "}"}`;
  },
);

const actionJson = (value: number, errno: string): { readonly [key: string]: Json } => {
  const action = actionOf(upstream.returns, value);
  const names = { user_notif: "NOTIFY", kill_process: "KILL_PROCESS", kill_thread: "KILL_THREAD" } as Readonly<Record<string, string>>;
  const carries = action === "errno" || action === "trace";
  return { action: `SCMP_ACT_${names[action] ?? action.toUpperCase()}`, ...(carries ? { [errno]: dataOf(value) } : {}) };
};

/**
 * linux.seccomp
 *
 * @example
 * const { profile } = await readPolicy("default.json", bytes, { as: "docker" });
 * if (profile) console.log(jsonText(ociJson(profile)));
 */
export const ociJson = takes(
  "ociJson",
  { profile: aProfile },
  ({ defaultAction, abis, rules }: Profile): { readonly [key: string]: Json } => {
    const { action, ...data } = actionJson(defaultAction, "defaultErrnoRet");
    const architectures = abis.map((abi) => (abi === i386 ? "SCMP_ARCH_X86" : abi === x32 ? "SCMP_ARCH_X32" : "SCMP_ARCH_X86_64"));
    return {
      defaultAction: action as Json,
      ...data,
      ...(architectures.length > 0 ? { architectures } : {}),
      syscalls: rules.map((rule) => ({
        names: rule.names,
        ...actionJson(rule.action, "errnoRet"),
        ...(rule.args.length > 0
          ? {
              args: rule.args.map(({ index, value, valueTwo, op }) => ({
                index,
                value,
                ...(op === "MASKED_EQ" ? { valueTwo } : {}),
                op: `SCMP_CMP_${op}`,
              })),
            }
          : {}),
      })),
    };
  },
);
