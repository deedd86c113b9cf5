#!/bin/sh
# gdb, once the server listens: a machine with much to do takes longer than the second that QEMU's script waits.
socket=
for word; do
  case $word in "target remote "*) socket=${word#target remote } ;; esac
done
tries=0
while [ -n "$socket" ] && [ ! -S "$socket" ] && [ $tries -lt 200 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
exec gdb "$@"
