/* A disk that fails below Python: preloaded, one call of the C library answers EIO for paths that contain DISK_UNDER,
 * once DISK_AFTER such calls of a process have gone well. DISK_CALL: write, fsync or rename. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(const char *call, const char *path) {
  static int left = -1;
  const char *which = getenv("DISK_CALL"), *under = getenv("DISK_UNDER"), *after = getenv("DISK_AFTER");
  if (!which || !under || !after || strcmp(which, call) || !strstr(path, under)) return 0;
  if (left < 0) left = atoi(after);
  if (left > 0) return left--, 0;
  errno = EIO;
  return 1;
}

static int fails_at(const char *call, int descriptor) {
  char link[64], path[PATH_MAX];
  int kept = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = kept;
  if (length <= 0) return 0;
  path[length] = 0;
  return fails(call, path);
}

ssize_t write(int descriptor, const void *data, size_t size) {
  if (fails_at("write", descriptor)) return -1;
  return ((ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write"))(descriptor, data, size);
}

int fsync(int descriptor) {
  if (fails_at("fsync", descriptor)) return -1;
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}

int rename(const char *from, const char *to) {
  if (fails("rename", to)) return -1;
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
