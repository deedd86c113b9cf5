; What shells and tools do besides a start (libc-start): processes, pipes, signals, directories, descriptors. It says nothing. The build runs
; it, so that modules and functions that are used together are in one script of the command line (tools/bundle.mjs).
%include "elf.inc"
%include "calls.inc"
        elf64
_start: cmp     dword [rsp], 1                  ; argc: the program that this one executes ends at once
        ja      .done
        call64  57                              ; fork
        test    eax, eax
        jz      .done
        call64  61, -1, bss + 0x100, 0, 0       ; wait4
        call64  57
        test    eax, eax
        jz      .child
        call64  61, -1, bss + 0x100, 0, 0
        call64  293, bss + 0x100, 0x80000       ; pipe2(O_CLOEXEC)
        call64  1, [bss + 0x104], self, 8       ; write
        mov     eax, [bss + 0x100]
        mov     [bss + 0x120], eax
        mov     word [bss + 0x124], 1
        call64  7, bss + 0x120, 1, 0            ; poll
        call64  0, [bss + 0x100], bss + 0x200, 8
        call64  33, [bss + 0x100], 9            ; dup2
        call64  72, 9, 2, 1                     ; fcntl(F_SETFD)
        call64  3, 9
        call64  13, 10, action, 0, 8            ; rt_sigaction(SIGUSR1)
        call64  39                              ; getpid
        call64  62, rax, 10                     ; kill
        call64  257, -100, root, 0x10000        ; openat(O_DIRECTORY)
        call64  217, rax, bss + 0x200, 0x200    ; getdents64
        call64  79, bss + 0x200, 0x200          ; getcwd
        call64  80, root                        ; chdir
        call64  21, root, 4                     ; access
        call64  262, -100, root, bss + 0x200, 0 ; newfstatat
        call64  228, 1, bss + 0x200             ; clock_gettime
        call64  110                             ; getppid
        call64  16, 1, 0x5401, bss + 0x200      ; ioctl(TCGETS)
.done:  die     0
.child: call64  59, self, arguments, environment ; execve
        die     1
handler: ret
restore: mov    eax, 15                         ; rt_sigreturn
        syscall
        section .data align=8
action: dq      handler, 0x04000000, restore, 0 ; SA_RESTORER
arguments: dq   self, self
environment: dq 0
self:   db      "/proc/self/exe", 0
root:   db      "/", 0
        end_elf
