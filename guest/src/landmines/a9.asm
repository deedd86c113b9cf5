; A9: a policy by instruction pointer. Through __kernel_vsyscall the pointer is the vDSO's, never the caller's.
%include "guest.inc"
        elf32
_start: mov     esi, esp
        lodsd                           ; argc
        lea     esi, [esi + 4 * eax + 4]
.env:   lodsd
        test    eax, eax
        jnz     .env
.aux:   lodsd
        mov     ebp, eax
        lodsd
        cmp     ebp, 32                 ; AT_SYSINFO
        jne     .aux
        mov     [bss], eax
        confine policy
        int80   64                      ; getppid
        test    eax, eax
        js      .odd
        mov     eax, 64
        call    [bss]
        cmp     eax, -1
        jne     .odd
        say     "refused: the filter saw the vDSO's address"
        die     0
.odd:   say     "the filter saw something else"
        die     1

        section .data
policy: filter
        LD_NR
        JNE     64, .allow
        LD_IP_LO
        JGE     TEXT + 0x1000, .deny
        JGE     TEXT, .allow
.deny:  ERRNO   1
.allow: ALLOW
        end_filter policy
        end_elf
