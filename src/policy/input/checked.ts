// A document through a schema: the first thing that is wrong becomes a Problem at its place.
import type { z } from "zod";
import { didYouMean } from "../../nearest.ts";
import type { Json, JsonDocument, JsonPath } from "./json.ts";
import type { Source } from "./source.ts";

const at = (value: Json, path: JsonPath): Json | undefined =>
  path.reduce<Json | undefined>((found, key) => (found === null || typeof found !== "object" ? undefined : (found as never)[key]), value);

const pathText = (path: JsonPath): string =>
  path.reduce<string>((text, key) => (typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${key}` : key), "");

const messageOf = (
  issue: z.core.$ZodIssue,
  found: Json | undefined,
  path: JsonPath,
): { readonly message: string; readonly help?: string } => {
  const what = pathText(path) || "the document";
  if (issue.code === "invalid_value" && typeof found === "string") {
    const help = didYouMean(found, issue.values.map(String)) ?? `there are ${issue.values.join(", ")}`;
    return { message: `${JSON.stringify(found)} is no value of ${what}`, help };
  }
  if (found === undefined) return { message: `${what} is missing` };
  return { message: `${what}: ${issue.message.replace(/^Invalid input: /, "")}` };
};

/** The value as the schema has it; `below`: where in the document it stands. */
export const checked = <T extends z.ZodType>(schema: T, document: JsonDocument, source: Source, below: JsonPath = []): z.infer<T> => {
  const value = at(document.value, below);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const path = issue.path as JsonPath;
  const { message, help } = messageOf(issue, at(value as Json, path), path);
  throw source.problem(document.placeOf([...below, ...path]), message, help, "policy-value");
};
