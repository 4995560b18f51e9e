/* Pictures of any format as red, green and blue bytes. */
#ifndef P8_PIXELS_H
#define P8_PIXELS_H

#include "p8_status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define P8_PARTS 16            /* edges are counted in sixteenths of a pixel */
#define P8_LEAST_SIDE_PX 16    /* of a picture */
#define P8_LARGEST_SIDE_PX 16384
#define P8_STRETCH 64              /* pixels that are converted at a time */

/* How a pixel's red, green and blue lie in memory. */
typedef enum {
    P8_RGB888 = 0,
    P8_BGR888,
    P8_RGBA8888, /* a canvas's; the fourth byte is not read */
    P8_YUYV,     /* two pixels in four bytes, BT.601 of 16 to 235; an even width */
    P8_RGB565,   /* little endian, red in the highest bits */
} p8_format_t;

/* Rows from top to bottom; what the camera gives before any 8-bit downsizing. */
typedef struct {
    const uint8_t *data;
    size_t width, height, stride_bytes;
    p8_format_t format;
} p8_picture_t;

/* Whether it has a known format, and rows as long as its width asks for. */
bool p8_picture_usable(const p8_picture_t *picture);

/* At most P8_STRETCH neighbouring pixels as red, green, blue: where they lie, or converted into `room`. */
const uint8_t *p8_pixels(const p8_picture_t *picture, size_t x, size_t y, size_t count, uint8_t room[3 * P8_STRETCH]);

/* Add the weighted sum of each channel over the part of a pixel row between two edges, 1/16 px, both in the picture. */
void p8_run_sum(const p8_picture_t *picture, int32_t y, int32_t low, int32_t high, uint32_t sums[3]);

/* How much of a pixel, in sixteenths, lies between two edges. */
uint32_t p8_covered(int32_t pixel, int32_t low, int32_t high);

#ifdef __cplusplus
}
#endif

#endif
