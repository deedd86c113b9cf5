// Requirements of arguments: stores, nodes of a store, diagrams.
import { instanceOf, shapeOf, type Want, wants } from "../../wants.ts";
import { meaningRules } from "../wants.ts";
import type { Diagram } from "./diagram.ts";
import { Nodes } from "./nodes.ts";

/** A store of nodes. */
export const someNodes = instanceOf("a Nodes, such as diagram.nodes", () => Nodes);
/** True for a node of a store. */
export const isNodeOf = (store: unknown, value: unknown): boolean =>
  store instanceof Nodes && Number.isInteger(value) && (value as number) >= 0 && (value as number) < store.count;
/** A node of the store that is an argument of the same call, at this index. */
export const aNode = (at = 0): Want => wants("a node of this store", (value, args) => isNodeOf(args[at], value));
/** What a diagram consists of: a store, a node of it, rules. */
export const aFunctionIn: Want = (value, args) =>
  shapeOf<Pick<Diagram, "nodes" | "root">>("a diagram, or { nodes, root }", {
    nodes: someNodes,
    root: wants("a node of this store", (root) => isNodeOf((value as Diagram).nodes, root)),
  })(value, args);
export { meaningRules };
