#include "p8_pixels.h"

static size_t row_bytes(const p8_picture_t *picture)
{
    switch (picture->format) {
    case P8_RGB888:
    case P8_BGR888:
        return 3 * picture->width;
    case P8_RGBA8888:
        return 4 * picture->width;
    case P8_YUYV:
        return picture->width % 2 ? SIZE_MAX : 2 * picture->width;
    case P8_RGB565:
        return 2 * picture->width;
    }
    return SIZE_MAX;
}

bool p8_picture_usable(const p8_picture_t *picture)
{
    const size_t width = picture->width, height = picture->height;
    return picture->data && width <= P8_LARGEST_SIDE_PX && height <= P8_LARGEST_SIDE_PX &&
           picture->stride_bytes >= row_bytes(picture);
}

static uint8_t byte_of(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* BT.601, 8-bit coefficients: what most converters do. Shifts of negative numbers are arithmetic on every target. */
static void from_yuv(int32_t y, int32_t u, int32_t v, uint8_t *rgb)
{
    const int32_t c = 298 * (y - 16) + 128, d = u - 128, e = v - 128;
    rgb[0] = byte_of((c + 409 * e) >> 8);
    rgb[1] = byte_of((c - 100 * d - 208 * e) >> 8);
    rgb[2] = byte_of((c + 516 * d) >> 8);
}

static void from_565(const uint8_t *two, uint8_t *rgb)
{
    const uint32_t bits = (uint32_t)two[0] | (uint32_t)two[1] << 8;
    const uint32_t red = bits >> 11, green = bits >> 5 & 63, blue = bits & 31;
    rgb[0] = (uint8_t)(red << 3 | red >> 2);
    rgb[1] = (uint8_t)(green << 2 | green >> 4);
    rgb[2] = (uint8_t)(blue << 3 | blue >> 2);
}

static void convert(const p8_picture_t *picture, const uint8_t *row, size_t x, uint8_t *rgb)
{
    switch (picture->format) {
    case P8_RGB888:
        break; /* read where it lies */
    case P8_BGR888:
        rgb[0] = row[3 * x + 2];
        rgb[1] = row[3 * x + 1];
        rgb[2] = row[3 * x];
        break;
    case P8_RGBA8888:
        rgb[0] = row[4 * x];
        rgb[1] = row[4 * x + 1];
        rgb[2] = row[4 * x + 2];
        break;
    case P8_YUYV: {
        const uint8_t *pair = row + 4 * (x / 2);
        from_yuv(pair[x % 2 ? 2 : 0], pair[1], pair[3], rgb);
        break;
    }
    case P8_RGB565:
        from_565(row + 2 * x, rgb);
        break;
    }
}

const uint8_t *p8_pixels(const p8_picture_t *picture, size_t x, size_t y, size_t count, uint8_t room[3 * P8_STRETCH])
{
    const uint8_t *row = picture->data + y * picture->stride_bytes;
    if (picture->format == P8_RGB888) {
        return row + 3 * x;
    }
    for (size_t index = 0; index < count; index++) {
        convert(picture, row, x + index, room + 3 * index);
    }
    return room;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

uint32_t p8_covered(int32_t pixel, int32_t low, int32_t high)
{
    const int32_t left = pixel * P8_PARTS;
    return (uint32_t)larger(0, smaller(left + P8_PARTS, high) - larger(left, low));
}

/* Whole pixels count alike: they are added first and weighted once. */
static void add_pixels(const uint8_t *pixel, int32_t first, int32_t count, int32_t low, int32_t high, uint32_t sums[3])
{
    uint32_t inner[3] = {0, 0, 0};
    const uint32_t begin = p8_covered(first, low, high);
    const uint32_t end = count > 1 ? p8_covered(first + count - 1, low, high) : 0;
    const uint8_t *last = pixel + 3 * (count - 1);
    for (int channel = 0; channel < 3; channel++) {
        sums[channel] += begin * pixel[channel] + end * last[channel];
    }
    for (pixel += 3; pixel < last; pixel += 3) {
        inner[0] += pixel[0];
        inner[1] += pixel[1];
        inner[2] += pixel[2];
    }
    for (int channel = 0; channel < 3; channel++) {
        sums[channel] += P8_PARTS * inner[channel];
    }
}

void p8_run_sum(const p8_picture_t *picture, int32_t y, int32_t low, int32_t high, uint32_t sums[3])
{
    const int32_t end = (high - 1) / P8_PARTS + 1; /* at most 255 x 16 x 16,384 < 2^27 */
    const int32_t room_for = picture->format == P8_RGB888 ? P8_LARGEST_SIDE_PX : P8_STRETCH;
    uint8_t room[3 * P8_STRETCH];
    for (int32_t x = low / P8_PARTS; x < end; x += room_for) {
        const int32_t count = smaller(end - x, room_for);
        const uint8_t *pixel = p8_pixels(picture, (size_t)x, (size_t)y, (size_t)count, room);
        add_pixels(pixel, x, count, low, high, sums);
    }
}
