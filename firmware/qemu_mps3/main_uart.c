/* Serves the first UART, as a board does. rows.bin in the emulator's folder, where there is one, is the camera. */
#include "p8_program.h"

#include <stdio.h>

/* CMSDK APB UART, secure alias of 0x49303000. */
#define UART ((volatile uint32_t *)0x59303000)
enum { DATA = 0, STATE = 1, CONTROL = 2, BAUD_DIVIDER = 4 };
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CONTROL_BOTH 3u   /* transmit and receive */
#define DIVIDER 16u       /* the emulator takes any that is allowed */
#define SILENCE 40000000u /* looks at a silent line before a frame that was begun is dropped: about 0.2 s */

static void write_uart(void *context, const void *data, size_t bytes)
{
    (void)context;
    for (const uint8_t *byte = data; bytes; bytes--, byte++) {
        while (UART[STATE] & STATE_TX_FULL) {
        }
        UART[DATA] = *byte;
    }
}

static void film(p8_serve_t *serve, FILE *rows)
{
#if P8_MONITORED
    static uint8_t bytes[P8_ROW_BYTES];
    while (rows && serve->rows_left && fread(bytes, 1, sizeof bytes, rows) == sizeof bytes) {
        p8_program_row(serve, bytes);
    }
#else
    (void)serve;
    (void)rows;
#endif
}

int main(void)
{
    UART[BAUD_DIVIDER] = DIVIDER;
    UART[CONTROL] = CONTROL_BOTH;
    FILE *rows = fopen("rows.bin", "rb");
    p8_serve_t *serve = p8_program_begin((p8_target_t){.target = P8_TARGET_M55}, write_uart, NULL);
    if (!serve) {
        return 3;
    }
    for (uint32_t silent = 0;; silent++) {
        if (UART[STATE] & STATE_RX_FULL) {
            p8_serve_byte(serve, (uint8_t)UART[DATA]);
            film(serve, rows);
            silent = 0;
        } else if (silent == SILENCE) {
            p8_link_idle(&serve->link);
        }
    }
}
