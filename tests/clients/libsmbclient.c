/* Drive a share through libsmbclient, as file managers do. usage: libsmbclient PORT SHARE FOLDER USER PASSWORD
 * Prints one line a step; exit status 1 at the first step that fails. */
#include <errno.h>
#include <fcntl.h>
#include <libsmbclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>

static const char *user, *password;

static void authenticate(const char *server, const char *share, char *group, int group_size, char *name, int name_size,
                         char *pass, int pass_size) {
    (void)server, (void)share, (void)group, (void)group_size;
    snprintf(name, name_size, "%s", user);
    snprintf(pass, pass_size, "%s", password);
}

static void step(const char *what, int right) {
    printf("%s: %s\n", what, right ? "ok" : strerror(errno));
    if (!right) exit(1);
}

int main(int count, char **word) {
    if (count != 6) return 2;
    user = word[4], password = word[5];
    SMBCCTX *context = smbc_new_context();
    smbc_setFunctionAuthData(context, authenticate);
    smbc_setPort(context, atoi(word[1]));
    smbc_setOptionFullTimeNames(context, 1);
    step("context", smbc_init_context(context) != NULL);
    smbc_set_context(context);

    char base[512], path[600], other[600];
    snprintf(base, sizeof base, "smb://127.0.0.1/%s/%s", word[2], word[3]);

    snprintf(path, sizeof path, "%s/made", base);
    step("mkdir", smbc_mkdir(path, 0755) == 0);

    static char block[1 << 20], back[1 << 20];
    for (size_t i = 0; i < sizeof block; i++) block[i] = (char)(i * 31 + i / 251);
    snprintf(path, sizeof path, "%s/made/file", base);
    int file = smbc_open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
    step("create", file >= 0);
    for (int i = 0; i < 8; i++) step("write", smbc_write(file, block, sizeof block) == sizeof block);
    step("seek", smbc_lseek(file, 3 << 20, SEEK_SET) == 3 << 20);
    size_t got = 0;
    while (got < sizeof back) {
        ssize_t more = smbc_read(file, back + got, sizeof back - got);
        step("read", more > 0);
        got += more;
    }
    step("same bytes", memcmp(block, back, sizeof back) == 0);
    step("truncate", smbc_ftruncate(file, 1000) == 0);
    step("close", smbc_close(file) == 0);

    struct stat status;
    step("stat", smbc_stat(path, &status) == 0 && status.st_size == 1000 && S_ISREG(status.st_mode));
    struct timeval times[2] = {{1500000000, 0}, {1500000000, 0}};
    step("utimes", smbc_utimes(path, times) == 0);
    step("stat again", smbc_stat(path, &status) == 0 && status.st_mtime == 1500000000);
    snprintf(other, sizeof other, "%s/made/renamed", base);
    step("rename", smbc_rename(path, other) == 0);
    step("gone", smbc_stat(path, &status) < 0 && errno == ENOENT);

    char value[4096];
    step("dos attributes", smbc_getxattr(other, "system.dos_attr.*", value, sizeof value) >= 0);
    printf("  %s\n", value);

    snprintf(path, sizeof path, "%s/made", base);
    int folder = smbc_opendir(path);
    step("opendir", folder >= 0);
    int seen = 0;
    for (struct smbc_dirent *entry; (entry = smbc_readdir(folder));)
        seen += entry->smbc_type == SMBC_FILE && strcmp(entry->name, "renamed") == 0;
    step("readdir", seen == 1);
    smbc_closedir(folder);
    struct statvfs space;
    step("statvfs", smbc_statvfs(path, &space) == 0 && space.f_blocks > 0);
    step("rmdir refuses", smbc_rmdir(path) < 0 && errno == ENOTEMPTY);
    step("unlink", smbc_unlink(other) == 0);
    step("rmdir", smbc_rmdir(path) == 0);

    folder = smbc_opendir("smb://127.0.0.1/");
    step("list shares", folder >= 0);
    seen = 0;
    for (struct smbc_dirent *entry; (entry = smbc_readdir(folder));)
        seen += entry->smbc_type == SMBC_FILE_SHARE && strcmp(entry->name, word[2]) == 0;
    step("share is listed", seen == 1);
    smbc_closedir(folder);
    smbc_free_context(context, 1);
    return 0;
}
