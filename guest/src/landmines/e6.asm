; E6: rt_sigreturn with a forged frame. The filter sees number 15 and no arguments; the frame in memory sets all registers, CS too.
%include "guest.inc"
        elf64
_start: confine policy
        mov     rdi, bss + 512          ; struct ucontext
        mov     qword [rdi + 160], bss + 480    ; rsp
        mov     qword [rdi + 168], compat       ; rip
        mov     qword [rdi + 176], 0x202        ; eflags
        mov     word [rdi + 184], 0x23          ; cs: __USER32_CS
        mov     word [rdi + 190], 0x2b          ; ss
        mov     qword [rdi + 144], 64           ; rax: i386 getppid
        mov     rsp, rdi
        call64  15
        say     "rt_sigreturn came back"
        die     1
        bits    32
compat: int     0x80
        jmp     0x33:long_mode          ; __USER_CS
        bits    64
long_mode:
        mov     rsp, bss + 480
        test    eax, eax
        js      .refused
        say     "getppid ran behind rt_sigreturn"
        die     0
.refused:
        say     "getppid was refused"
        die     1

        section .data
policy: filter
    %ifdef FIXED
        LD_ARCH
        JNE     AUDIT_X64, .deny
    %endif
        LD_NR
        JEQ     110, .deny              ; x86-64 getppid
        ALLOW
.deny:  KILL
        end_filter policy
        end_elf
