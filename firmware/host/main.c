/*
 * The board's program on a computer: frames come on standard input, answers go to standard output. An argument names a
 * file of rows as they travel on the line: it stands in for the camera.
 */
#define _POSIX_C_SOURCE 200809L

#include "p8_program.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#ifndef P8_TARGET
#define P8_TARGET P8_TARGET_HOST
#endif

#define SILENCE_MS 200 /* silence after which an incomplete frame is dropped */

static void write_all(void *context, const void *data, size_t bytes)
{
    (void)context;
    const uint8_t *from = data;
    while (bytes) {
        const ssize_t done = write(STDOUT_FILENO, from, bytes);
        if (done <= 0) {
            _exit(1);
        }
        from += done;
        bytes -= (size_t)done;
    }
}

/* Send the camera's rows while a recording is being made. */
static void film(p8_serve_t *serve, FILE *rows)
{
#if P8_MONITORED
    uint8_t bytes[P8_ROW_BYTES];
    while (rows && serve->rows_left && fread(bytes, 1, sizeof bytes, rows) == sizeof bytes) {
        p8_program_row(serve, bytes);
    }
#else
    (void)serve;
    (void)rows;
#endif
}

int main(int count, char **words)
{
    FILE *rows = count > 1 ? fopen(words[1], "rb") : NULL;
    p8_serve_t *serve = p8_program_begin((p8_target_t){.target = P8_TARGET}, write_all, NULL);
    if (!serve || (count > 1 && !rows)) {
        return 1;
    }
    for (;;) {
        struct pollfd line = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&line, 1, SILENCE_MS) == 0) {
            p8_link_idle(&serve->link);
            continue;
        }
        uint8_t bytes[4096];
        const ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got <= 0) {
            return 0;
        }
        for (ssize_t index = 0; index < got; index++) {
            p8_serve_byte(serve, bytes[index]);
        }
        film(serve, rows);
    }
}
