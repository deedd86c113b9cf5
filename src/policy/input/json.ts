// JSON by RFC 8259, with facts that JSON.parse drops: the position of each value, and integers beyond 2^53 as
// bigints.
import type { Place, Source } from "./source.ts";

/** A value of JSON. Integers beyond 2^53 are bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };
/** The keys and indices that lead to a value. */
export type JsonPath = readonly (string | number)[];

/** A parsed text, with the places of its values. */
export interface JsonDocument {
  readonly value: Json;
  /** Where the value at a path stands, or the nearest one around it. */
  placeOf(path: JsonPath): Place;
  /** Where the key of a member stands. */
  keyPlaceOf(path: JsonPath): Place;
}

const WORD = /[-+.\w]+/y;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const BLANK = /[ \t\r\n]*/y;
const MAX_DEPTH = 200;
/** A value with its place and its key, roughly. */
const VALUE_BYTES = 300;

const keyOf = (path: JsonPath): string => JSON.stringify(path);

class Reader {
  readonly #source: Source;
  readonly #text: string;
  #at = 0;
  readonly places = new Map<string, Place>();
  readonly keys = new Map<string, Place>();

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
    if (this.#text.startsWith("\ufeff")) this.#at = 1;
  }
  document(): Json {
    const value = this.#value([]);
    this.#skip();
    if (this.#at < this.#text.length) this.#complain("there is something after the JSON value");
    return value;
  }

  #complain(message: string, from = this.#at, to = from + 1): never {
    throw this.#source.problem({ from, to }, message, undefined, "policy-syntax");
  }
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
  #skip(): string | undefined {
    this.#match(BLANK);
    return this.#text[this.#at];
  }
  #take(character: string): boolean {
    if (this.#skip() !== character) return false;
    this.#at++;
    return true;
  }

  #value(path: JsonPath): Json {
    if (path.length > MAX_DEPTH) this.#complain(`values are nested more than ${MAX_DEPTH} deep`);
    const next = this.#skip();
    const from = this.#at;
    const value =
      next === "{" ? this.#object(path) : next === "[" ? this.#array(path) : next === '"' ? this.#string("a value") : this.#word();
    this.#source.budget.spend(VALUE_BYTES + 2 * (this.#at - from));
    this.places.set(keyOf(path), { from, to: this.#at });
    return value;
  }
  #object(path: JsonPath): Json {
    const members: [string, Json][] = [];
    const names = new Set<string>();
    this.#at++;
    while (!this.#take("}")) {
      if (members.length > 0 && !this.#take(",")) this.#complain('here must be "," or "}"');
      this.#skip();
      const from = this.#at;
      const key = this.#string("a name in quotes");
      this.keys.set(keyOf([...path, key]), { from, to: this.#at });
      if (names.has(key)) this.#complain(`${JSON.stringify(key)} is there twice`, from, this.#at);
      names.add(key);
      if (!this.#take(":")) this.#complain('here must be ":"');
      members.push([key, this.#value([...path, key])]);
    }
    return Object.fromEntries(members);
  }
  #array(path: JsonPath): Json {
    const items: Json[] = [];
    this.#at++;
    while (!this.#take("]")) {
      if (items.length > 0 && !this.#take(",")) this.#complain('here must be "," or "]"');
      items.push(this.#value([...path, items.length]));
    }
    return items;
  }
  #string(wanted: string): string {
    const from = this.#at;
    const text = this.#match(STRING);
    if (text === undefined) return this.#complain(this.#text[from] === '"' ? "this string does not end" : `here must be ${wanted}`);
    try {
      return JSON.parse(text) as string;
    } catch {
      return this.#complain('a backslash must be followed by one of "\\/bfnrt or u and four digits', from, this.#at);
    }
  }
  #word(): Json {
    const from = this.#at;
    const word = this.#match(WORD);
    if (word === undefined)
      this.#complain(from < this.#text.length ? "here must be a value" : "the text ends here, in the middle of a value");
    if (word === "true" || word === "false") return word === "true";
    if (word === "null") return null;
    if (!NUMBER.test(word)) this.#complain(`${JSON.stringify(word)} is no value of JSON`, from, this.#at);
    const number = Number(word);
    return Number.isSafeInteger(number) || !/^-?\d+$/.test(word) ? number : BigInt(word);
  }
}

/** Throws a Problem that says where the text is no JSON. */
export const parseJson = (source: Source): JsonDocument => {
  const reader = new Reader(source);
  const value = reader.document();
  const around = (path: JsonPath): Place => {
    for (let n = path.length; ; n--) {
      const place = reader.places.get(keyOf(path.slice(0, n)));
      if (place) return place;
    }
  };
  return { value, placeOf: around, keyPlaceOf: (path) => reader.keys.get(keyOf(path)) ?? around(path) };
};
