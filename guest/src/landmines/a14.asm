; A14: a number that does not exist through the fast 32-bit door (CVE-2014-4508 with auditing on).
%include "guest.inc"
        elf32
_start: mov     esi, esp
        lodsd
        lea     esi, [esi + 4 * eax + 4]
.env:   lodsd
        test    eax, eax
        jnz     .env
.aux:   lodsd
        mov     ebp, eax
        lodsd
        cmp     ebp, 32                 ; AT_SYSINFO
        jne     .aux
        mov     edi, eax
        mov     eax, 1000
        call    edi
        cmp     eax, -38
        jne     .odd
        say     "1000 does not exist"
        die     0
.odd:   say     "something else"
        die     1
        end_elf
