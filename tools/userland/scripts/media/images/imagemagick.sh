# about: ImageMagick: drawing, formats, resizing, comparing, identify
# equal: amd64 i386
# packages: imagemagick
# seconds: 300
# memory: 2G
convert -size 60x40 gradient:red-blue -fill white -draw 'circle 30,20 30,30' a.png; identify -format '%m %w %h %[colorspace]\n' a.png; convert a.png -resize 50% -rotate 90 -blur 0x1 b.ppm; identify -format '%m %w %h\n' b.ppm; convert a.png rgb:- | md5sum; convert a.png -quality 80 c.jpg; convert c.jpg d.gif; identify -format '%m %n\n' d.gif; compare -metric AE a.png a.png null: 2>&1; echo; convert a.png -threshold 50% -format '%[fx:mean*100]\n' info: | cut -c1-4; convert -version | head -n 1 | cut -d' ' -f1-3; convert nothing.png x.png 2>&1 | head -n 1 | cut -c1-30
