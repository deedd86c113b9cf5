# about: Lua from Debian's source: make, the interpreter runs its own compiler's output
# equal: amd64
# packages: gcc libc6-dev make dpkg-dev
# sources: lua5.4
# seconds: 900
# memory: 2G
cp -r /usr/src/lua5.4 l; cd l/src; echo "#define DEB_HOST_MULTIARCH \"$(gcc -print-multiarch)\"" >lua5.4-deb-multiarch.h; cat >own.mk <<'END'
objects := $(patsubst %.c,%.o,$(filter-out lua.c luac.c,$(wildcard *.c)))
all: lua luac
lua luac: %: %.o $(objects)
	gcc -o $@ $^ -lm
END
make -j 2 -f own.mk CC=gcc CFLAGS='-O1 -DLUA_USE_POSIX' >log 2>&1 || tail -n 5 log; cat >t.lua <<'END'
local function check(x) assert(x) io.write(".") end
check(string.rep("a", 3) == "aaa") check(#table.pack(1, 2) == 2) check(math.type(1) == "integer") check(utf8.char(228) == "\xc3\xa4") check(select(2, pcall(error, "x", 0)) == "x") local t = setmetatable({}, { __gc = function() io.write("gc") end }) t = nil collectgarbage() check(os.rename("nothing", "x") == nil) check(load("return 1 + 1")() == 2) check(string.pack("<i4", 7):byte() == 7) local c <close> = setmetatable({}, { __close = function() print("closed") end }) for i = 1, 3 do check(coroutine.wrap(function() coroutine.yield(i) end)() == i) end print(_VERSION)
END
./lua t.lua; ./luac -o t.out t.lua; ./lua t.out; ./luac -l t.out | grep -c CALL
