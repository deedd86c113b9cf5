// State of features in namespaces. Without them a namespace has an owner and
// its own fields.
import type { Parted } from "./part.ts";

/** The state of a feature in a namespace. fs/vfs/inode.ts adds a member. */
export interface NamespaceState {
  /** Nothing leads to the namespace any more. */
  end(): void;
}
/** The end of a namespace is that of its parts. */
export const endParts = ({ parts }: Parted): void => {
  if (parts) for (const state of parts.values()) (state as NamespaceState).end();
};
