#!/bin/bash
# rr's scripts call this as test-monitor SECONDS FILE COMMAND…
limit=$1
shift 2
exec timeout --kill-after=5 "$limit" "$@"
