// The package "trapgate/node": the library's parts for Node.js, such as folders of the host as guests' file
// systems, and networks.
export { type GuardedHeap, guardedHeap } from "./host/guarded-heap.ts";
export { hostCpu } from "./host/host-cpu.ts";
export { hostTree } from "./host/host-tree.ts";
export { type HostImage, hostImage, type ImageOptions } from "./host/image/host-image.ts";
export { hostNetwork } from "./host/network/open-network.ts";
export { hostOverlay } from "./host/overlay/overlay.ts";
export type { HostTree, HostTreeOptions } from "./kernel/fs/types/host-tree.ts";
export type { UpperNode, UpperRecord, UpperStore } from "./kernel/fs/types/upper-store.ts";
export type { HostAddress, HostLink, HostNetwork, NetworkEvent } from "./kernel/net/host-network.ts";
export type { HostNetworkOptions, PublishedPort } from "./kernel/net/outside/network-options.ts";
