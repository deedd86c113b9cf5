// Documents that many rows cite.
export const filterPitfalls = "Linux Documentation/userspace-api/seccomp_filter.rst, Pitfalls";
export const manSeccomp = "man 2 seccomp";
