// timer_create(2): being written.
export interface PosixTimers { readonly timers: unknown }
