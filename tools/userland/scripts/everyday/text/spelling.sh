# about: hunspell, aspell, dos2unix, uni2ascii, wdiff, colordiff
# equal: amd64 i386
# packages: aspell aspell-en dos2unix wdiff colordiff hunspell hunspell-en-us
printf 'helo wrld this is right\n' >t; aspell -l en list <t | sort; hunspell -d en_US -l t; echo teh | aspell -a -l en | sed -n 2p | cut -c1-20; unix2dos -q t; od -c t | tail -n 2; dos2unix -q t; wc -c t; printf 'a b c\n' >x; printf 'a d c\n' >y; wdiff x y || echo status $?; colordiff x y | head -n 2; echo right | hunspell -d en_US -a | tail -n 2 | head -n 1
