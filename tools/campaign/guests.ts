// The guests that campaigns run, by their files.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const guestFolder = fileURLToPath(new URL("../../guest/bin/", import.meta.url));
export const guestFile = (name: string): Uint8Array => new Uint8Array(readFileSync(join(guestFolder, name)));
export const helloGuest = (): Uint8Array => guestFile("hello-syscall");
/** Names of all guests, small ones first come first served. */
export const guestNames = (): readonly string[] =>
  readdirSync(guestFolder)
    .filter((name) => statSync(join(guestFolder, name)).size < 65536)
    .sort();
