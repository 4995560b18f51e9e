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

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Whole pixels count alike: they are added first and weighted once. */
static void add_pixels(const uint8_t *pixel, int32_t first, int32_t count, int32_t low, int32_t high, uint32_t sums[3])
{
    const uint8_t *last = pixel + 3 * (count - 1);
    const uint32_t begin = p8_covered(first, low, high);
    const uint32_t end = count > 1 ? p8_covered(first + count - 1, low, high) : 0;
    uint32_t red = 0, green = 0, blue = 0;
    for (const uint8_t *inner = pixel + 3; inner < last; inner += 3) {
        red += inner[0];
        green += inner[1];
        blue += inner[2];
    }
    sums[0] += P8_PARTS * red + begin * pixel[0] + end * last[0];
    sums[1] += P8_PARTS * green + begin * pixel[1] + end * last[1];
    sums[2] += P8_PARTS * blue + begin * pixel[2] + end * last[2];
}

void p8_run_sum(const p8_picture_t *picture, int32_t y, int32_t low, int32_t high, uint32_t sums[3])
{
    const int32_t begin = low / P8_PARTS, end = (high - 1) / P8_PARTS + 1; /* at most 255 x 16 x 16,384 < 2^27 */
    if (picture->format == P8_RGB888) {
        const uint8_t *row = picture->data + (size_t)y * picture->stride_bytes;
        add_pixels(row + 3 * (size_t)begin, begin, end - begin, low, high, sums);
        return;
    }
    uint8_t room[3 * P8_STRETCH];
    for (int32_t x = begin; x < end; x += P8_STRETCH) {
        const int32_t count = smaller(end - x, P8_STRETCH);
        const uint8_t *pixel = p8_pixels(picture, (size_t)x, (size_t)y, (size_t)count, room);
        add_pixels(pixel, x, count, low, high, sums);
    }
}
