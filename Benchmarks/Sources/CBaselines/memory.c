// Memory of a virtual machine: what its owner takes back while it is free costs a fault outside the machine when it is used next.
#include "baselines.h"

#include <sys/mman.h>
#include <time.h>

static char *kept = MAP_FAILED;
static size_t kept_bytes;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double bench_touch_memory(size_t bytes) {
  // Free memory is taken back in pieces of several megabytes; in smaller ones, between others that are in use, it stays.
  const size_t piece = (size_t)2 << 20, page = 4096;
  if (kept != MAP_FAILED) munmap(kept, kept_bytes);
  kept_bytes = 2 * bytes;
  kept = bytes ? mmap(NULL, kept_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
  if (kept == MAP_FAILED) return 0;
  double began = now();
  for (size_t place = 0; place < kept_bytes; place += page) ((volatile char *)kept)[place] = 1;
  double seconds = now() - began;
  for (size_t place = 0; place + piece <= kept_bytes; place += 2 * piece) madvise(kept + place, piece, MADV_DONTNEED);
  return seconds / (double)(kept_bytes / page);
}
