# about: file: magic of programs, archives and text, under its own filter
# equal: amd64 i386
# packages: file
echo hi >t; printf '#!/bin/sh\n' >s; gzip -kn t; printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1' >p; file t s t.gz p; file -b --mime t p /bin/sh; file -L /bin/true | sed 's/BuildID.*, for/for/'; file -i /; file - <t; file nothing; printf 'PK\003\004' | file -; mkfifo f; file f /dev/null; file -z t.gz; tar cf x.tar t; file -b x.tar; file -k s
