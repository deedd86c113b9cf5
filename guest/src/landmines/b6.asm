; B6: i386 passes a 64-bit offset in two arguments. A filter that looks at the first one judges its lower half.
%include "guest.inc"
        elf32
_start: int80   356, name, 0            ; memfd_create
        mov     ebp, eax
        xor     esi, esi
        mov     edi, 1
        int80   181, ebp, secret, secret_end - secret   ; pwrite64 at 4 GiB
        confine policy
        xor     esi, esi
        mov     edi, 1
        int80   180, ebp, bss, secret_end - secret      ; pread64 at 4 GiB
        test    eax, eax
        js      .refused
        mov     edx, eax
        int80   4, 1, bss
        die     0
.refused:
        say     "pread64 was refused"
        die     1

        section .data
name:   db      "memory", 0
secret: db      "what is kept above 4 GiB", 10
secret_end:
        align   8
policy: filter
        LD_NR
        JNE     180, .allow             ; pread64: at offset 0 only
        LD_ARG_LO 3
        JNE     0, .deny
    %ifdef FIXED
        LD_ARG_LO 4
        JNE     0, .deny
    %endif
.allow: ALLOW
.deny:  ERRNO   1
        end_filter policy
        end_elf
