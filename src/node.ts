// The package "trapgate/node": what Node.js adds to the library: its folders as file systems of guests.
export { hostTree } from "./host/host-tree.ts";
export type { HostTree, HostTreeOptions } from "./kernel/fs/types/host-tree.ts";
