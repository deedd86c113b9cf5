# about: dash: pipelines, traps, functions, getopts, case, arithmetic, here-documents
# equal: amd64 i386
# packages: dash
# sample: amd64 i386
f() { while getopts ab: o; do case $o in a) echo a;; b) echo "b $OPTARG";; *) echo bad;; esac; done; }; f -a -b x -c 2>&1
trap 'echo term' TERM; kill -TERM $$; (trap 'echo bye' EXIT; exit 3) || echo $?; i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); done; echo $i
seq 5 | while read n; do printf '%s ' $n; done; echo; set -- a 'b c' d; for x; do echo "$x"; done; echo "$#"; shift 2; echo "$*"; eval 'y=3'; echo $((y << 4)); echo ${z:-unset} ${#y}
{ echo out; echo err >&2; } 2>&1 | sort; exec 3>f; echo three >&3; exec 3>&-; cat f; command -v sh; type cd; ulimit -c; cd /; pwd; cd -; times | wc -l; nosuch || echo $?
(sleep 0.1; exit 7) & wait $! || echo "status $?"; cat <<END | tr a-z A-Z
here $((1 + 2)) $(echo sub)
END
p=/usr/lib/x.tar.gz; echo ${p##*/} ${p%%.*} ${p%.gz}; sh -c 'kill -9 $$' || echo $?; echo "$PPID" | grep -c .; umask; set -C; echo x >once; (echo y >once) 2>&1 || echo no clobber; alias q='echo aliased'; eval q; hash sh; read a b <<END
one two three
END
echo "$b"; trap 'echo end' EXIT; exit 0
