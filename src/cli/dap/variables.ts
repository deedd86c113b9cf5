// Variables of a stop: gdb's variable objects, which live until the program moves. GDB manual, "GDB/MI
// Variable Objects".
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Gdb } from "./gdb.ts";
import { list, type MiTuple, quoted, text, tuple } from "./mi.ts";

/** What a reference of the editor stands for. */
type Holder =
  | { readonly kind: "locals" | "registers"; readonly thread: number; readonly frame: number }
  | { readonly kind: "object"; readonly name: string };

/** Children of a variable that are shown at once. */
const MOST_CHILDREN = 1000;
const general = /^(r[a-z0-9]+|e[a-z]{2}|eflags|[c-g]s|ss|[fg]s_base)$/;
const isPointer = (type: string): boolean => type.endsWith("*");
const address = (value: string): string | undefined => /^(?:\(.*?\) )?(0x[0-9a-f]+)/.exec(value)?.[1];

/** The variables that the editor has seen since the last stop. */
export class Variables {
  private readonly _gdb: Gdb;
  private _holders: Holder[] = [];
  private _objects: string[] = [];

  constructor(gdb: Gdb) {
    this._gdb = gdb;
  }
  /** The program moves: all references end. */
  async clear(): Promise<void> {
    this._holders = [];
    const objects = this._objects.splice(0);
    await Promise.all(objects.map((name) => this._gdb.send(`-var-delete ${name}`).catch(() => undefined)));
  }
  private _reference(holder: Holder): number {
    return this._holders.push(holder);
  }
  scopes(thread: number, frame: number): DebugProtocol.Scope[] {
    return [
      {
        name: "Locals",
        presentationHint: "locals",
        variablesReference: this._reference({ kind: "locals", thread, frame }),
        expensive: false,
      },
      {
        name: "Registers",
        presentationHint: "registers",
        variablesReference: this._reference({ kind: "registers", thread, frame }),
        expensive: true,
      },
    ];
  }
  /** The variable of an expression. Rejects with gdb's message. */
  async of(expression: string, thread: number | undefined, frame: number | undefined, shown = expression): Promise<DebugProtocol.Variable> {
    const where = thread === undefined ? "" : ` --thread ${thread} --frame ${frame ?? 0}`;
    const made = await this._gdb.send(`-var-create${where} - * ${quoted(expression)}`);
    this._objects.push(text(made["name"]));
    return this._variable(made, shown, expression);
  }
  private _variable(made: MiTuple, name: string, expression?: string): DebugProtocol.Variable {
    const value = text(made["value"]);
    const type = text(made["type"]);
    const count = Number(text(made["numchild"])) || (text(made["has_more"]) === "1" ? 1 : 0);
    const at = isPointer(type) ? address(value) : undefined;
    return {
      name,
      value: value === "{...}" ? type : value,
      type,
      variablesReference: count > 0 ? this._reference({ kind: "object", name: text(made["name"]) }) : 0,
      ...(expression === undefined ? {} : { evaluateName: expression }),
      ...(at === undefined ? {} : { memoryReference: at }),
    };
  }
  /** What is in a reference. */
  async children(reference: number): Promise<DebugProtocol.Variable[]> {
    const holder = this._holders[reference - 1];
    if (!holder) return [];
    if (holder.kind === "object") return this._children(holder.name);
    if (holder.kind === "registers") return this._registers(holder);
    const { thread, frame } = holder;
    const found = await this._gdb.send(`-stack-list-variables --thread ${thread} --frame ${frame} --no-values`);
    const names = list(found["variables"]).map((each) => text(tuple(each)["name"]));
    return Promise.all([...new Set(names)].map((name) => this.of(name, thread, frame).catch((error: Error) => unreadable(name, error))));
  }
  private async _children(name: string): Promise<DebugProtocol.Variable[]> {
    const found = await this._gdb.send(`-var-list-children --all-values ${name} 0 ${MOST_CHILDREN}`);
    const all: DebugProtocol.Variable[] = [];
    for (const each of list(found["children"]).map(tuple)) {
      const shown = text(each["exp"]);
      // C++ groups members by their access.
      if (text(each["type"]) === "" && /^(public|protected|private)$/.test(shown)) all.push(...(await this._children(text(each["name"]))));
      else {
        const path = await this._gdb.send(`-var-info-path-expression ${text(each["name"])}`).catch((): MiTuple => ({}));
        all.push(this._variable(each, shown, text(path["path_expr"]) || undefined));
      }
    }
    return all;
  }
  private async _registers({ thread, frame }: { readonly thread: number; readonly frame: number }): Promise<DebugProtocol.Variable[]> {
    const names = list((await this._gdb.send("-data-list-register-names"))["register-names"]).map(text);
    const values = await this._gdb.send(`-data-list-register-values --thread ${thread} --frame ${frame} --skip-unavailable r`);
    return list(values["register-values"])
      .map(tuple)
      .map((each) => ({ name: names[Number(text(each["number"]))] ?? "", value: text(each["value"]) }))
      .filter(({ name }) => general.test(name))
      .map(({ name, value }) => ({ name, value, evaluateName: `$${name}`, memoryReference: value, variablesReference: 0 }));
  }
  /** Changes a variable: the past has another branch from here on. Returns its value. */
  async set(reference: number, name: string, value: string): Promise<string> {
    const holder = this._holders[reference - 1];
    if (holder?.kind === "registers") {
      await this._gdb.send(`-data-evaluate-expression --thread ${holder.thread} --frame ${holder.frame} ${quoted(`$${name} = ${value}`)}`);
      return value;
    }
    const found = (await this.children(reference)).find((each) => each.name === name);
    if (!found?.evaluateName) throw new Error(`${name} cannot be changed`);
    const where = holder?.kind === "locals" ? ` --thread ${holder.thread} --frame ${holder.frame}` : "";
    const answer = await this._gdb.send(`-data-evaluate-expression${where} ${quoted(`${found.evaluateName} = ${value}`)}`);
    return text(answer["value"]);
  }
  /** The expression of a variable, and the frame in which it has a meaning. */
  async expressionOf(reference: number | undefined, name: string): Promise<{ readonly expression: string; readonly where: string }> {
    const holder = reference === undefined ? undefined : this._holders[reference - 1];
    if (!holder) return { expression: name, where: "" };
    const where = holder.kind === "object" ? "" : ` --thread ${holder.thread} --frame ${holder.frame}`;
    const found = (await this.children(reference as number)).find((each) => each.name === name);
    return { expression: found?.evaluateName ?? name, where };
  }
}
const unreadable = (name: string, { message }: Error): DebugProtocol.Variable => ({ name, value: `<${message}>`, variablesReference: 0 });
