#!/bin/bash
# gdb's testsuite calls this as gdbserver: its options and addresses in the words of trapgate debug.
options=()
while [ $# -gt 0 ]; do
  case "$1" in
    --once | --multi) options+=("$1"); shift ;;
    --wrapper)
      shift
      # "env NAME=VALUE --" is an option here.
      while [ "$1" != -- ]; do
        case "$1" in *=*) options+=(--env "$1") ;; esac
        shift
      done
      shift
      ;;
    --*) shift ;;
    *) break ;;
  esac
done
address=$1
shift
case "$address" in stdio) address=- ;; esac
# gdbserver runs a file of the current folder.
if [ $# -gt 0 ]; then
  program=$1
  shift
  case "$program" in
    */*) ;;
    *) if [ -x "$program" ]; then program=$PWD/$program; fi ;;
  esac
  set -- "$program" "$@"
fi
exec @NODE@ @TRAPGATE@ debug "${options[@]}" @MODE@ --listen "$address" --root / --cpu x86-64-v3,+rdrand,+rdseed,+rdtscp -- "$@" \
  2> >(sed -u -e 's/^trapgate: gdb: target remote .*:/Listening on port /' -e 's/.*getaddrinfo.*/gdbserver: cannot resolve name: &/' \
    -e "s/.*EADDRINUSE.*/Can't bind address: Address already in use./" >&2)
