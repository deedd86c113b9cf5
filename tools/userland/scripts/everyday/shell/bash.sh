# about: bash: arrays, substitutions, traps, coprocesses, job control, here-documents, process substitution
# equal: amd64 i386
# packages: bash
# sample: i386
cat >s.bash <<'END'
declare -A m=([a]=1 [b]=2); for k in "${!m[@]}"; do echo "$k ${m[$k]}"; done | sort
a=({1..5}); echo "${a[@]:1:3} ${#a[@]}"; x=hello; echo "${x^^} ${x/l/L} ${x:1:3} ${x#he}"; cat <(seq 3) <(seq 2); echo A
trap 'echo exit $?' EXIT; trap 'echo usr1' USR1; kill -USR1 $$
coproc C { while read l; do echo "got $l"; done; }; echo hi >&"${C[1]}"; read r <&"${C[0]}"; echo "$r"; eval "exec ${C[1]}>&-"
exec 5<>f; echo five >&5; exec 5>&-; cat f; while read -r -t 1 l; do echo "[$l]"; done <<<"one two"; set -o pipefail; false | true || echo pipefail; printf -v y %03d 7; echo $y
f() { local z=$1; ((z <= 1)) && echo 1 || echo $((z * $(f $((z - 1))))); }; f 5; mapfile -t lines < <(seq 4); echo "${lines[*]}"; [[ abc =~ a(.)c ]] && echo "${BASH_REMATCH[1]}"
sleep 0.05 & wait -n; echo "waited $?"; (exit 3) & wait $!; echo "status $?"; set -m; sleep 0.1 & jobs; wait; echo tee > >(cat); wait $!; { time true; } 2>/dev/null; echo "$((0x1f + 2**10))"
shopt -s extglob globstar
mkdir -p g/h; touch g/h/a.c g/b.h; echo **/*.@(c|h); echo {a..e..2} "${x@Q}" "${a[@]/#/n}"; read -d '' -n 3 z <<<"abcdef"; echo "$z"; compgen -A signal | wc -l; printf '%(%F)T\n' 0; select q in p; do echo "$q"; break; done <<<1 2>&1; exit 4
END
bash s.bash || echo status $?; bash -c 'echo $BASH_VERSION'; bash -O extglob -n s.bash; bash -r -c 'cd /' || echo restricted; echo 'echo $0 $-' | bash -s x; bash --posix -c 'echo posix; exec nosuch' || echo $?
