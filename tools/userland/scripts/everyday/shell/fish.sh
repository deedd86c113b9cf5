# about: fish: functions, lists, string, math, command substitution, jobs
# equal: amd64 i386
# packages: fish
cat >s.fish <<'END'
set l a b c; echo $l[2] (count $l); function f; echo "f $argv"; end; f 1 2; string upper abc; string replace -r "(a)(b)" '$2$1' abc; math "2^10 / 3"
for i in (seq 3); echo -n $i; end; echo; if test -d /; echo dir; end; echo $version; cat (echo hi | psub); false; echo $status; random 1 1 1; sleep 0.1 & wait; path basename /a/b
function g --on-event ev; echo event $argv; end; emit ev 1; string split , a,b | string join -; echo {a,b}c; set -q nothing; echo $status; begin; echo one; echo two; end | cat; printf '%s\n' (status is-interactive; echo $status)
END
fish --no-config s.fish 2>&1
