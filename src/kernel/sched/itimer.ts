// setitimer(2): being written.
export interface IntervalTimers { readonly real: unknown }
