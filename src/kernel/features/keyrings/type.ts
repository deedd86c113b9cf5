// Key types: the payloads that they take, and their operations. man 7 keyrings, "Key types"; Linux
// security/keys/user_defined.c, big_key.c, request_key_auth.c.
import { E } from "../../../abi/errno.ts";

/** A key type. Sizes are in bytes. */
export interface KeyType {
  readonly name: string;
  /** The quota in bytes for a payload of `length` bytes, or -errno. */
  quota(length: number): number;
  readonly updates: boolean;
  readonly reads: boolean;
  /** 0, or -errno for a description that the type refuses. */
  vet?(description: string): number;
}

const USER_MAX = 32767;
const BIG_MAX = 1 << 20;
/** The bytes that a big key of any length counts for. */
const BIG_QUOTA = 16;
const ordinary = (length: number): number => (length === 0 || length > USER_MAX ? -E.EINVAL : length);

/** The types by their names. */
export const keyTypes = {
  keyring: { name: "keyring", quota: (length) => (length === 0 ? 0 : -E.EINVAL), updates: false, reads: true },
  user: { name: "user", quota: ordinary, updates: true, reads: true },
  logon: {
    name: "logon",
    quota: ordinary,
    updates: true,
    reads: false,
    vet: (description) => (description.indexOf(":") > 0 ? 0 : -E.EINVAL),
  },
  big_key: {
    name: "big_key",
    quota: (length) => (length === 0 || length > BIG_MAX ? -E.EINVAL : BIG_QUOTA),
    updates: true,
    reads: true,
  },
  ".request_key_auth": { name: ".request_key_auth", quota: () => 0, updates: false, reads: true },
} as const satisfies Readonly<Record<string, KeyType>>;

/** The type with this name. */
export const keyTypeOf = (name: string): KeyType | undefined =>
  Object.hasOwn(keyTypes, name) ? keyTypes[name as keyof typeof keyTypes] : undefined;
/** The name under which a keyring has a key: at most one of a type and description. */
export const indexOf = (type: KeyType, description: string): string => `${type.name}\0${description}`;
