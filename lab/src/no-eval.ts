// zod compiles schemas with `new Function` where that is allowed. The page's policy forbids it, and even an
// attempt is reported as a violation. This module switches it off and is imported before any schema is made.
import { z } from "zod";

z.config({ jitless: true });
