/*
 * Convolution. With channels last, what a kernel row covers is one run of neighbouring bytes: it is read in place, and
 * only where the kernel reaches over the edge is it copied into scratch, between zero points.
 */
#include "p8_kernels.h"
#include "p8_requant.h"

#include <stdbool.h>
#include <string.h>

/* Kernel rows of one output position: the first one, bytes to the next, and what each row holds. */
typedef struct {
    const int8_t *first;
    size_t stride;
    size_t rows, run, blocks; /* run: bytes of a row; blocks: of 16 bytes */
} p8_rows_t;

static size_t blocks_of(size_t run) {
    return (run + P8_LANES - 1) / P8_LANES;
}

size_t p8_conv_scratch(p8_slide_t slide, p8_shape_t in) {
    return slide.height * blocks_of((size_t)slide.width * in.channels) * P8_LANES;
}

#if P8_MVE
static void dot(const p8_conv_t *conv, const p8_rows_t *rows, size_t channels, int8_t *y) {
    const int8_t *w = conv->weights;
    for (size_t channel = 0; channel < channels; channel += P8_GROUP) {
        const int32_t *bias = conv->bias + channel;
        int32_t sum0 = bias[0], sum1 = bias[1], sum2 = bias[2], sum3 = bias[3];
        const int8_t *row = rows->first;
        for (size_t index = rows->rows; index > 0; index--, row += rows->stride) {
            const int8_t *x = row;
            for (size_t block = rows->blocks; block > 0; block--) {
                const int8x16_t values = vldrbq_s8(x);
                sum0 = vmladavaq_s8(sum0, values, vldrbq_s8(w));
                sum1 = vmladavaq_s8(sum1, values, vldrbq_s8(w + 16));
                sum2 = vmladavaq_s8(sum2, values, vldrbq_s8(w + 32));
                sum3 = vmladavaq_s8(sum3, values, vldrbq_s8(w + 48));
                x += P8_LANES;
                w += P8_GROUP * P8_LANES;
            }
        }
        int32x4_t sum = vdupq_n_s32(sum0);
        sum = vsetq_lane_s32(sum1, sum, 1);
        sum = vsetq_lane_s32(sum2, sum, 2);
        sum = vsetq_lane_s32(sum3, sum, 3);
        const int32x4_t code =
            p8_requant_x4(sum, vldrwq_f32(conv->scale + channel), conv->zero_out, conv->low, conv->high);
        if (channels - channel >= P8_GROUP) {
            vstrbq_s32(y + channel, code);
        } else {
            vstrbq_p_s32(y + channel, code, vctp32q((uint32_t)(channels - channel)));
        }
    }
}
#else
static int32_t dot_channel(const p8_rows_t *rows, const int8_t *w) {
    int32_t sum = 0;
    for (size_t index = 0; index < rows->rows; index++) {
        const int8_t *x = rows->first + index * rows->stride;
        for (size_t left = rows->run; left > 0; w += P8_GROUP * P8_LANES) {
            const size_t taps = left < P8_LANES ? left : P8_LANES;
            for (size_t tap = 0; tap < taps; tap++) {
                sum += x[tap] * w[tap];
            }
            x += taps;
            left -= taps;
        }
    }
    return sum;
}

static void dot(const p8_conv_t *conv, const p8_rows_t *rows, size_t channels, int8_t *y) {
    const size_t group_bytes = rows->rows * rows->blocks * P8_GROUP * P8_LANES;
    for (size_t channel = 0; channel < channels; channel++) {
        const int8_t *w = conv->weights + channel / P8_GROUP * group_bytes + channel % P8_GROUP * P8_LANES;
        const int32_t sum = conv->bias[channel] + dot_channel(rows, w);
        y[channel] = p8_requant(sum, conv->scale[channel], conv->zero_out, conv->low, conv->high);
    }
}
#endif

/* Copy what a kernel at (top, left) covers; what is outside the tensor becomes its zero point. */
static void copy_edge(const p8_rows_t *rows, p8_slide_t slide, p8_shape_t in, int8_t zero, int top, int left,
                      const int8_t *x, int8_t *scratch) {
    memset(scratch, zero, rows->rows * rows->blocks * P8_LANES);
    const int from = left < 0 ? 0 : left;
    const int to = left + slide.width > in.width ? in.width : left + slide.width;
    for (int row = 0; row < slide.height; row++) {
        const int y = top + row;
        if (y >= 0 && y < in.height && from < to) {
            memcpy(scratch + (size_t)row * rows->blocks * P8_LANES + (size_t)(from - left) * in.channels,
                   x + ((size_t)y * in.width + (size_t)from) * in.channels, (size_t)(to - from) * in.channels);
        }
    }
}

void p8_conv(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y,
             int8_t *scratch) {
    const size_t run = (size_t)slide.width * in.channels;
    const p8_rows_t whole = {.rows = slide.height, .run = run, .blocks = blocks_of(run)};
    for (int oy = 0; oy < out.height; oy++) {
        const int top = oy * slide.stride_y - slide.pad_top;
        const bool high = top >= 0 && top + slide.height <= in.height;
        for (int ox = 0; ox < out.width; ox++, y += out.channels) {
            const int left = ox * slide.stride_x - slide.pad_left;
            p8_rows_t rows = whole;
            if (high && left >= 0 && left + slide.width <= in.width) {
                rows.first = x + ((size_t)top * in.width + (size_t)left) * in.channels;
                rows.stride = (size_t)in.width * in.channels;
            } else {
                copy_edge(&whole, slide, in, conv->zero_in, top, left, x, scratch);
                rows.first = scratch;
                rows.stride = whole.blocks * P8_LANES;
            }
            dot(conv, &rows, out.channels, y);
        }
    }
}
