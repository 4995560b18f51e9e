#include "p8_view.h"

#include <string.h>

/* What lies under one row of places: channels' weighted sums, and parts across. */
typedef struct {
    uint32_t sums[P8_VIEW_SIDE][3];
    uint32_t across[P8_VIEW_SIDE], down;
} p8_places_t;

int32_t p8_view_edge(int32_t begin, int32_t side, int32_t place, int32_t size)
{
    return begin + (int32_t)((int64_t)side * place / size);
}

static int32_t within(int32_t edge, size_t pixels)
{
    const int32_t end = (int32_t)pixels * P8_PARTS;
    return edge < 0 ? 0 : edge > end ? end : edge;
}

/* Add one pixel row, `weight` sixteenths of it. */
static void add_row(const p8_picture_t *picture, p8_square_t square, int32_t size, int32_t y, uint32_t weight,
                    p8_places_t *places)
{
    int32_t low = within(square.x, picture->width);
    for (int32_t place = 0; place < size; place++) {
        const int32_t high = within(p8_view_edge(square.x, square.side, place + 1, size), picture->width);
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

/* Sums under row `row` of `size`; a side of at most 16,384 px: each sum is below 2^32 for 64 places and more. */
static void add_places(const p8_picture_t *picture, p8_square_t square, int32_t size, int32_t row, p8_places_t *places)
{
    const int32_t top = p8_view_edge(square.y, square.side, row, size);
    const int32_t bottom = p8_view_edge(square.y, square.side, row + 1, size);
    const int32_t low = within(top, picture->height), high = within(bottom, picture->height);
    memset(places->sums, 0, sizeof places->sums);
    for (int32_t place = 0; place < size; place++) {
        places->across[place] = (uint32_t)(p8_view_edge(square.x, square.side, place + 1, size) -
                                           p8_view_edge(square.x, square.side, place, size));
    }
    places->down = (uint32_t)(bottom - top);
    for (int32_t y = low / P8_PARTS; y * P8_PARTS < high; y++) {
        add_row(picture, square, size, y, p8_covered(y, low, high), places);
    }
}

void p8_view_codes(const p8_picture_t *picture, p8_square_t square, int8_t *codes)
{
    p8_places_t places;
    for (int32_t row = 0; row < P8_VIEW_SIDE; row++) {
        add_places(picture, square, P8_VIEW_SIDE, row, &places);
        for (int32_t place = 0; place < P8_VIEW_SIDE; place++) {
            const uint32_t area = places.across[place] * places.down;
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
    for (int32_t row = 0; row < P8_LUMA_SIDE; row++) {
        add_places(picture, square, P8_LUMA_SIDE, row, &places);
        for (int32_t place = 0; place < P8_LUMA_SIDE; place++) {
            *luma++ = brightness(places.sums[place], places.across[place] * places.down);
        }
    }
}
