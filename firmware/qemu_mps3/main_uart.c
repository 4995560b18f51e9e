/*
 * Serves the first UART, as a board does. rows.bin in the emulator's folder, where there is one, is the camera.
 *
 * It sleeps while the line is silent: an emulator whose processor looks at a register over and over takes no bytes in.
 */
#include "p8_program.h"

#include <stdio.h>

#ifndef P8_TARGET
#define P8_TARGET P8_TARGET_M55
#endif

/* CMSDK APB UART, secure alias of 0x49303000; its interrupts are 33, 34 and 43. */
#define UART ((volatile uint32_t *)0x59303000)
enum { DATA = 0, STATE = 1, CONTROL = 2, INTERRUPTS = 3, BAUD_DIVIDER = 4 };
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CONTROL_BOTH 3u /* transmit and receive */
#define CONTROL_RX_INTERRUPT 8u
#define RX_INTERRUPT 2u
#define DIVIDER 16u /* the emulator takes any that is allowed */
#define UART_LINES (1u << (33 - 32) | 1u << (34 - 32) | 1u << (43 - 32))
#define NVIC_ENABLE_1 (*(volatile uint32_t *)0xE000E104)
#define NVIC_CLEAR_1 (*(volatile uint32_t *)0xE000E284)

/* SysTick: one tick per tenth of a second, at the board's 32 MHz. */
#define TICK_CONTROL (*(volatile uint32_t *)0xE000E010)
#define TICK_RELOAD (*(volatile uint32_t *)0xE000E014)
#define TICK_COUNT (*(volatile uint32_t *)0xE000E018)
#define TICK_ON 7u
#define TICK_PASSED (1u << 16)
#define TICK_CYCLES 3200000u
#define SYSTEM_CLEAR (*(volatile uint32_t *)0xE000ED04)
#define TICK_CLEAR (1u << 25)
#define SILENT_TICKS 2 /* ticks of silence after which an incomplete frame is dropped */

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

/* Interrupts stay masked: one that is pending ends the sleep all the same. */
static void begin_uart(void)
{
    __asm__ volatile("cpsid i");
    UART[BAUD_DIVIDER] = DIVIDER;
    UART[CONTROL] = CONTROL_BOTH | CONTROL_RX_INTERRUPT;
    NVIC_ENABLE_1 = UART_LINES;
    TICK_RELOAD = TICK_CYCLES - 1;
    TICK_COUNT = 0;
    TICK_CONTROL = TICK_ON;
}

static void sleep(void)
{
    __asm__ volatile("wfi");
    UART[INTERRUPTS] = RX_INTERRUPT;
    NVIC_CLEAR_1 = UART_LINES;
    SYSTEM_CLEAR = TICK_CLEAR;
}

int main(void)
{
    FILE *rows = fopen("rows.bin", "rb");
    p8_serve_t *serve = p8_program_begin((p8_target_t){.target = P8_TARGET}, write_uart, NULL);
    if (!serve) {
        return 3;
    }
    begin_uart();
    for (int silent = 0;;) {
        if (UART[STATE] & STATE_RX_FULL) {
            p8_serve_byte(serve, (uint8_t)UART[DATA]);
            film(serve, rows);
            silent = 0;
            continue;
        }
        sleep();
        if (TICK_CONTROL & TICK_PASSED && ++silent == SILENT_TICKS) {
            p8_link_idle(&serve->link);
        }
    }
}
