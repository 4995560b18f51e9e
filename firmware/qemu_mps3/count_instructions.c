/*
 * A plugin for the emulator (TCG plugin API 1, QEMU 6 to 8): how many instructions each function executed, exactly, as
 * JSON in the file that the argument out= names; vector instructions apart.
 *
 *     gcc -shared -fPIC -O2 count_instructions.c -o count_instructions.so
 *     qemu-system-arm ... -plugin ./count_instructions.so,out=counts.json
 *
 * Debian's package has no header for plugins; what is used of the interface is declared here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                                  void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*call)(qemu_plugin_id_t, void *), void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *counter,
                                                       uint64_t step);

int qemu_plugin_version = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **words);

#define ADD_U64 0
#define MOST_FUNCTIONS 4096

/* Vector instructions: those that load or store, those that gather, and the others. */
enum { SCALAR, VECTOR, VECTOR_MEMORY, VECTOR_GATHER, KINDS };
static const char *const kind_names[KINDS] = {"scalar", "vector", "vector_memory", "vector_gather"};

static struct {
    char name[96];
    uint64_t counts[KINDS];
} functions[MOST_FUNCTIONS];
static int function_count;
static const char *out_path;

static uint64_t *counts_of(const char *name)
{
    const char *shown = name && *name ? name : "?";
    for (int index = 0; index < function_count; index++) {
        if (!strcmp(functions[index].name, shown)) {
            return functions[index].counts;
        }
    }
    if (function_count < MOST_FUNCTIONS) {
        strncpy(functions[function_count].name, shown, sizeof functions[0].name - 1);
        function_count++;
    }
    return functions[function_count - 1].counts;
}

/*
 * MVE by its encoding (Armv8.1-M, C2.4): loads and stores are 111x 110 P U D W L with coprocessor field 111x, a gather
 * having neither P nor W, and a move of two core registers into lanes no U either; the others are 111x 1110 or
 * 111x 1111, but coprocessor fields 1000 to 1011 are the scalar FPU.
 */
static int kind_of(const struct qemu_plugin_insn *insn)
{
    if (qemu_plugin_insn_size(insn) != 4) {
        return SCALAR;
    }
    uint16_t half[2];
    memcpy(half, qemu_plugin_insn_data(insn), sizeof half);
    const unsigned top = half[0] >> 9, field = half[1] >> 8 & 0xF;
    if ((top == 0x76 || top == 0x7E) && field >= 0xE) {
        return half[0] & (1u << 8 | 1u << 5) ? VECTOR_MEMORY : half[0] & 1u << 7 ? VECTOR_GATHER : VECTOR;
    }
    const bool coprocessor = (half[0] & 0xEF00) == 0xEE00 || (half[0] & 0xEF00) == 0xEF00;
    return coprocessor && !(field >= 0x8 && field <= 0xB) ? VECTOR : SCALAR;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t index = 0; index < qemu_plugin_tb_n_insns(block); index++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, index);
        uint64_t *counter = counts_of(qemu_plugin_insn_symbol(insn)) + kind_of(insn);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, counter, 1);
    }
}

static void finish(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    FILE *file = fopen(out_path, "w");
    if (!file) {
        return;
    }
    fprintf(file, "{");
    for (int index = 0; index < function_count; index++) {
        fprintf(file, "%s\n\"%s\": {", index ? "," : "", functions[index].name);
        for (int kind = 0; kind < KINDS; kind++) {
            const unsigned long long count = functions[index].counts[kind];
            fprintf(file, "%s\"%s\": %llu", kind ? ", " : "", kind_names[kind], count);
        }
        fprintf(file, "}");
    }
    fprintf(file, "\n}\n");
    fclose(file);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **words)
{
    (void)info;
    for (int index = 0; index < count; index++) {
        if (!strncmp(words[index], "out=", 4)) {
            out_path = strdup(words[index] + 4);
        }
    }
    if (!out_path) {
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
