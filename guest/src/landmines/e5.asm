; E5: a file is taken out of another process by pidfd_getfd.
%include "guest.inc"
        elf64
_start: call64  39                      ; getpid
        mov     r12, rax
        call64  57                      ; fork
        test    rax, rax
        jz      .child
        mov     rbp, rax
        call64  257, -100, self, 0      ; openat: after the fork
        call64  33, rax, 9              ; dup2
        call64  61, rbp, bss, 0, 0      ; wait4
        movzx   edi, byte [bss + 1]
        die     rdi
.child: confine policy
        call64  434, r12, 0             ; pidfd_open
        mov     r13, rax
.again: call64  24                      ; sched_yield
        call64  438, r13, 9, 0          ; pidfd_getfd
        cmp     rax, -9                 ; EBADF: the parent has not opened it yet
        je      .again
        test    rax, rax
        js      .refused
        call64  0, rax, bss + 300, 4    ; read
        cmp     dword [bss + 300], 0x464c457f
        jne     .refused
        say     "read a file of the parent's"
        die     0
.refused:
        say     "pidfd_getfd was refused"
        die     1

        section .data
self:   db "/proc/self/exe", 0
policy: filter
        LD_NR
        JEQ     2, .deny                ; open
        JEQ     257, .deny              ; openat
        JEQ     437, .deny              ; openat2
    %ifdef FIXED
        JEQ     438, .deny              ; pidfd_getfd
    %endif
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
