// YAML documents with places, in the form in which JSON documents come. YAML 1.2, by the library "yaml".
import type { Json, JsonDocument, Path } from "./json.ts";
import type { Place, Source } from "./source.ts";

/**
 * The document of a file of one or more for which `wanted` holds, or the first. Throws a Problem that says
 * where the text is no YAML.
 */
export const parseYaml = async (source: Source, wanted: (value: Json) => boolean): Promise<JsonDocument> => {
  const { isPair, isScalar, parseAllDocuments } = await import("yaml");
  const documents = parseAllDocuments(source.text, { intAsBigInt: true, prettyErrors: false });
  const list = "empty" in documents ? [] : documents;
  for (const { errors } of list) {
    const [error] = errors;
    if (error)
      throw source.problem({ from: error.pos[0], to: error.pos[1] }, `this is no YAML: ${error.message}`, undefined, "policy-syntax");
  }
  const values = list.map((document) => narrow(document.toJS() as Json));
  const at = Math.max(0, values.findIndex(wanted));
  const document = list[at];
  const whole: Place = { from: 0, to: 1 };
  if (!document) throw source.problem(whole, "there is nothing in this file", undefined, "policy-syntax");
  const placeOf = (path: Path): Place => {
    for (let n = path.length; n > 0; n--) {
      const node = document.getIn(path.slice(0, n), true) as { readonly range?: readonly number[] | null } | undefined;
      const range = node?.range;
      if (range) return { from: range[0] as number, to: range[1] as number };
    }
    return whole;
  };
  const keyPlaceOf = (path: Path): Place => {
    const parent = (path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents) as
      | { readonly items?: readonly unknown[] }
      | undefined;
    for (const pair of parent?.items ?? []) {
      if (!isPair(pair) || !isScalar(pair.key) || pair.key.value !== path.at(-1) || !pair.key.range) continue;
      return { from: pair.key.range[0], to: pair.key.range[1] };
    }
    return placeOf(path);
  };
  return { value: values[at] as Json, placeOf, keyPlaceOf };
};

/** Bigints only where a number cannot hold the value: as JSON documents have it. */
const narrow = (value: Json): Json => {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(narrow);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, narrow(item)]));
};
