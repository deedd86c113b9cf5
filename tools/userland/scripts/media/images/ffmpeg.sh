# about: ffmpeg: a test picture encoded, filtered, probed, decoded; sound
# equal: amd64 i386
# packages: ffmpeg
# seconds: 400
# memory: 2G
ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=5:duration=1 -threads 2 -c:v mpeg4 -y a.avi; ffprobe -v error -show_entries stream=codec_name,width,height,nb_frames -of csv a.avi; ffmpeg -v error -i a.avi -vf 'scale=32:24,hflip' -f framemd5 - | tail -n 2; ffmpeg -v error -f lavfi -i sine=440:duration=0.5 -ac 2 -y s.wav; ffprobe -v error -show_entries stream=codec_name,sample_rate,channels -of csv s.wav; ffmpeg -v error -i s.wav -af volume=0.5 -f md5 -; ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=5:duration=1 -c:v libx264 -preset ultrafast -threads 1 -y b.mp4; ffprobe -v error -show_entries stream=codec_name,nb_frames -of csv b.mp4; ffmpeg -v error -i nothing x.avi 2>&1 | tail -n 1 || :; ffmpeg -v error -f lavfi -i testsrc=size=64x48 -frames:v 1 -y f.png; ls f.png
