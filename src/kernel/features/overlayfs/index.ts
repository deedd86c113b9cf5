// A directory tree over others. Linux Documentation/filesystems/overlayfs.rst. Its objects are in
// src/kernel/fs/overlay.
import type { Feature } from "../feature.ts";
import { overlayType } from "./mount.ts";

/** The feature. */
export const overlayfs: Feature = { name: "overlayfs", fileSystems: { overlay: () => overlayType } };
