// Landlock's checks between tasks: tracers, signals, abstract Unix sockets. Linux security/landlock/task.c.
import { E } from "../../../abi/errno.ts";
import { SCOPE } from "../../../abi/uapi/landlock.ts";
import type { Task } from "../../core/task.ts";
import { type Domain, domainOf, type Hierarchy } from "./domain.ts";

/** True if `inner` is `outer` or one of its descendants. Linux domain_scope_le(). */
const isWithin = (inner: Hierarchy | undefined, outer: Hierarchy): boolean => {
  let at = inner;
  while (at && at.depth > outer.depth) at = at.parent;
  return at === outer;
};
/** True if the task may trace or inspect the target: its own domain or a nested one. */
export const mayTrace = (task: Task, target: Task): boolean => {
  const domain = domainOf(task.cred);
  return domain === undefined || isWithin(domainOf(target.cred)?.hierarchy, domain.hierarchy);
};

/**
 * True if a layer of the client's domain with this scope excludes the server. Linux domain_is_scoped().
 */
const isScoped = (client: Domain, server: Hierarchy | undefined, scope: number): boolean => {
  let layer = client.layers.length;
  let mine: Hierarchy | undefined = client.hierarchy;
  let theirs = server;
  const has = (n: number): boolean => ((client.layers[n - 1]?.scope ?? 0) & scope) !== 0;
  for (; layer > (theirs?.depth ?? 0); layer--, mine = mine?.parent) if (has(layer)) return true;
  while (theirs && theirs.depth > layer) theirs = theirs.parent;
  for (; layer > 0; layer--, mine = mine?.parent, theirs = theirs?.parent) if (has(layer)) return theirs !== mine;
  return false;
};

/** False if the task's domain forbids signals to another process, whose domain is `target`. */
export const maySignal = (task: Task, target: Domain | undefined): boolean => {
  const domain = domainOf(task.cred);
  return domain === undefined || !isScoped(domain, target?.hierarchy, SCOPE.LANDLOCK_SCOPE_SIGNAL);
};
/** 0, or -EPERM for an abstract socket outside of the task's scope. `maker` is the domain of its creator. */
export const mayReachAbstract = (task: Task, maker: Hierarchy | undefined): number => {
  const domain = domainOf(task.cred);
  return domain && isScoped(domain, maker, SCOPE.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET) ? -E.EPERM : 0;
};
