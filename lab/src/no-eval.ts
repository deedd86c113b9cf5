// zod compiles schemas with `new Function` where it may. The page's policy forbids it, and a try is already a violation. Imported before any schema is made.
import { z } from "zod";

z.config({ jitless: true });
