/* Depthwise convolution: one kernel a channel, channel by channel; taps outside the tensor are left out. */
#include "p8_kernels.h"
#include "p8_requant.h"

/* The taps of one output position that lie inside the tensor, and what they read. */
typedef struct {
    int32_t row_from, row_to, column_from, column_to;
    int32_t top, left, gap_y, gap_x;
} p8_taps_t;

static int32_t first_inside(int32_t start, int32_t gap)
{
    return start >= 0 ? 0 : (-start + gap - 1) / gap;
}

static int32_t end_inside(int32_t start, int32_t gap, int32_t taps, int32_t size)
{
    const int32_t room = size - start <= 0 ? 0 : (size - start + gap - 1) / gap;
    return room < taps ? room : taps;
}

static p8_taps_t taps_of(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, int32_t oy, int32_t ox)
{
    p8_taps_t taps = {.top = oy * slide.stride_y - slide.pad_top, .left = ox * slide.stride_x - slide.pad_left};
    taps.gap_y = conv->dilate_y ? conv->dilate_y : 1;
    taps.gap_x = conv->dilate_x ? conv->dilate_x : 1;
    taps.row_from = first_inside(taps.top, taps.gap_y);
    taps.column_from = first_inside(taps.left, taps.gap_x);
    taps.row_to = end_inside(taps.top, taps.gap_y, slide.height, in.height);
    taps.column_to = end_inside(taps.left, taps.gap_x, slide.width, in.width);
    return taps;
}

static const int8_t *read_at(const p8_taps_t *taps, p8_shape_t in, int32_t row, int32_t column, const int8_t *x)
{
    const size_t y = (size_t)(taps->top + row * taps->gap_y), at = (size_t)(taps->left + column * taps->gap_x);
    return x + (y * in.width + at) * in.channels;
}

static int32_t channel_sum(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, const p8_taps_t *taps, size_t channel,
                           const int8_t *x)
{
    int32_t sum = conv->bias[channel];
    for (int32_t row = taps->row_from; row < taps->row_to; row++) {
        for (int32_t column = taps->column_from; column < taps->column_to; column++) {
            const size_t tap = (size_t)(row * slide.width + column) * in.channels + channel;
            sum += (read_at(taps, in, row, column, x)[channel] - conv->zero_in) * conv->weights[tap];
        }
    }
    return sum;
}

#if P8_MVE
/* Whether all nine taps of a 3x3 kernel of neighbours lie inside. */
static int whole_3x3(const p8_taps_t *taps, p8_slide_t slide)
{
    return slide.height == 3 && slide.width == 3 && taps->gap_y == 1 && taps->gap_x == 1 && taps->row_from == 0 &&
           taps->column_from == 0 && taps->row_to == 3 && taps->column_to == 3;
}

/* Eight channels of it: a byte less the zero point times a weight has at most 16 bits. */
static void eight_of_3x3(const p8_conv_t *conv, const int8_t *x, const int8_t *w, size_t row, size_t channels,
                         size_t channel, int8_t *y)
{
    const int16x8_t zero = vdupq_n_s16(conv->zero_in);
    int32x4_t even = vdupq_n_s32(0), odd = even;
    for (int32_t tap_row = 0; tap_row < 3; tap_row++, x += row, w += 3 * channels) {
        const int16x8_t a = vmulq_s16(vsubq_s16(vldrbq_s16(x), zero), vldrbq_s16(w));
        const int16x8_t b = vmulq_s16(vsubq_s16(vldrbq_s16(x + channels), zero), vldrbq_s16(w + channels));
        const int16x8_t c = vmulq_s16(vsubq_s16(vldrbq_s16(x + 2 * channels), zero), vldrbq_s16(w + 2 * channels));
        even = vaddq_s32(vaddq_s32(even, vmovlbq_s16(a)), vaddq_s32(vmovlbq_s16(b), vmovlbq_s16(c)));
        odd = vaddq_s32(vaddq_s32(odd, vmovltq_s16(a)), vaddq_s32(vmovltq_s16(b), vmovltq_s16(c)));
    }
    const int32x4_t places = {0, 2, 4, 6};
    const uint32x4_t offsets = vreinterpretq_u32_s32(places);
    for (size_t half = 0; half < 2; half++) {
        const int32_t *bias = conv->bias + channel + half;
        const float *scale = conv->scale + channel + half;
        const int32x4_t sum = vaddq_s32(half ? odd : even, vldrwq_gather_shifted_offset_s32(bias, offsets));
        const float32x4_t factor = vldrwq_gather_shifted_offset_f32(scale, offsets);
        vstrbq_scatter_offset_s32(y + half, offsets, p8_requant_x4(sum, factor, conv->zero_out, conv->low, conv->high));
    }
}
#endif

void p8_depthwise(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y)
{
    for (int32_t oy = 0; oy < out.height; oy++) {
        for (int32_t ox = 0; ox < out.width; ox++, y += out.channels) {
            const p8_taps_t taps = taps_of(conv, slide, in, oy, ox);
            size_t channel = 0;
#if P8_MVE
            if (whole_3x3(&taps, slide)) {
                const int8_t *from = read_at(&taps, in, 0, 0, x);
                for (; channel + 8 <= out.channels; channel += 8) {
                    eight_of_3x3(conv, from + channel, conv->weights + channel, (size_t)in.width * in.channels,
                                 in.channels, channel, y + channel);
                }
            }
            for (; channel + P8_GROUP <= out.channels; channel += P8_GROUP) {
                int32x4_t sum = vldrwq_s32(conv->bias + channel);
                for (int32_t row = taps.row_from; row < taps.row_to; row++) {
                    const int8_t *from = read_at(&taps, in, row, taps.column_from, x) + channel;
                    const int8_t *w = conv->weights + channel +
                                      (size_t)(row * slide.width + taps.column_from) * in.channels;
                    const size_t step = (size_t)taps.gap_x * in.channels;
                    for (int32_t column = taps.column_from; column < taps.column_to; column++) {
                        const int32x4_t values = vsubq_n_s32(vldrbq_s32(from), conv->zero_in);
                        sum = vaddq_s32(sum, vmulq_s32(values, vldrbq_s32(w)));
                        from += step;
                        w += in.channels;
                    }
                }
                vstrbq_s32(y + channel, p8_requant_x4(sum, vldrwq_f32(conv->scale + channel), conv->zero_out, conv->low,
                                                      conv->high));
            }
#endif
            for (; channel < out.channels; channel++) {
                const int32_t sum = channel_sum(conv, slide, in, &taps, channel, x);
                y[channel] = p8_requant(sum, conv->scale[channel], conv->zero_out, conv->low, conv->high);
            }
        }
    }
}
