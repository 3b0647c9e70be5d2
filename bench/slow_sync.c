/* Loaded before the C library: counts the syncs of a program in a shared file, and makes each one slower on request,
   so that Facteur and its peers can be compared on the disk one does not have. With SYNC_QUEUE set the syncs of all
   programs wait for one another, as they do where the disk flushes one thing at a time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static unsigned long *counter;
static long delay_ns;
static const char *one_at_a_time;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SYNC_COUNT"), *us = getenv("SYNC_DELAY_US");
    if (us) delay_ns = atol(us) * 1000;
    if (path && getenv("SYNC_QUEUE") && atoi(getenv("SYNC_QUEUE"))) one_at_a_time = strdup(path); /* daemons write over their environment */
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *page = mmap(0, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) counter = page;
    close(fd);
}

static void note(void) {
    if (counter) __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
    if (!delay_ns) return;
    /* Opened anew each time: a lock belongs to an open file, and threads would share one. */
    int disk = one_at_a_time ? open(one_at_a_time, O_RDWR | O_CLOEXEC) : -1;
    if (disk >= 0) flock(disk, LOCK_EX);
    struct timespec wait = {delay_ns / 1000000000, delay_ns % 1000000000};
    nanosleep(&wait, 0);
    if (disk >= 0) close(disk);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    note();
    return real(fd);
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    note();
    return real(fd);
}
