; D6: fork and execve inherit the filter.
%include "guest.inc"
        elf64
_start: cmp     qword [rsp], 1
        ja      .executed
        confine policy
        call64  57                      ; fork
        test    rax, rax
        jz      .child
        call64  61, rax, bss, 0, 0      ; wait4
        mov     qword [bss], self
        mov     qword [bss + 8], self
        mov     qword [bss + 16], 0
        call64  59, self, bss, bss + 16 ; execve
        die     1
.child: call64  110
        say_result "getppid in the child"
        die     0
.executed:
        call64  110
        say_result "getppid after execve"
        die     0
        need_print_number

        section .data
self:   db      "/proc/self/exe", 0
        align   8
policy: filter
        LD_NR
        JEQ     110, .deny
        ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
