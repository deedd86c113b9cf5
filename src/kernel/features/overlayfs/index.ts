// A directory tree over others. Linux Documentation/filesystems/overlayfs.rst.
import type { Feature } from "../../core/feature.ts";
import { overlayType } from "./mount.ts";

/** The feature. */
export const overlayfs: Feature = { name: "overlayfs", config: "OVERLAY_FS", fileSystems: { overlay: () => overlayType } };
