# about: cmake, ninja, meson, pkg-config, autoconf-free builds of a library and a program
# equal: amd64 i386
# packages: cmake ninja-build meson pkgconf gcc libc6-dev
# seconds: 600
# memory: 2G
mkdir s; cd s; echo 'int f(void) { return 7; }' >f.c; printf '#include <stdio.h>\nint f(void);\nint main(void) { printf("%%d\\n", f()); return 0; }\n' >m.c; printf 'cmake_minimum_required(VERSION 3.10)\nproject(p C)\nadd_library(f SHARED f.c)\nadd_executable(m m.c)\ntarget_link_libraries(m f)\nenable_testing()\nadd_test(t m)\n' >CMakeLists.txt; printf "project('p', 'c')\nf = shared_library('f', 'f.c')\nm = executable('m', 'm.c', link_with: f)\ntest('t', m)\n" >meson.build
cmake -S . -B b -G Ninja 2>&1 | grep -E 'compiler identification|Build files' | sed 's/-- Build.*/built files/'; ninja -C b | tail -n 1; b/m; (cd b; ctest 2>&1 | grep 'tests passed'); meson setup c 2>&1 | grep -E 'C compiler|Build targets'; ninja -C c | tail -n 1 | cut -c1-6; c/m; meson test -C c 2>&1 | grep -E '^Ok:'; ninja -C b -t clean | tail -n 1; pkg-config --version
