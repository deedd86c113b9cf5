# about: sox, flac, vorbis, opus, lame: tones encoded and decoded
# equal: amd64 i386
# packages: sox flac vorbis-tools opus-tools lame
# seconds: 300
sox -R -n -r 8000 -c 1 -b 16 a.wav synth 0.5 sine 440 vol 0.5; soxi -D -r -c a.wav 2>/dev/null || soxi -D a.wav; sox -R a.wav -n stat 2>&1 | grep -E 'Samples read|Maximum amplitude'; flac -s a.wav -o a.flac; flac -s -d a.flac -o b.wav; cmp a.wav b.wav && echo lossless; metaflac --show-md5sum a.flac; oggenc -Q -s 1 a.wav -o a.ogg; ogginfo a.ogg | grep -c Vorbis; opusenc --quiet --serial 1 a.wav a.opus; opusdec --quiet a.opus - 2>/dev/null | wc -c | grep -c .; lame --quiet a.wav a.mp3; lame --quiet --decode a.mp3 c.wav; soxi -r c.wav; sox -R a.wav -r 16000 d.wav reverse; soxi -s d.wav
