/* Answers requests.bin with answers.bin, files in the emulator's folder: the same frames as on the line, and fast. */
#include "p8_program.h"

#include <stdio.h>

#ifndef P8_TARGET
#define P8_TARGET P8_TARGET_M55
#endif

static void write_file(void *context, const void *data, size_t bytes)
{
    fwrite(data, 1, bytes, context);
}

int main(void)
{
    static uint8_t bytes[4096];
    FILE *requests = fopen("requests.bin", "rb"), *answers = fopen("answers.bin", "wb");
    if (!requests || !answers) {
        return 2;
    }
    p8_serve_t *serve = p8_program_begin((p8_target_t){.target = P8_TARGET}, write_file, answers);
    if (!serve) {
        return 3;
    }
    for (size_t got; (got = fread(bytes, 1, sizeof bytes, requests)) > 0;) {
        for (size_t index = 0; index < got; index++) {
            p8_serve_byte(serve, bytes[index]);
        }
    }
    return fclose(answers) ? 4 : 0;
}
