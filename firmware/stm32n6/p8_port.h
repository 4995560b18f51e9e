/* What the board's program needs from an STM32N6 project; called from main() and from interrupts. */
#ifndef P8_PORT_H
#define P8_PORT_H

#include "p8_serve.h"

#ifdef __cplusplus
extern "C" {
#endif

#define P8_CACHE_LINE 32
#define P8_CACHE_ROUNDED(bytes) (((bytes) + P8_CACHE_LINE - 1) / P8_CACHE_LINE * P8_CACHE_LINE)

/* A buffer that the NPU or DMA shares with the core: no other variable in its first or last cache line. */
#define P8_CACHE_ALIGNED(name, bytes)                                                                                  \
    static int8_t name[P8_CACHE_ROUNDED(bytes)] __attribute__((aligned(P8_CACHE_LINE)))

/* Begin: after clocks, caches and the UART are up. P8_OK, or why not. */
p8_status_t p8_port_begin(void);

/* Call in the main loop: answers the line, measures the frame that is waiting. */
void p8_port_poll(void);

/* From the UART's receive interrupt; its priority may be any. */
void p8_port_received(uint8_t byte);

/*
 * Bytes of answers that the UART did not take: HAL_UART_Transmit answered HAL_ERROR, HAL_BUSY or HAL_TIMEOUT. The rest
 * of that piece is left out too; the host sees a checksum that is wrong, and asks again.
 */
uint32_t p8_port_unsent(void);

#if P8_MONITORED
/*
 * From the frame interrupt: a picture is complete. face: NULL where the detector found none; it is copied. The pixels
 * stay yours and are read in p8_port_poll: write none of them from a `true` here until p8_port_pixels_read() says so.
 * false: the frame before is still being measured, this one is left out, and its pixels are free at once.
 */
bool p8_port_frame(const p8_picture_t *picture, const p8_face_t *face, int64_t t_us);

/* Whether the pixels of the last frame have been read: from any interrupt, before DMA writes into them again. */
bool p8_port_pixels_read(void);

#if P8_CAMERA
/* The same for a picture in which the face is to be found and followed in p8_port_poll. */
bool p8_port_picture(const p8_picture_t *picture, int64_t t_us);

/* The project's own: the number after a picture, and what was seen in it. */
void p8_port_number(const p8_number_t *number, const p8_seen_t *seen);
#endif

/* The project's own: what to do with a reading. */
void p8_port_reading(const p8_reading_t *reading);
#endif

#ifdef __cplusplus
}
#endif

#endif
