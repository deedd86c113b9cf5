# about: ghostscript and poppler: PostScript to PDF to text and picture; graphviz
# equal: amd64 i386
# packages: ghostscript poppler-utils graphviz fonts-dejavu-core
# seconds: 300
# memory: 2G
cat >a.ps <<'END'
%!PS
/Helvetica findfont 24 scalefont setfont 72 700 moveto (Hello page) show 100 100 200 50 rectfill showpage
END
gs -q -dBATCH -dNOPAUSE -dSAFER -sDEVICE=pdfwrite -o a.pdf a.ps; pdftotext a.pdf - | head -n 1; pdfinfo a.pdf | grep -E 'Pages|Page size'; pdftoppm -r 20 -gray a.pdf p; head -c 15 p-1.pgm | head -n 2; gs -q -dBATCH -dNOPAUSE -sDEVICE=bbox a.ps 2>&1 | head -n 1; gs -q -dNODISPLAY -dBATCH -c '2 100 exp = 3 4 add == quit'; echo 'digraph { a -> b; b -> c; a -> c }' | dot -Tplain | head -n 3; gs -q -dBATCH -dNOPAUSE -sDEVICE=ppmraw -r10 -o o.ppm a.ps; md5sum o.ppm
