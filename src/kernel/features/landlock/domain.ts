// Landlock domains: layers of handled rights, and rules by object. Linux security/landlock/ruleset.c,
// access.h, cred.h.
import { ACCESS_FS } from "../../../abi/uapi/landlock.ts";
import type { Cred, SecurityState } from "../../cred/cred.ts";
import type { Inode } from "../../fs/vfs/inode.ts";
import { LANDLOCK } from "./name.ts";
import { ownSizes } from "./sizes.ts";

/** The greatest number of layers. Linux LANDLOCK_MAX_NUM_LAYERS. */
export const MAX_LAYERS = 16;
/** The number of file rights that exist. */
const FS_RIGHTS = Object.keys(ACCESS_FS).length;
/** Rights that a layer denies even if it does not handle them. Linux _LANDLOCK_ACCESS_FS_INITIALLY_DENIED. */
const INITIALLY_DENIED = ACCESS_FS.LANDLOCK_ACCESS_FS_REFER;

/** The rights that one ruleset handles, as bits: the accesses that it denies without a rule. */
export interface Handled {
  readonly fs: number;
  readonly net: number;
  readonly scope: number;
}

/**
 * The identity of a file in a rule. An inode is an object here, but file systems whose names change by
 * themselves make a new one for each lookup: their number is the identity.
 */
export type FileKey = Inode | string;
/** The identity of an inode's file. */
export const fileKey = (inode: Inode): FileKey => (inode.fs.dynamic ? `${inode.fs.dev}:${inode.ino}` : inode);

/** The rights that the layers grant on one object: pairs of a layer's bit and access bits. */
export type LandlockRule = readonly { readonly layer: number; readonly access: number }[];
/** The rules of a ruleset or domain, by file and by TCP port. */
export interface LandlockRules<R> {
  readonly files: ReadonlyMap<FileKey, R>;
  readonly ports: ReadonlyMap<number, R>;
}

/** The position of a domain among its ancestors. Linux struct landlock_hierarchy. */
export interface Hierarchy {
  readonly parent: Hierarchy | undefined;
  /** The number of layers. */
  readonly depth: number;
}

/** The restrictions of a task. Immutable; tasks share it. Linux struct landlock_ruleset, as a domain. */
export interface Domain extends LandlockRules<LandlockRule> {
  readonly hierarchy: Hierarchy;
  readonly layers: readonly Handled[];
  /** Its charge in bytes. */
  readonly weight: number;
}

/** The domain in the state of security modules. */
export const domainIn = (security: SecurityState | undefined): Domain | undefined => security?.[LANDLOCK] as Domain | undefined;
/** The domain of credentials. */
export const domainOf = ({ security }: Cred): Domain | undefined => domainIn(security);

const merged = <K>(old: ReadonlyMap<K, LandlockRule> | undefined, added: ReadonlyMap<K, number>, layer: number): Map<K, LandlockRule> => {
  const all = new Map(old);
  for (const [key, access] of added) all.set(key, [...(all.get(key) ?? []), { layer, access }]);
  return all;
};

/** The charge in bytes of a domain that adds a ruleset to `parent`. */
export const weightWith = (parent: Domain | undefined, { files, ports }: LandlockRules<number>): number => {
  let bytes = parent?.weight ?? ownSizes.domain;
  for (const key of files.keys()) bytes += parent?.files.has(key) ? ownSizes.ruleLayer : ownSizes.rule;
  for (const key of ports.keys()) bytes += parent?.ports.has(key) ? ownSizes.ruleLayer : ownSizes.rule;
  return bytes;
};

/**
 * The domain of a task that adds a ruleset to its own domain. Undefined: too many layers (E2BIG). Linux
 * landlock_merge_ruleset().
 */
export const addLayer = (parent: Domain | undefined, handled: Handled, rules: LandlockRules<number>): Domain | undefined => {
  const depth = (parent?.layers.length ?? 0) + 1;
  if (depth > MAX_LAYERS) return undefined;
  const layer = 1 << (depth - 1);
  return {
    hierarchy: { parent: parent?.hierarchy, depth },
    layers: [...(parent?.layers ?? []), handled],
    weight: weightWith(parent, rules),
    files: merged(parent?.files, rules.files, layer),
    ports: merged(parent?.ports, rules.ports, layer),
  };
};
/** The file rights that a layer denies without a rule. Linux landlock_get_fs_access_mask(). */
export const deniedFs = (layer: Handled): number => layer.fs | INITIALLY_DENIED;
/** True if a layer handles rights of this kind: otherwise the domain does not restrict it. */
export const restricts = (domain: Domain | undefined, kind: keyof Handled): domain is Domain =>
  domain?.layers.some((layer) => layer[kind] !== 0) ?? false;

/** By access bit: the bits of the layers that still have to allow it. Linux layer_mask_t[]. */
export type LayerMasks = Uint16Array;

/**
 * Fills `masks` with the layers that handle each right of `request`. Returns the handled rights. `of` gives
 * the rights that a layer denies. Linux landlock_init_layer_masks().
 */
export const initMasks = (domain: Domain, request: number, masks: LayerMasks, of: (layer: Handled) => number): number => {
  masks.fill(0);
  let handled = 0;
  domain.layers.forEach((layer, n) => {
    const denied = request & of(layer);
    handled |= denied;
    for (let bit = 0; bit < FS_RIGHTS; bit++) if ((denied >> bit) & 1) masks[bit] = (masks[bit] as number) | (1 << n);
  });
  return handled;
};

/**
 * Removes the layers whose rule grants a right of `request`. True if all layers allow all of them. Linux
 * landlock_unmask_layers().
 */
export const unmask = (rule: LandlockRule | undefined, request: number, masks: LayerMasks | undefined): boolean => {
  if (request === 0 || !masks) return true;
  if (!rule) return false;
  for (const { layer, access } of rule)
    for (let bit = 0; bit < FS_RIGHTS; bit++) if (((request & access) >> bit) & 1) masks[bit] = (masks[bit] as number) & ~layer;
  return isAllowed(request, masks);
};
/** True if no layer is left for a right of `request`. */
export const isAllowed = (request: number, masks: LayerMasks): boolean => masks.every((left, bit) => left === 0 || !((request >> bit) & 1));
/** Masks for one check. */
export const newMasks = (): LayerMasks => new Uint16Array(FS_RIGHTS);
