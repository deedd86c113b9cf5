// A heap whose freed blocks fault (--guarded-heap): a use after free, a second free and an access beyond
// a block's end are SIGSEGV or SIGABRT. Each block ends at the end of its pages, and no page is used twice (Perens,
// "Electric Fence", 1987). Loaded by LD_PRELOAD.
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, ALIGNMENT = 16 };
struct header {
  size_t bytes, mapped;
};

static void *allot(size_t alignment, size_t bytes) {
  if (alignment < ALIGNMENT) alignment = ALIGNMENT;
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  size_t pages = (rounded + PAGE - 1) / PAGE * PAGE;
  if (rounded < bytes || alignment > PAGE) return errno = ENOMEM, NULL;
  // One page before the block for its header, and one behind it that is never accessible.
  char *start = mmap(NULL, pages + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return errno = ENOMEM, NULL;
  mprotect(start, pages + PAGE, PROT_READ | PROT_WRITE);
  *(struct header *)start = (struct header){bytes, pages};
  return start + PAGE + pages - rounded;
}
static struct header *header_of(void *block) {
  char *page = (char *)((uintptr_t)block / PAGE * PAGE);
  return (struct header *)(page - PAGE);
}

void *malloc(size_t bytes) { return allot(ALIGNMENT, bytes ? bytes : 1); }
void free(void *block) {
  if (!block) return;
  // A second free reads a header that is not accessible any more.
  struct header *header = header_of(block);
  mprotect(header, header->mapped + PAGE, PROT_NONE);
}
void *calloc(size_t count, size_t bytes) {
  size_t all;
  return __builtin_mul_overflow(count, bytes, &all) ? (errno = ENOMEM, NULL) : malloc(all);
}
void *realloc(void *block, size_t bytes) {
  if (!block) return malloc(bytes);
  void *moved = malloc(bytes);
  if (!moved) return NULL;
  size_t known = header_of(block)->bytes;
  memcpy(moved, block, known < bytes ? known : bytes);
  free(block);
  return moved;
}
void *memalign(size_t alignment, size_t bytes) { return allot(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return allot(alignment, bytes); }
int posix_memalign(void **block, size_t alignment, size_t bytes) {
  *block = allot(alignment, bytes);
  return *block ? 0 : ENOMEM;
}
size_t malloc_usable_size(void *block) { return block ? header_of(block)->bytes : 0; }
