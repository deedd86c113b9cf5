# about: swig-free generators: gperf, re2c, ragel, protobuf, cargo, ccache
# equal: amd64 i386
# packages: gperf re2c protobuf-compiler python3-protobuf ccache gcc libc6-dev python3
# seconds: 300
printf 'one\ntwo\nthree\n' | gperf -L ANSI-C | grep -c wordlist; printf '/*!re2c re2c:yyfill:enable=0; re2c:define:YYCTYPE=char; [0-9]+ { return 1; } * { return 0; } */' >r.re; re2c -i r.re 2>/dev/null | grep -c case; printf 'syntax = "proto3"; message M { int32 a = 1; repeated string b = 2; map<string, double> c = 3; }' >m.proto; protoc --python_out=. m.proto; python3 -c 'import m_pb2; m = m_pb2.M(a=5, b=["x", "y"]); m.c["k"] = 1.5; s = m.SerializeToString(); print(s.hex(), m_pb2.M.FromString(s) == m)'; protoc --decode_raw <<'END' | head -n 1 || :

END
export CCACHE_DIR=/w/cc; echo 'int f(void) { return 1; }' >c.c; ccache gcc -c c.c; ccache gcc -c c.c; ccache -s | grep -c Hits
