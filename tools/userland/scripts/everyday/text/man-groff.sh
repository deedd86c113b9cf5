# about: man, groff, nroff, tbl, eqn, lexgrog
# equal: amd64 i386
# packages: man-db groff groff-base
# seconds: 120
cat >p.1 <<'END'
.TH P 1 "2024-01-01"
.SH NAME
p \- a program
.SH SYNOPSIS
.B p
[\fIfile\fR]
.SH DESCRIPTION
Some words that are long enough to be broken into more than one line of the page by the formatter.
.TS
l l.
a	b
c	d
.TE
END
MANWIDTH=60 man -P cat ./p.1; groff -t -man -Tascii p.1 | wc -l; printf '.EQ\nx sup 2 over y\n.EN\n' | groff -e -Tascii | head -n 6; groff -Tps -man p.1 | grep -c showpage
printf '.ce\nhi\n' | nroff | head -n 1; lexgrog p.1; manpath; man -w nothing || echo status $?
