/* Preloaded before the C library: getrandom fails while the file named by NO_RANDOMNESS_WHILE exists. */

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t getrandom(void *buffer, size_t length, unsigned flags) {
  const char *file = getenv("NO_RANDOMNESS_WHILE");
  if (length > 0 && file != NULL && access(file, F_OK) == 0) {
    errno = EIO;
    return -1;
  }
  return syscall(SYS_getrandom, buffer, length, flags);
}
