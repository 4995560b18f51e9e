#include "p8_view.h"

#include "p8_requant.h"

#include <string.h>

#define SPAN 320 /* pixel columns that are added up at a time: more than a place has */

/* Where places begin along an axis (1/16 px), and one row of them: channels' weighted sums. */
typedef struct {
    int32_t columns[P8_VIEW_SIDE + 1], rows[P8_VIEW_SIDE + 1];
    uint32_t inside[P8_VIEW_SIDE + 1]; /* of the columns: within the picture */
    uint32_t sums[P8_VIEW_SIDE][3];
    uint32_t down[SPAN][3]; /* of the pixel columns under a row of places: below 2^20 */
    int32_t size;
} p8_places_t;

static int32_t within(int32_t edge, size_t pixels)
{
    const int32_t end = (int32_t)pixels * P8_PARTS;
    return edge < 0 ? 0 : edge > end ? end : edge;
}

static void lay_out(p8_places_t *places, const p8_picture_t *picture, p8_square_t square, int32_t size)
{
    places->size = size;
    for (int32_t place = 0; place <= size; place++) {
        const int32_t away = (int32_t)((int64_t)square.side * place / size);
        places->columns[place] = square.x + away;
        places->rows[place] = square.y + away;
        places->inside[place] = (uint32_t)within(square.x + away, picture->width);
    }
}

static uint32_t after(uint32_t edge)
{
    return (edge + P8_PARTS - 1) / P8_PARTS;
}

static void add_weighted(const uint8_t *bytes, uint32_t weight, uint32_t count, uint32_t *sums)
{
    uint32_t at = 0;
#if P8_MVE
    for (; at + 4 <= count; at += 4) {
        vstrwq_u32(sums + at, vmlaq_n_u32(vldrwq_u32(sums + at), vldrbq_u32(bytes + at), weight));
    }
#endif
    for (; at < count; at++) {
        sums[at] += weight * bytes[at];
    }
}

/* Add up pixel columns from `begin` to `end` between two edges of rows. */
static void add_down(const p8_picture_t *picture, int32_t low, int32_t high, uint32_t begin, uint32_t end,
                     uint32_t down[SPAN][3])
{
    uint8_t room[3 * P8_STRETCH];
    memset(down, 0, (end - begin) * sizeof *down);
    for (int32_t y = low / P8_PARTS; y * P8_PARTS < high; y++) {
        const uint32_t weight = p8_covered(y, low, high);
        for (uint32_t x = begin; x < end; x += P8_STRETCH) {
            const uint32_t count = end - x < P8_STRETCH ? end - x : P8_STRETCH;
            const uint8_t *pixel = p8_pixels(picture, x, (size_t)y, count, room);
            add_weighted(pixel, weight, 3 * count, down[x - begin]);
        }
    }
}

static inline void add_column(const uint32_t column[3], uint32_t weight, uint32_t sums[3])
{
    sums[0] += weight * column[0];
    sums[1] += weight * column[1];
    sums[2] += weight * column[2];
}

/* From sums up to each edge, which may pass 2^32, to those of places from `first` to `last`, which do not. */
static void add_across(p8_places_t *places, int32_t first, int32_t last, uint32_t begin)
{
    uint32_t whole[3] = {0, 0, 0}, before[3] = {0, 0, 0};
    const uint32_t(*column)[3] = (const uint32_t(*)[3])places->down;
    for (int32_t place = first; place <= last; place++) {
        const uint32_t(*end)[3] = (const uint32_t(*)[3])places->down + (places->inside[place] / P8_PARTS - begin);
        const uint32_t part = places->inside[place] % P8_PARTS;
        for (; column < end; column++) {
            add_column(*column, P8_PARTS, whole);
        }
        uint32_t here[3] = {whole[0], whole[1], whole[2]};
        if (part) {
            add_column(*column, part, here);
        }
        for (int channel = 0; channel < 3; channel++) {
            if (place > first) {
                places->sums[place - 1][channel] = here[channel] - before[channel];
            }
            before[channel] = here[channel];
        }
    }
}

/* Sums under one row of places: below 2^32 for places of at most 256 px. */
static void add_places(const p8_picture_t *picture, int32_t row, p8_places_t *places)
{
    const int32_t low = within(places->rows[row], picture->height);
    const int32_t high = within(places->rows[row + 1], picture->height);
    for (int32_t place = 0, next = 0; place < places->size; place = next) {
        const uint32_t begin = places->inside[place] / P8_PARTS;
        for (next = place + 1; next < places->size && after(places->inside[next + 1]) - begin <= SPAN;) {
            next++;
        }
        add_down(picture, low, high, begin, after(places->inside[next]), places->down);
        add_across(places, place, next, begin);
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
    lay_out(&places, picture, square, P8_VIEW_SIDE);
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
    lay_out(&places, picture, square, P8_LUMA_SIDE);
    for (int32_t row = 0; row < P8_LUMA_SIDE; row++) {
        add_places(picture, row, &places);
        for (int32_t place = 0; place < P8_LUMA_SIDE; place++) {
            *luma++ = brightness(places.sums[place], area_of(&places, row, place));
        }
    }
}
