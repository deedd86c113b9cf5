// The guests as any user of the package would load them.
import { readFileSync } from "node:fs";

export const guest = (name: string): Uint8Array => readFileSync(new URL(`../../guest/bin/${name}`, import.meta.url));
