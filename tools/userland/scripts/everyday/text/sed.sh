# about: sed: scripts, hold space, in place, extended expressions, commands
# equal: amd64 i386
# packages: sed
# sample: i386
for i in $(seq 300); do echo "$i word$((i % 17)) Line number $((i * 7 % 101))"; done >t
sed -n '5,7p;$p' t; sed -E 's/(word)([0-9]+)/\2\1/; 3q' t; seq 5 | sed -n '1!G;h;$p'; seq 6 | sed 'N;s/\n/-/'; sed -i.bak '10,$d' t; wc -l t t.bak; echo abc | sed 'y/abc/xyz/;s/./&&/2'
seq 3 | sed -e '2{s/2/two/;w out' -e '}'; cat out; seq 4 | sed '/2/,/3/!d'; printf 'a\nb\n' | sed 'a\after'; echo x | sed -e ':l;s/^.\{1,5\}$/x&/;tl'; seq 2 | sed --debug -n p | head -n 3
echo a | sed 's/a/b' || echo status $?; seq 3 | sed -s -u 1d; echo hi | sed 's/.*/echo &/e'; seq 5 | sed '2,4c\changed'; seq 10 | sed -n '2~3p'; echo Hello | sed 's/\(.\)\(.*\)/\U\2\E\1/'; seq 3 | sed '2r out'; seq 3 | sed = | sed 'N;s/\n/ /'; sed --version | head -n 1
