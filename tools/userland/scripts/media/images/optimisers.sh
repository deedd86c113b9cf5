# about: netpbm, pngcrush-free tools: pnmscale, cjpeg, optipng, exiftool, webp, svg
# equal: amd64 i386
# packages: netpbm libjpeg-turbo-progs optipng libimage-exiftool-perl webp librsvg2-bin
# seconds: 300
pgmramp -lr 64 48 >a.pgm; pnmscale 0.5 a.pgm | pamfile; ppmmake red 16 16 | pnmtopng >r.png 2>/dev/null; pngtopnm r.png | md5sum; cjpeg -quality 75 a.pgm >a.jpg; djpeg a.jpg | pamfile; jpegtran -rotate 90 a.jpg >b.jpg; djpeg b.jpg | pamfile; optipng -quiet -o1 r.png; exiftool -s -ImageWidth -FileType -Artist a.jpg; exiftool -q -overwrite_original -Artist=me a.jpg; exiftool -s3 -Artist a.jpg; cwebp -quiet r.png -o r.webp; dwebp -quiet r.webp -ppm -o - | pamfile; echo '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10" fill="blue"/></svg>' >s.svg; rsvg-convert s.svg | pngtopnm | pamfile
