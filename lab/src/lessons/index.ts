// All lessons, in their order.
import { doorLessons } from "./doors.ts";
import type { Lesson } from "./lesson.ts";
import { policyLessons } from "./policies.ts";

export type { Lesson } from "./lesson.ts";
export const lessons: readonly Lesson[] = [...doorLessons, ...policyLessons];
