# about: locale, localedef, iconv, gettext, getent, ldd, dates in other languages
# equal: amd64 i386
# packages: locales libc-bin gettext-base
# seconds: 120
locale; localedef -i de_DE -f UTF-8 ./de_DE.UTF-8; ls de_DE.UTF-8 | head -n 3; LOCPATH=$PWD LC_ALL=de_DE.UTF-8 date -u -d @0 +'%A %B'; LOCPATH=$PWD LC_ALL=de_DE.UTF-8 /usr/bin/printf "%'d\n" 1234567
printf 'ä€' | iconv -f UTF-8 -t UTF-16LE | od -An -tx1; printf 'ä' | iconv -t LATIN1 | od -An -tx1; printf '\244' | iconv -f EUC-JP 2>&1 || echo status $?; locale -a; echo 'hi $HOME' | envsubst; getconf PAGE_SIZE; getconf LONG_BIT; getconf -a | wc -l; locale charmap
getent passwd root; getent hosts 127.0.0.1 || :; getent services ssh || :; ldd /bin/ls | sed 's/ (0x.*//'; ldconfig -p | wc -l | grep -c .; zdump -v UTC | wc -l; iconv -l | wc -l
