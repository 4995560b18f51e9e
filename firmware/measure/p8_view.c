#include "p8_view.h"

#include <string.h>

#define VIEW_BITS 7
#define LUMA_BITS 6

/* Where places begin along an axis, and one row of them: channels' weighted sums. */
typedef struct {
    int32_t columns[P8_VIEW_SIDE + 1], rows[P8_VIEW_SIDE + 1]; /* 1/16 px */
    uint32_t sums[P8_VIEW_SIDE][3];
    int32_t size;
} p8_places_t;

static void lay_out(p8_places_t *places, p8_square_t square, int32_t bits)
{
    places->size = 1 << bits;
    for (int32_t place = 0; place <= places->size; place++) {
        const int32_t away = (int32_t)((int64_t)square.side * place >> bits);
        places->columns[place] = square.x + away;
        places->rows[place] = square.y + away;
    }
}

static int32_t within(int32_t edge, size_t pixels)
{
    const int32_t end = (int32_t)pixels * P8_PARTS;
    return edge < 0 ? 0 : edge > end ? end : edge;
}

/* Add one pixel row, `weight` sixteenths of it. */
static void add_row(const p8_picture_t *picture, int32_t y, uint32_t weight, p8_places_t *places)
{
    int32_t low = within(places->columns[0], picture->width);
    for (int32_t place = 0; place < places->size; place++) {
        const int32_t high = within(places->columns[place + 1], picture->width);
        if (low < high) {
            uint32_t sums[3] = {0, 0, 0};
            p8_run_sum(picture, y, low, high, sums);
            places->sums[place][0] += weight * sums[0];
            places->sums[place][1] += weight * sums[1];
            places->sums[place][2] += weight * sums[2];
        }
        low = high;
    }
}

/* Sums under one row of places: below 2^32 for 64 places and more. */
static void add_places(const p8_picture_t *picture, int32_t row, p8_places_t *places)
{
    const int32_t low = within(places->rows[row], picture->height);
    const int32_t high = within(places->rows[row + 1], picture->height);
    memset(places->sums, 0, sizeof places->sums);
    for (int32_t y = low / P8_PARTS; y * P8_PARTS < high; y++) {
        add_row(picture, y, p8_covered(y, low, high), places);
    }
}

static uint32_t area_of(const p8_places_t *places, int32_t row, int32_t column)
{
    return (uint32_t)(places->columns[column + 1] - places->columns[column]) *
           (uint32_t)(places->rows[row + 1] - places->rows[row]);
}

void p8_view_codes(const p8_picture_t *picture, p8_square_t square, int8_t *codes)
{
    p8_places_t places;
    lay_out(&places, square, VIEW_BITS);
    for (int32_t row = 0; row < P8_VIEW_SIDE; row++) {
        add_places(picture, row, &places);
        for (int32_t place = 0; place < P8_VIEW_SIDE; place++) {
            const uint32_t area = area_of(&places, row, place);
            for (int channel = 0; channel < 3; channel++) {
                *codes++ = (int8_t)((int32_t)((places.sums[place][channel] + area / 2) / area) - 128);
            }
        }
    }
}

/* Half up; the long division only where it is needed. */
static int16_t brightness(const uint32_t sums[3], uint32_t area)
{
    const uint64_t weighted = (uint64_t)77 * sums[0] + (uint64_t)150 * sums[1] + (uint64_t)29 * sums[2];
    const uint64_t parts = (weighted * P8_LUMA_PARTS + 128ull * area) >> 8;
    return (int16_t)(parts >> 32 ? parts / area : (uint32_t)parts / area);
}

void p8_view_luma(const p8_picture_t *picture, p8_square_t square, int16_t *luma)
{
    p8_places_t places;
    lay_out(&places, square, LUMA_BITS);
    for (int32_t row = 0; row < P8_LUMA_SIDE; row++) {
        add_places(picture, row, &places);
        for (int32_t place = 0; place < P8_LUMA_SIDE; place++) {
            *luma++ = brightness(places.sums[place], area_of(&places, row, place));
        }
    }
}
