/* A plugin for QEMU that counts the guest's instructions into a file, so that who measures reads it at any time.
 * usage: qemu-mipsel -plugin count.so,count=FILE PROGRAM…
 * FILE: numbers of 8 bytes, this machine's order: all instructions, then for each block of code where it begins and how
 * many of them were executed in it; zeros at the end. Of too many blocks the last are in the sum alone.
 *
 * What it uses of qemu-plugin.h (version 1 of the interface, QEMU 6 to 8) is declared here: Debian ships no header. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, enum qemu_plugin_op, void *, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

enum { BLOCKS = 1 << 17 };
static struct counts {
    uint64_t all;
    struct { uint64_t address, count; } block[BLOCKS];
} *counts;
static size_t used;

/* Added as a whole when a block of code begins: no callback, and right unless a fault leaves the block early. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    size_t length = qemu_plugin_tb_n_insns(block), index = __atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &counts->all, length);
    if (index >= BLOCKS)
        return;
    counts->block[index].address = qemu_plugin_tb_vaddr(block);
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &counts->block[index].count, length);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "count=", 6))
        return -1;
    int file = open(argv[0] + 6, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, sizeof *counts))
        return -1;
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (counts == MAP_FAILED)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
