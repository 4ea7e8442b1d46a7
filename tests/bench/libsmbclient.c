/* Loads an SMB server through libsmbclient, as file managers and media players do. usage:
 *   libsmbclient get|put|list address=HOST:PORT share=S user=U password=P file=F [size=BYTES] [total=BYTES] [length=BYTES] [ops=N]
 * Speaks as the load in Rust does: "ready", a line of input, a line of JSON, a line of input. */
#include <errno.h>
#include <fcntl.h>
#include <libsmbclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int words;
static char **word;

static const char *text(const char *key, const char *otherwise) {
    size_t length = strlen(key);
    for (int i = 2; i < words; i++)
        if (!strncmp(word[i], key, length) && word[i][length] == '=') return word[i] + length + 1;
    return otherwise;
}

static long long number(const char *key, long long otherwise) {
    const char *value = text(key, NULL);
    return value ? atoll(value) : otherwise;
}

static void authenticate(const char *server, const char *share, char *group, int group_size, char *name, int name_size,
                         char *password, int password_size) {
    (void)server, (void)share, (void)group, (void)group_size;
    snprintf(name, name_size, "%s", text("user", ""));
    snprintf(password, password_size, "%s", text("password", ""));
}

static void must(int right, const char *what) {
    if (right) return;
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int count, char **argument) {
    words = count, word = argument;
    must(count > 2, "usage");
    const char *work = word[1], *address = text("address", "127.0.0.1:445"), *port = strrchr(address, ':');
    must(port != NULL, "address");
    SMBCCTX *context = smbc_new_context();
    smbc_setFunctionAuthData(context, authenticate);
    smbc_setPort(context, atoi(port + 1));
    must(smbc_init_context(context) != NULL, "context");
    smbc_set_context(context);

    char path[1024];
    snprintf(path, sizeof path, "smb://%.*s/%s/%s", (int)(port - address), address, text("share", "disk"), text("file", "big"));
    long long size = number("size", 1 << 20), total = number("total", 1 << 30), length = number("length", 1 << 28);
    long long ops = 0, bytes = 0, entries = 0, most = number("ops", 1);
    char *block = calloc(1, size);
    int put = !strcmp(work, "put"), list = !strcmp(work, "list");
    int file = list ? smbc_opendir(path) : smbc_open(path, put ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY, 0644);
    must(file >= 0, path);
    if (list) smbc_closedir(file);

    char line[16];
    puts("ready"), fflush(stdout);
    must(fgets(line, sizeof line, stdin) != NULL, "input");
    double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    if (list) {
        for (; ops < most; ops++) {
            must((file = smbc_opendir(path)) >= 0, "opendir");
            while (smbc_readdirplus(file)) entries++;
            smbc_closedir(file);
        }
    } else {
        for (; bytes < total; ops++) {
            if (bytes % length == 0) must(smbc_lseek(file, 0, SEEK_SET) == 0, "seek");
            ssize_t more = put ? smbc_write(file, block, size) : smbc_read(file, block, size);
            must(more == size, work);
            bytes += more;
        }
    }
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"bytes\": %lld, \"ops\": %lld, \"entries\": %lld}\n", seconds(CLOCK_MONOTONIC) - began,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, bytes, ops, entries);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) line[0] = 0;
    if (!list) smbc_close(file);
    smbc_free_context(context, 1);
    return 0;
}
