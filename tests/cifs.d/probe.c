/* System calls that no applet of busybox makes, for tests/cifs.d/init. Exit status: 0 as wished, 1 refused (said why). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The kernel's fs/smb/client/cifs_ioctl.h: wait for a change in a folder; copy a whole file by the server. */
struct change { unsigned int filter; unsigned char tree; } __attribute__((packed));
#define CIFS_NOTIFY _IOW(0xCF, 9, struct change)
#define CIFS_COPY _IOW(0xCF, 3, int)

static int refused(const char *what) {
    printf("%s: %s\n", what, strerror(errno));
    return 1;
}

static int opened(const char *path, int flags) {
    int file = open(path, flags, 0666);
    if (file < 0) exit(refused(path));
    return file;
}

static int lock(int file, int kind, long start, long length) {
    struct flock range = {.l_type = kind, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(file, F_SETLK, &range);
}

int main(int count, char **word) {
    const char *what = count > 2 ? word[1] : "", *path = count > 2 ? word[2] : "", *second = count > 3 ? word[3] : "";
    if (!strcmp(what, "hold")) { /* FILE MARK: locks bytes 0 to 9 until MARK is gone */
        int file = opened(path, O_RDWR), held = lock(file, F_WRLCK, 0, 10);
        close(opened(second, O_CREAT | O_WRONLY));
        if (held) return refused("lock");
        while (!access(second, F_OK)) usleep(20000);
        return lock(file, F_UNLCK, 0, 10) ? refused("unlock") : 0;
    }
    if (!strcmp(what, "lock")) { /* FILE START LENGTH */
        return lock(opened(path, O_RDWR), F_WRLCK, atol(second), atol(word[4])) ? refused("lock") : 0;
    }
    if (!strcmp(what, "flock")) return flock(opened(path, O_RDWR), LOCK_EX | LOCK_NB) ? refused("flock") : 0;
    if (!strcmp(what, "attribute")) { /* FILE: an extended attribute there and back, listed, and gone */
        char value[32] = "", list[256] = "";
        if (setxattr(path, "user.colour", "blue", 4, 0)) return refused("setxattr");
        if (getxattr(path, "user.colour", value, sizeof value) != 4 || strcmp(value, "blue")) return refused(value);
        ssize_t length = listxattr(path, list, sizeof list);
        if (length < 0 || !memmem(list, (size_t)length, "colour", 6)) return refused("listxattr");
        if (removexattr(path, "user.colour")) return refused("removexattr");
        return getxattr(path, "user.colour", value, sizeof value) < 0 ? 0 : refused("still there");
    }
    if (!strcmp(what, "copy")) /* FROM TO, by the server */
        return ioctl(opened(second, O_CREAT | O_RDWR | O_TRUNC), CIFS_COPY, opened(path, O_RDONLY)) ? refused("ioctl") : 0;
    if (!strcmp(what, "range")) { /* FROM TO: the first MiB by copy_file_range */
        int from = opened(path, O_RDONLY), to = opened(second, O_CREAT | O_RDWR | O_TRUNC);
        return copy_file_range(from, NULL, to, NULL, 1 << 20, 0) == 1 << 20 ? 0 : refused("copy_file_range");
    }
    if (!strcmp(what, "punch")) /* FILE START LENGTH */
        return fallocate(opened(path, O_RDWR), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, atol(second), atol(word[4])) ? refused("fallocate") : 0;
    if (!strcmp(what, "zero")) /* FILE START LENGTH */
        return fallocate(opened(path, O_RDWR), FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, atol(second), atol(word[4])) ? refused("fallocate") : 0;
    if (!strcmp(what, "hole")) { /* FILE: where the first hole is */
        off_t hole = lseek(opened(path, O_RDONLY), 0, SEEK_HOLE);
        if (hole < 0) return refused("lseek");
        printf("%ld\n", (long)hole);
        return 0;
    }
    if (!strcmp(what, "wait")) { /* FOLDER: until a name changes there */
        struct change names = {.filter = 3, .tree = 0};
        return ioctl(opened(path, O_RDONLY | O_DIRECTORY), CIFS_NOTIFY, &names) ? refused("ioctl") : 0;
    }
    if (!strcmp(what, "sync")) return fsync(opened(path, O_RDWR)) ? refused("fsync") : 0;
    puts("no such probe");
    return 2;
}
