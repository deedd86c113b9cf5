// YAML documents with places, in the form in which JSON documents come. YAML 1.2, by the library "yaml".
import type { Json, JsonDocument, JsonPath } from "./json.ts";
import type { Place, Source } from "./source.ts";

/**
 * The document of a file of one or more for which `wanted` holds, or the first. Throws a Problem that says
 * where the text is no YAML.
 */
export const parseYaml = async (source: Source, wanted: (value: Json) => boolean): Promise<JsonDocument> => {
  const { isPair, isScalar, Lexer, parseAllDocuments } = await import("yaml");
  // The library reads without a pause, and keeps a few objects for each character at worst.
  source.budget.spend(source.text.length * CHARACTER_BYTES);
  const deep = nestOf(new Lexer().lex(source.text));
  if (deep) throw source.problem(deep, `this is nested more than ${MAX_DEPTH} deep`, undefined, "policy-syntax");
  const list = byLibrary(source, () => {
    const documents = parseAllDocuments(source.text, { intAsBigInt: true, prettyErrors: false });
    return "empty" in documents ? [] : documents;
  });
  source.budget.check();
  for (const { errors } of list) {
    const [error] = errors;
    if (error)
      throw source.problem({ from: error.pos[0], to: error.pos[1] }, `this is no YAML: ${error.message}`, undefined, "policy-syntax");
  }
  const values = list.map((document) =>
    narrow(
      byLibrary(source, () => document.toJS({ maxAliasCount: MOST_ALIASES }) as Json),
      source,
    ),
  );
  const at = Math.max(0, values.findIndex(wanted));
  const document = list[at];
  const whole: Place = { from: 0, to: 1 };
  if (!document) throw source.problem(whole, "there is nothing in this file", undefined, "policy-syntax");
  const placeOf = (path: JsonPath): Place => {
    for (let n = path.length; n > 0; n--) {
      const node = document.getIn(path.slice(0, n), true) as { readonly range?: readonly number[] | null } | undefined;
      const range = node?.range;
      if (range) return { from: range[0] as number, to: range[1] as number };
    }
    return whole;
  };
  const keyPlaceOf = (path: JsonPath): Place => {
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

/** Values that aliases may stand for in one document. */
const MOST_ALIASES = 100;
const CHARACTER_BYTES = 50;
const MAX_DEPTH = 200;
/** A value, roughly. */
const VALUE_BYTES = 100;

/**
 * The place at which collections are nested too deep by brackets, or by indicators in one line or between
 * commas: the library composes each level by a call of its own. Undefined: nowhere. Deeper indentation needs
 * a long text.
 */
const nestOf = (tokens: Iterable<string>): Place | undefined => {
  let [at, brackets, indicators] = [0, 0, 0];
  for (const token of tokens) {
    if (token === "[" || token === "{") brackets++;
    else if (token === "]" || token === "}") brackets--;
    if (token === "-" || token === "?" || token === ":") indicators++;
    else if (/^[,[\]{}]$/.test(token) || (brackets === 0 && token.includes("\n"))) indicators = 0;
    if (brackets + indicators > MAX_DEPTH) return { from: at, to: at + 1 };
    // The library's marks for the beginning of documents and scalars have no text.
    if (!CONTROLS.has(token)) at += token.length;
  }
  return undefined;
};
/** BOM, document, flow error and scalar: `tokenType` of the library. */
const CONTROLS: ReadonlySet<string> = new Set(["\u0002", "\u0018", "\u001f"]);

/** The library reports some mistakes as other errors: too many aliases, and nests that end the stack. */
const byLibrary = <T>(source: Source, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    const message = error instanceof RangeError ? "it is nested too deep" : error instanceof Error ? error.message : String(error);
    throw source.problem({ from: 0, to: 1 }, `this is no YAML: ${message}`, undefined, "policy-syntax");
  }
};

/**
 * Bigints only where a number cannot hold the value: as JSON documents have it. An alias within its own
 * anchor has no end and is refused by its depth.
 */
const narrow = (value: Json, source: Source, depth = 0): Json => {
  if (depth > MAX_DEPTH)
    throw source.problem({ from: 0, to: 1 }, `values are nested more than ${MAX_DEPTH} deep`, undefined, "policy-syntax");
  source.budget.spend(VALUE_BYTES);
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map((item) => narrow(item, source, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, narrow(item, source, depth + 1)]));
};
