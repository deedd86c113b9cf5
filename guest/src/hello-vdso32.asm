; Hello through __kernel_vsyscall, as an i386 libc calls it: AT_SYSINFO (32) in the auxiliary vector. getauxval(3).
%include "elf.inc"
%include "calls.inc"
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
        cmp     ebp, 32
        je      .found
        test    ebp, ebp
        jnz     .aux
        say     "there is no AT_SYSINFO"
        die     1
.found: mov     edi, eax
        mov     ebx, 1
        mov     ecx, text
        mov     edx, end - text
        mov     eax, 4
        call    edi
        xor     ebx, ebx
        mov     eax, 252
        call    edi
        section .data
text:   db      "hello through __kernel_vsyscall", 10
end:
        end_elf
