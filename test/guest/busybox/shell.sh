# Loops, pipes, subshells, here-documents, traps, arithmetic, functions, case, getopts.
i=0
while [ $i -lt 5 ]; do echo "while $i"; i=$((i + 1)); done
for word in alpha beta "two words"; do echo "for $word"; done
until [ $i -eq 0 ]; do i=$((i - 1)); done; echo "until $i"
seq 1 20 | while read -r n; do [ $((n % 3)) -eq 0 ] && echo "$n"; done | tr '\n' ' '; echo
echo "subshell $(x=inner; echo $x) ${x:-outer}"
(cd /; pwd); pwd | sed "s,$PWD,here,"
cat <<HERE
here: $((6 * 7)) $(echo command)
HERE
cat <<'HERE'
quoted: $((6 * 7))
HERE
trap 'echo "trapped USR1"' USR1
kill -USR1 $$
trap 'echo "bye"' EXIT
add() { local a=$1 b=$2; echo $((a + b)); }
echo "function $(add 40 2)"
case "file.tar.gz" in *.zip) echo zip;; *.tar.gz) echo tarball;; esac
set -- -a -b value rest
while getopts ab: option; do echo "option $option $OPTARG"; done
echo "${PATH:+path is set}" "${#word}" "${word#two }" "${word%words}"
printf '%05d|%-8s|%x|%o\n' 42 left 255 8
false || echo "status $?"
! true; echo "not $?"
exec 3>out.txt; echo "to three" >&3; exec 3>&-; cat out.txt
{ echo a; echo b >&2; } 2>/dev/null
yes | head -n 3
dd if=/dev/zero bs=1024 count=4 2>/dev/null | wc -c
test -f out.txt && test ! -d out.txt && test -d . && echo files
echo "one two three" | { read -r a b; echo "$b $a"; }
expr 7 \* 6; basename /usr/lib/x.so .so; dirname /usr/lib/x.so
sh -c 'exit 7'; echo "exit $?"
sh -c 'kill -TERM $$'; echo "term $?"
