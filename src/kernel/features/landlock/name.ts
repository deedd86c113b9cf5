// The name of the feature as a security module. LSM_ID_LANDLOCK is its number.

/** The key of Landlock's state in credentials and open files. */
export const LANDLOCK = "landlock";
