// The shell's root directory, which the build puts beside the page: its address, and the origin of its
// busybox.
import { signal } from "@preact/signals";
import { z } from "zod";

const about = z.union([
  z.object({ busybox: z.string().max(200), source: z.url({ protocol: /^https$/ }) }),
  z.object({ missing: z.string().max(500) }),
]);
export type ShellAbout = z.infer<typeof about>;

const beside = (name: string): string => new URL(`shell/${name}`, document.baseURI).href;
export const shellRoot = (): string => beside("root.tar.gz");
export const shellCopyright = (): string => beside("COPYRIGHT.busybox");

/** Undefined: not asked yet. */
export const shellAbout = signal<ShellAbout | undefined>(undefined);
const ABSENT =
  "This copy of the lab has no shell: busybox is under another licence and is not packed with it. Build the lab from its repository: npm run setup, npm run lab.";

export const loadShell = async (): Promise<ShellAbout> => {
  const read = async (): Promise<ShellAbout> => {
    const answer = await fetch(beside("about.json"));
    return answer.ok ? about.parse(await answer.json()) : { missing: ABSENT };
  };
  const found = shellAbout.peek() ?? (await read().catch(() => ({ missing: ABSENT })));
  shellAbout.value = found;
  return found;
};
