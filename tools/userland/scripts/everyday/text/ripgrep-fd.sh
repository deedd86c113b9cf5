# about: ripgrep, fd: threads over a tree, ignore files, types
# equal: amd64 i386
# packages: ripgrep fd-find
mkdir -p t/a t/b t/.git; for i in $(seq 60); do echo "line $i needle$((i % 9))" >t/a/f$i.txt; done; echo 'ignored needle1' >t/b/x.log; echo '*.log' >t/.gitignore; cd t; rg -c needle3 --sort path | head -n 4; rg -l needle1 -j 4 | wc -l; rg --no-ignore -l needle1 | wc -l; rg -N -o 'needle\d' a/f7.txt; rg -A1 'line 5 ' a --sort path --no-heading; rg -P '(?<=needle)8' -c a/f8.txt; rg nothing || echo status $?; rg --json needle0 a/f9.txt | head -c 30; echo
fdfind -e txt | wc -l; fdfind -t d . | sort; fdfind 'f1.$' -x echo {/.} | sort | head -n 3; fdfind -H -t f -E '*.txt' | sort; rg --type-list | wc -l; rg --files --sort path | head -n 2; rg -U 'needle\d\n' --count-matches a | wc -l
