#!/bin/sh
# Builds the vDSO images and prints vdso-images.ts. Needs gcc with -m32 (Debian: gcc-multilib).
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags="-O2 -fPIC -fvisibility=default -ffreestanding -fno-builtin -fno-stack-protector -fasynchronous-unwind-tables -fcf-protection=none -Wall -Wextra -Werror"
link="-shared -nostdlib -Wl,-T,vdso.lds -Wl,--hash-style=both -Wl,--build-id=none -Wl,-s -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,-Bsymbolic -Wl,--eh-frame-hdr"

gcc -m64 $flags $link -mno-sse -Wl,--version-script=vdso64.map -Wl,-soname=linux-vdso.so.1 vdso.c note.S -o "$out/64"
gcc -m32 $flags $link -march=i686 -mregparm=0 -Wl,--version-script=vdso32.map -Wl,-soname=linux-gate.so.1 entry32.S vdso.c note.S -lgcc -o "$out/32"

image() {
	printf '\n/** The vDSO of %s-bit programs. */\nexport const vdso%s =\n' "$2" "$2"
	base64 -w 144 "$1" | sed 's/.*/  "&" +/; $s/ +$/;/'
}
echo "// Made by vdso/build.sh from vdso/vdso.c and vdso/entry32.S. Base64 of two ELF shared objects."
image "$out/64" 64
image "$out/32" 32
