# about: zsh: globs, arrays, modules, process substitution
# equal: amd64 i386
# packages: zsh
touch b.txt a.txt c.md; cat >s.zsh <<'END'
print -l *.txt(on); a=(1 2 3); print $#a $a[-1]; print ${(j:,:)a}; zmodload zsh/datetime zsh/stat zsh/system zsh/mathfunc; zstat -H s a.txt; print $s[size]
cat <(print x) =(print y); setopt extendedglob; print -l (#i)A*; typeset -A m; m[k]=v; print $m[k]; autoload -U zmv; zmv -n "(*).txt" '$1.bak'; print $(( sqrt(2) ))
print $ZSH_VERSION; TRAPUSR1() { print usr1 }; kill -USR1 $$; zmodload zsh/zselect zsh/net/socket; zselect -t 5 || print timeout; print ${(s:,:)${:-a,b}} ${(L)${:-ABC}} ${(%):-%?}; strftime %F 0; print -P '%n'; sleep 0.1 & wait; coproc cat; print -p co; read -p r; print $r; sysread -t 0 -i 0 </dev/null; print $?
END
zsh -f s.zsh
