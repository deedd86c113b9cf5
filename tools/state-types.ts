// `npm run state`: src/machine/snapshot/file/types.ts, the types of all fields of the classes with state, as
// TypeScript's checker has them. The reader of a snapshot's file checks each object against them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  API,
  type Checker,
  ElementFlags,
  type Project,
  type Symbol as TsSymbol,
  type TupleType,
  type TypeReference,
} from "typescript/unstable/sync";
import { derived, handles } from "../src/machine/snapshot/fields.ts";
import type { Expression } from "../src/machine/snapshot/file/type-check.ts";
import { stateFiles } from "./state-classes.ts";

type Type = ReturnType<Checker["getAnyType"]>;

const top = fileURLToPath(new URL("..", import.meta.url));
const at = join(top, "src", "machine", "snapshot", "file", "types.ts");

// Of TypeScript's enums SymbolFlags, TypeFlags and SignatureKind.
const symbolFlag = { method: 8192, getter: 32768, setter: 65536, optional: 16777216, interface: 64 } as const;
const typeFlag = {
  any: 3,
  undefined: 4 | 16,
  null: 8,
  string: 32 | 8388608 | 4194304,
  number: 64 | 65536,
  bigint: 128,
  boolean: 256,
  literal: 1024 | 2048 | 8192,
  bigintLiteral: 4096,
  nonPrimitive: 131072,
  never: 262144,
  parameter: 524288,
  object: 1048576,
  index: 2097152,
  union: 134217728,
  intersection: 268435456,
} as const;
const CALL = 0;
const NEW = 1;
/** Elements that are taken out leave `undefined`, which their type does not say. */
const LOOSE: Readonly<Record<string, readonly string[]>> = { "kernel/base/fifo.ts:Fifo": ["_items"] };
const VIEWS = new Set(
  "Uint8Array Uint16Array Uint32Array Int8Array Int16Array Int32Array Float64Array BigInt64Array BigUint64Array DataView".split(" "),
);
/** Types with values of the host. */
const HOST: Readonly<Record<string, string>> = {
  HostNode: "h:node",
  HostTree: "h:tree",
  FileBytes: "h:bytes",
  ByteSink: "h:sink",
  HostNetwork: "h:network",
  UpperStore: "h:store",
};

/** The rows of the table: classes, and interfaces with the classes that have them. */
class Types {
  readonly #checker: Checker;
  readonly #classes: ReadonlyMap<string, Type>;
  readonly #classNames: ReadonlyMap<string, string>;
  readonly rows = new Map<string, unknown>();
  readonly #ids = new Map<string, number>();
  readonly #known = new Map<number, Expression>();

  constructor(checker: Checker, classes: ReadonlyMap<string, Type>) {
    this.#checker = checker;
    this.#classes = classes;
    this.#classNames = new Map([...classes].map(([name, type]) => [this.#key(type.getSymbol() as TsSymbol), name]));
  }
  /** The place and the name of a declaration. */
  #key(symbol: TsSymbol): string {
    const [declaration] = symbol.declarations ?? [];
    const path = declaration === undefined ? "" : String((declaration as { readonly path?: string }).path ?? "");
    const at = path.lastIndexOf("/src/");
    return `${at < 0 || !path.startsWith(top.slice(0, 5)) ? "" : path.slice(at + 5)}:${symbol.name}`;
  }
  /** The types of fields by name. `className`: methods are those of its prototype. */
  fieldsOf(type: Type, className?: string): Record<string, Expression> {
    const left = className === undefined ? 0 : symbolFlag.method | symbolFlag.getter | symbolFlag.setter;
    const known = new Set([...Object.keys(handles[className ?? ""] ?? {}), ...(derived[className ?? ""] ?? [])]);
    for (const [field, { as }] of Object.entries(handles[className ?? ""] ?? {})) if (as !== "supplied") known.delete(field);
    const properties = this.#checker.getPropertiesOfType(type).filter(({ flags, name }) => (flags & left) === 0 && !known.has(name));
    const types = this.#checker.getTypeOfSymbol(properties);
    return Object.fromEntries(
      properties
        .map((property, i) => {
          const type = this.of(types[i] as Type);
          const of = LOOSE[className ?? ""]?.includes(property.name)
            ? (["a", union([...(type as ["a", Expression]).slice(1), "u"])] as const)
            : type;
          return [property.name, (property.flags & symbolFlag.optional) === 0 ? of : union([of, "u"])] as const;
        })
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
  of(type: Type): Expression {
    const known = this.#known.get(type.id);
    if (known !== undefined) return known;
    const made = this.#make(type);
    this.#known.set(type.id, made);
    return made;
  }
  #make(type: Type): Expression {
    const { flags } = type;
    const is = (flag: number): boolean => (flags & flag) !== 0;
    if (is(typeFlag.any) || is(typeFlag.nonPrimitive)) return "?";
    if (is(typeFlag.undefined)) return "u";
    if (is(typeFlag.null)) return "0";
    if (type.isUnionType()) return union(type.getTypes().map((each) => this.of(each)));
    if (is(typeFlag.literal)) return ["l", (type as unknown as { readonly value: string | number | boolean }).value];
    if (is(typeFlag.bigintLiteral) || is(typeFlag.bigint)) return "i";
    if (is(typeFlag.boolean)) return "b";
    if (is(typeFlag.string)) return "s";
    if (is(typeFlag.number)) return "n";
    if (is(typeFlag.never)) return ["|"];
    if (is(typeFlag.index)) return "s";
    if (is(typeFlag.parameter)) {
      const bound = this.#checker.getBaseConstraintOfType(type);
      return bound && bound.id !== type.id ? this.of(bound) : "?";
    }
    if (type.isIntersectionType()) {
      // Branded numbers and texts.
      const primitive = type.getTypes().map((each) => ((each.flags & typeFlag.object) === 0 || this.#isFunction(each)) && this.of(each));
      return (
        primitive.find((each): each is Expression => each !== false) ??
        `@${this.#row(this.#checker.typeToString(type), type, () => [this.fieldsOf(type), this.#having(type)])}`
      );
    }
    if (is(typeFlag.object)) return this.#object(type);
    const apparent = this.#checker.getBaseConstraintOfType(type);
    return apparent && apparent.id !== type.id ? this.of(apparent) : "?";
  }
  #isFunction(type: Type): boolean {
    return [CALL, NEW].some((kind) => this.#checker.getSignaturesOfType(type, kind as never).length > 0);
  }
  #object(type: Type): Expression {
    const checker = this.#checker;
    const symbol = type.getSymbol();
    const name = symbol?.name ?? "";
    const args = (): readonly Type[] => checker.getTypeArguments(type as never);
    if (checker.isTupleType(type)) {
      const { elementFlags } = (type as unknown as TypeReference).getTarget() as TupleType;
      const elements = args().map((each) => this.of(each));
      return elementFlags.every((flag) => flag === ElementFlags.Required) ? ["t", ...elements] : ["a", union([...elements, "u"])];
    }
    if (checker.isArrayType(type) || name === "ReadonlyArray") return ["a", this.of(args()[0] as Type)];
    if (/^(Readonly)?Map$|^WeakMap$/.test(name)) return ["m", ...(args().map((each) => this.of(each)) as [Expression, Expression])];
    if (/^(Readonly)?Set$/.test(name)) return ["S", this.of(args()[0] as Type)];
    if (VIEWS.has(name)) return `v:${name}`;
    if (/^(Shared)?ArrayBuffer/.test(name)) return "B";
    if (name === "Function" || this.#isFunction(type)) return "f";
    const host = HOST[name];
    if (host !== undefined) return host;
    const key = symbol ? this.#key(symbol) : "";
    const own = this.#classNames.get(key);
    if (own !== undefined) {
      const list = args().filter((each) => (each.flags & typeFlag.parameter) === 0);
      return list.length === 0
        ? `@${own}`
        : { c: own, o: this.#row(`${own}<${checker.typeToString(type)}>`, type, () => this.fieldsOf(type, own)) };
    }
    // Types of the language and of the host, and classes of the processor: no snapshot has such a value.
    const isOfProcessor = key.startsWith("cpu/") && symbol !== undefined && (symbol.flags & symbolFlag.interface) === 0;
    if (symbol && name !== "__type" && (!key.includes(".ts:") || isOfProcessor)) return "x";
    const [index] = checker.getIndexInfosOfType(type);
    if (index) return ["d", this.of(index.valueType)];
    const text = checker.typeToString(type);
    const isNamed = symbol !== undefined && (symbol.flags & (symbolFlag.interface | 32)) !== 0;
    const alias = type.getAliasSymbol();
    const of = isNamed ? key : alias ? this.#key(alias) : key;
    const row = text === (isNamed ? symbol : alias)?.name ? of : `${of}<${text}>`;
    return `@${this.#row(row, type, () => [this.fieldsOf(type), this.#having(type)])}`;
  }
  /** The name of a row, which is made at its first use. Types of two files can have one text. */
  #row(text: string, type: Type, make: () => unknown): string {
    let name = text;
    for (let n = 2; this.#ids.has(name) && this.#ids.get(name) !== type.id; n++) name = `${text}#${n}`;
    this.#ids.set(name, type.id);
    if (!this.rows.has(name)) {
      this.rows.set(name, undefined);
      this.rows.set(name, make());
    }
    return name;
  }
  /** The classes that have an interface. */
  #having(type: Type): string[] {
    const wanted = this.#checker.getPropertiesOfType(type).filter(({ flags }) => (flags & symbolFlag.optional) === 0);
    return [...this.#classes].flatMap(([name, each]) => {
      const names = this.#names(name, each);
      if (!wanted.every((property) => names.has(property.name))) return [];
      const isGeneric = this.#checker.getTypeArguments(each as never).length > 0;
      return isGeneric || this.#checker.isTypeAssignableTo(each, type) ? [name] : [];
    });
  }
  readonly #lists = new Map<string, ReadonlySet<string>>();
  #names(name: string, type: Type): ReadonlySet<string> {
    let names = this.#lists.get(name);
    if (!names) this.#lists.set(name, (names = new Set(this.#checker.getPropertiesOfType(type).map((property) => property.name))));
    return names;
  }
}

/** Flat, without doubles, literals in one list. */
const union = (parts: readonly Expression[]): Expression => {
  const flat = parts.flatMap((part) => (Array.isArray(part) && part[0] === "|" ? (part.slice(1) as Expression[]) : [part]));
  const literals = flat.flatMap((part) => (Array.isArray(part) && part[0] === "l" ? part.slice(1) : []));
  const others = flat.filter((part) => !(Array.isArray(part) && part[0] === "l"));
  const isBoolean = literals.includes(true) && literals.includes(false);
  const left = isBoolean ? literals.filter((each) => typeof each !== "boolean") : literals;
  const all = [...others, ...(isBoolean ? (["b"] as const) : []), ...(left.length > 0 ? [["l", ...left] as Expression] : [])];
  const single = [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
  if (single.includes("?")) return "?";
  return single.length === 1 ? (single[0] as Expression) : ["|", ...single];
};

/** The text of the file. */
export const stateTypes = (): string => {
  const api = new API({ cwd: top });
  try {
    const project = api.updateSnapshot({ openProjects: [join(top, "tsconfig.json")] } as never).getProjects()[0] as Project;
    const { checker } = project;
    const classes = new Map<string, Type>();
    for (const { file, names } of stateFiles()) {
      const module = checker.getSymbolAtLocation(project.program.getSourceFile(join(top, "src", file)) as never) as TsSymbol;
      for (const symbol of checker.getExportsOfModule(module))
        if (names.includes(symbol.name)) classes.set(`${file}:${symbol.name}`, checker.getDeclaredTypeOfSymbol(symbol));
    }
    const types = new Types(checker, classes);
    const own = [...classes].map(([name, type]) => [name, types.fieldsOf(type, name)] as const);
    const rows = [...own, ...[...types.rows].sort(([a], [b]) => (a < b ? -1 : 1))];
    return [
      "// The types of all fields of the classes with state. Made by `npm run state` (tools/state-types.ts).",
      "// biome-ignore-all format: generated",
      'import type { TypeRow } from "./type-check.ts";',
      "",
      "/** Classes by their names, then interfaces with the classes that have them. */",
      "export const types: readonly (readonly [name: string, row: TypeRow])[] = [",
      ...rows.map((row) => `  ${JSON.stringify(row)},`),
      "];",
      "",
    ].join("\n");
  } finally {
    api.close();
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(at, stateTypes());
