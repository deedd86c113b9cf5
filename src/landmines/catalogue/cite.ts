// Documents that several rows cite.

/** The section on mistakes in filters. */
export const filterPitfalls = "Linux Documentation/userspace-api/seccomp_filter.rst, Pitfalls";
/** The manual page of seccomp(2). */
export const manSeccomp = "man 2 seccomp";
