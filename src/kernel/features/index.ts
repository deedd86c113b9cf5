// The registry: all optional features. A line less is a kernel without the feature
// (test/kernel/features.test.ts).

import type { Feature } from "../core/feature.ts";
import { aio } from "./aio/index.ts";
import { ext2Feature } from "./ext2/index.ts";
import { fanotify } from "./fanotify/index.ts";
import { ioUring } from "./io-uring/index.ts";
import { keyrings } from "./keyrings/index.ts";
import { landlock } from "./landlock/index.ts";
import { mqueue } from "./mqueue/index.ts";
import { netlink } from "./netlink/index.ts";
import { overlayfs } from "./overlayfs/index.ts";
import { rawSockets } from "./raw-sockets/index.ts";
import { systemVIpc } from "./system-v-ipc/index.ts";
import { userfaultfd } from "./userfaultfd/index.ts";

/** The features of a kernel, unless its owner gives others. */
export const features: readonly Feature[] = [
  aio,
  ext2Feature,
  fanotify,
  ioUring,
  keyrings,
  landlock,
  mqueue,
  netlink,
  overlayfs,
  rawSockets,
  systemVIpc,
  userfaultfd,
];
