/* What the board's program needs from an STM32N6 project; called from main() and from interrupts. */
#ifndef P8_PORT_H
#define P8_PORT_H

#include "p8_monitor.h"
#include "p8_serve.h"

#define P8_CACHE_LINE 32
#define P8_CACHE_ROUNDED(bytes) (((bytes) + P8_CACHE_LINE - 1) / P8_CACHE_LINE * P8_CACHE_LINE)

/* A buffer that the NPU or DMA shares with the core: no other variable in its first or last cache line. */
#define P8_CACHE_ALIGNED(name, bytes)                                                                                  \
    static int8_t name[P8_CACHE_ROUNDED(bytes)] __attribute__((aligned(P8_CACHE_LINE)))

/* Begin: after clocks, caches and the UART are up. P8_OK, or why not. */
p8_status_t p8_port_begin(void);

/* Call in the main loop: answers the line, measures the frame that is waiting. */
void p8_port_poll(void);

/* From the UART's receive interrupt. */
void p8_port_received(uint8_t byte);

/* From the frame interrupt: a picture is complete. face: NULL where the detector found none. */
void p8_port_frame(const p8_picture_t *picture, const p8_face_t *face, int64_t t_us);

/* The project's own: what to do with a reading. */
void p8_port_reading(const p8_reading_t *reading);

#endif
