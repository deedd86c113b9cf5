// Events and permissions of files, mounts and file systems. man 7 fanotify. Its objects are in
// src/kernel/fs/fanotify.
import { fanotifyCalls } from "../../calls/file/fanotify.ts";
import type { Feature } from "../feature.ts";

/** The feature. */
export const fanotify: Feature = { name: "fanotify", calls: () => fanotifyCalls };
