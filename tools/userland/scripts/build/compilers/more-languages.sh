# about: gfortran, nasm, tcc: programs built and run
# equal: amd64 i386
# packages: gfortran nasm tcc gcc libc6-dev binutils
# seconds: 300
# memory: 2G
cat >a.f90 <<'END'
program p
  implicit none
  real(8) :: a(3, 3), b(3)
  integer :: i, j
  a = reshape([(real(i, 8), i = 1, 9)], [3, 3]); b = matmul(a, [1d0, 2d0, 3d0]); print '(3F8.2)', b; print *, sum(a), maxloc(a); j = 0
  !$omp parallel do reduction(+:j)
  do i = 1, 100; j = j + i; end do
  print *, j; open (10, file = 'o'); write (10, *) 'line'; close (10); stop 3
end program
END
gfortran -fopenmp -O2 -o f a.f90; ./f 2>/dev/null || echo status $?; cat o; printf 'int printf(const char *, ...); int main(void) { printf("tcc %%d\\n", 42); return 2; }' >t.c; tcc -run t.c || echo status $?; tcc -o t t.c; ./t || echo status $?
printf 'global _start\nsection .data\nm: db "nasm", 10\nsection .text\n_start:\n mov eax, 4\n mov ebx, 1\n mov ecx, m\n mov edx, 5\n int 0x80\n mov eax, 1\n mov ebx, 7\n int 0x80\n' >n.asm; nasm -f elf32 n.asm; ld -m elf_i386 -o n n.o; ./n || echo status $?; ndisasm -b 32 -e 64 n.o | head -n 1 | cut -c1-20
