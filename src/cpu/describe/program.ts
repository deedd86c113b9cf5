// The statements of a meaning in order, and their text. A value may be used after its location has changed.
// It is then named where it is read ("v = mem32[rax]"), or written as the old one ("old rcx").
import { type Binding, type Read, resolved, type Term, type TermTime, termText, uncut } from "./term.ts";

/** A statement of a description. `time` orders the statements. */
export type DescribedStatement = { readonly time: number } & (
  | { readonly kind: "read"; readonly read: Read }
  | { readonly kind: "bind"; readonly binding: Binding }
  /** target ← value; changes `places`. */
  | {
      readonly kind: "set";
      readonly target: () => string;
      readonly uses: readonly Term[];
      readonly places: readonly string[];
      readonly width: number;
    }
  /** Any other statement, as text around its terms. */
  | {
      readonly kind: "line";
      readonly uses: readonly Term[];
      readonly places: readonly string[];
      readonly text: (m: (t: Term) => string) => string;
    }
  | {
      readonly kind: "block";
      readonly head: (m: (t: Term) => string) => string;
      readonly uses: readonly Term[];
      readonly body: Block;
      readonly otherwise: Block | undefined;
    }
);
/** Statements in order. */
export type Block = DescribedStatement[];

const termsOf = (s: DescribedStatement): readonly Term[] => (s.kind === "read" ? [] : s.kind === "bind" ? [s.binding.value] : s.uses);
const placesOf = (s: DescribedStatement): readonly string[] => (s.kind === "set" || s.kind === "line" ? s.places : []);

function* walk(block: Block): Generator<{ statement: DescribedStatement; block: Block }> {
  for (const statement of block) {
    yield { statement, block };
    if (statement.kind !== "block") continue;
    yield* walk(statement.body);
    if (statement.otherwise) yield* walk(statement.otherwise);
  }
}

/** Names values and prints the statements of one description. */
export class DescriptionWriter {
  readonly #root: Block;
  readonly #writes = new Map<string, number[]>();
  readonly #uses = new Map<Binding | Read, number[]>();
  readonly #names = new Set<string>();

  constructor(root: Block) {
    this.#root = root;
    for (const { statement } of walk(root))
      for (const place of placesOf(statement)) {
        const times = this.#writes.get(place);
        if (times) times.push(statement.time);
        else this.#writes.set(place, [statement.time]);
      }
  }

  /** True if the location of a read is overwritten before `time`. */
  #stale(r: Read, time: number): boolean {
    return r.places.some((p) => this.#writes.get(p)?.some((t) => t > r.time && t < time));
  }
  #use(of: Binding | Read, time: number): void {
    const times = this.#uses.get(of);
    if (times) times.push(time);
    else this.#uses.set(of, [time]);
  }
  /** All reads in a term written at `time`, through inlined bindings. */
  #reads(t: Term, time: number): Read[] {
    const r = resolved(t, time);
    if (r.kind === "read") return [r];
    return r.kind === "operation" ? r.args.flatMap((a) => this.#reads(a, time)) : [];
  }

  /** Counts the uses of bindings. */
  #count(): void {
    const visit = (t: Term, time: number): void => {
      if (t.kind === "operation") for (const a of t.args) visit(a, time);
      if (t.kind !== "binding") return;
      const first = !this.#uses.has(t);
      this.#use(t, time);
      if (first && !t.effect) visit(t.value, t.time);
    };
    for (const { statement } of walk(this.#root)) {
      if (statement.kind === "bind" && !statement.binding.effect) continue;
      for (const t of termsOf(statement)) visit(t, statement.time);
    }
  }

  /**
   * Inlines a binding if it is used once and its reads are still valid there. Otherwise the location that it
   * is assigned to stands for it.
   */
  #decide(b: Binding, statements: readonly { statement: DescribedStatement; block: Block }[]): void {
    const uses = this.#uses.get(b) ?? [];
    const last = Math.max(b.time, ...uses);
    if (b.effect) {
      // The next statement may hold it.
      const next = statements.find(({ statement }) => statement.time > b.time && statement.kind !== "read");
      b.inline = uses.length === 1 && next?.statement.time === uses[0] && next?.statement.kind === "set";
      return;
    }
    const fresh = (time: number) => this.#reads(b.value, time).every((r) => !this.#stale(r, time));
    const value = resolved(b.value, b.time);
    if (value.kind === "constant" || value.kind === "word" || uses.length <= 1 || value.kind === "read") {
      b.inline = uses.every(fresh);
      if (b.inline) return;
    }
    const setter = statements.find(({ statement }) => statement.time === uses[0]);
    if (setter?.statement.kind !== "set" || setter.block !== b.block || !fresh(setter.statement.time)) return;
    const { uses: values, places, target, time } = setter.statement;
    const [place] = places;
    if (values.length !== 1 || values[0] !== b || place === undefined || places.length !== 1) return;
    if (this.#writes.get(place)?.some((t) => t > time && t < last)) return;
    b.inline = true;
    b.held = { place: target(), after: time };
  }

  #unique(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.#names.has(name); n++) name = `${wanted}${n}`;
    this.#names.add(name);
    return name;
  }

  /** Names the reads that need it: memory used late, and locations already changed before the read. */
  #nameReads(statements: readonly { statement: DescribedStatement }[]): void {
    const check = (t: Term, time: number): void => {
      if (t.kind === "operation") for (const a of t.args) check(a, time);
      else if (t.kind === "binding" && t.inline && !(t.held && time > t.held.after)) check(t.value, time);
      else if (t.kind === "read" && this.#stale(t, time)) {
        const changed = t.places.some((p) => this.#writes.get(p)?.some((w) => w < t.time));
        if (t.memory || changed) t.name ??= "";
      }
    };
    for (const { statement } of statements) {
      if (statement.kind === "bind" && (statement.binding.inline || !this.#live(statement.binding))) continue;
      for (const t of termsOf(statement)) check(t, statement.time);
    }
    for (const { statement } of statements)
      if (statement.kind === "read" && statement.read.name === "") statement.read.name = this.#unique("v");
  }
  #live(b: Binding): boolean {
    return b.effect || this.#uses.has(b);
  }

  /** The lines of text, two spaces per level. */
  lines(): string[] {
    this.#count();
    const statements = [...walk(this.#root)];
    for (const { statement } of statements) if (statement.kind === "bind") this.#decide(statement.binding, statements);
    this.#nameReads(statements);
    return this.#block(this.#root, "");
  }

  #moment(time: number): TermTime {
    return {
      readText: (r) => (r.name !== undefined && r.time < time ? r.name : this.#stale(r, time) ? `old ${r.text()}` : r.text()),
      bindingText: (b) => {
        if (b.held && time > b.held.after) return b.held.place;
        return b.inline ? b.value : (b.name ?? b.wanted);
      },
    };
  }

  #block(block: Block, indent: string): string[] {
    return block.flatMap((s) => this.#statement(s, indent));
  }
  #statement(s: DescribedStatement, indent: string): string[] {
    const m = this.#moment(s.time);
    const text = (t: Term) => termText(t, m);
    switch (s.kind) {
      case "read":
        return s.read.name === undefined ? [] : [`${indent}${s.read.name} = ${s.read.text()}`];
      case "bind": {
        const { binding: b } = s;
        if (b.inline || !this.#live(b)) return [];
        if (!this.#uses.has(b)) return [`${indent}${text(b.value)}`];
        b.name = this.#unique(b.wanted);
        return [`${indent}${b.name} = ${text(b.value)}`];
      }
      case "set":
        return [`${indent}${s.target()} ← ${s.uses.map((t) => text(uncut(t, s.width, s.time))).join(", ")}`];
      case "line": {
        const line = s.text(text);
        return line === "" ? [] : [indent + line];
      }
      case "block": {
        const body = this.#block(s.body, `${indent}  `);
        const otherwise = s.otherwise ? this.#block(s.otherwise, `${indent}  `) : [];
        if (body.length === 1 && otherwise.length === 0) return [`${indent}${s.head(text)}: ${(body[0] as string).trimStart()}`];
        const nothing = [`${indent}  nothing`];
        return [
          `${indent}${s.head(text)}:`,
          ...(body.length > 0 ? body : nothing),
          ...(otherwise.length > 0 ? [`${indent}else:`, ...otherwise] : []),
        ];
      }
    }
  }
}
