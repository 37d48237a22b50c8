// Counts what the process asks the allocator for. glibc lets a program stand in for its malloc; elsewhere nothing is counted.
#define _GNU_SOURCE
#include "baselines.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_int counting;
static atomic_uint_fast64_t allocations;

uint64_t bench_allocations(void) { return atomic_load_explicit(&allocations, memory_order_relaxed); }

void bench_count_allocations(int on) {
  if (on) atomic_store_explicit(&allocations, 0, memory_order_relaxed);
  atomic_store_explicit(&counting, on, memory_order_relaxed);
}

uint64_t bench_bytes_written(void) {
  FILE *file = fopen("/proc/self/io", "r");
  if (file == NULL) return 0;
  unsigned long long read = 0, written = 0;
  int found = fscanf(file, "rchar: %llu wchar: %llu", &read, &written);
  fclose(file);
  return found == 2 ? written : 0;
}

#ifdef __GLIBC__
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void count(void) {
  if (atomic_load_explicit(&counting, memory_order_relaxed)) atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count();
  return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
  count();
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **place, size_t alignment, size_t size) {
  void *found = memalign(alignment, size);
  if (found == NULL) return ENOMEM;
  *place = found;
  return 0;
}
#endif
