# about: mksh and tcsh: loops, functions, jobs, substitutions
# equal: amd64 i386
# packages: mksh tcsh
mksh -c 'typeset -A m 2>/dev/null; set -A a x y z; print ${a[1]} ${#a[*]}; function f { typeset l=$1; print "f $l"; }; f 1; print -n hi | while read x; do print "$x"; done; print $((16#ff)); cat |& print -p co; read -p r; print $r; trap "print bye" EXIT; exit 3' || echo status $?
printf 'set l = (a b c)\necho $l[2] $#l\nforeach i (1 2)\necho $i\nend\nif (3 > 2) echo more\nalias q "echo aliased"\nq\n@ n = 2 * 21\necho $n\necho `echo sub`\nexit 4\n' >s.csh; tcsh -f s.csh || echo status $?
