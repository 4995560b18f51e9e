/* Pooling: the highest value or the mean under each window, channel by channel. */
#include "p8_kernels.h"
#include "p8_requant.h"

/* What one window covers: its first element, bytes from row to row, and bytes from one element to the next. */
typedef struct {
    const int8_t *first;
    size_t stride, step;
    int rows, columns;
} p8_cover_t;

static int8_t highest(const p8_cover_t *cover, size_t channel)
{
    int8_t best = INT8_MIN;
    for (int row = 0; row < cover->rows; row++) {
        const int8_t *x = cover->first + (size_t)row * cover->stride + channel;
        for (int column = 0; column < cover->columns; column++, x += cover->step) {
            best = *x > best ? *x : best;
        }
    }
    return best;
}

static int32_t total(const p8_cover_t *cover, size_t channel)
{
    int32_t sum = 0;
    for (int row = 0; row < cover->rows; row++) {
        const int8_t *x = cover->first + (size_t)row * cover->stride + channel;
        for (int column = 0; column < cover->columns; column++, x += cover->step) {
            sum += *x;
        }
    }
    return sum;
}

static int32_t highest_of(int32_t one, int32_t other)
{
    return one > other ? one : other;
}

static int32_t lowest_of(int32_t one, int32_t other)
{
    return one < other ? one : other;
}

/* The part of a window inside the tensor. */
static p8_cover_t cover_of(p8_slide_t slide, p8_shape_t in, int oy, int ox, const int8_t *x)
{
    const int32_t top = oy * slide.stride_y - slide.pad_top, left = ox * slide.stride_x - slide.pad_left;
    const int32_t row = highest_of(top, 0), column = highest_of(left, 0);
    return (p8_cover_t){.first = x + ((size_t)row * in.width + (size_t)column) * in.channels,
                        .stride = (size_t)in.width * in.channels,
                        .step = in.channels,
                        .rows = lowest_of(top + slide.height, in.height) - row,
                        .columns = lowest_of(left + slide.width, in.width) - column};
}

void p8_max_pool(p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y)
{
    for (int oy = 0; oy < out.height; oy++) {
        for (int ox = 0; ox < out.width; ox++, y += out.channels) {
            const p8_cover_t cover = cover_of(slide, in, oy, ox, x);
            size_t channel = 0;
#if P8_MVE
            while (out.channels >= P8_LANES && channel < out.channels) {
                if (channel + P8_LANES > out.channels) {
                    channel = out.channels - P8_LANES; /* the last lanes once more with those before them */
                }
                int8x16_t best = vdupq_n_s8(INT8_MIN);
                for (int row = 0; row < cover.rows; row++) {
                    const int8_t *from = cover.first + (size_t)row * cover.stride + channel;
                    for (int column = cover.columns; column > 0; column--, from += cover.step) {
                        best = vmaxq_s8(best, vldrbq_s8(from));
                    }
                }
                vstrbq_s8(y + channel, best);
                channel += P8_LANES;
            }
#endif
            for (; channel < out.channels; channel++) {
                y[channel] = highest(&cover, channel);
            }
        }
    }
}

void p8_average_pool(p8_pair_t pair, const float *factors, p8_slide_t slide, p8_shape_t in, p8_shape_t out,
                     const int8_t *x, int8_t *y)
{
    for (int oy = 0; oy < out.height; oy++) {
        for (int ox = 0; ox < out.width; ox++, y += out.channels) {
            const p8_cover_t cover = cover_of(slide, in, oy, ox, x);
            const int32_t zeros = -pair.zero_a * cover.rows * cover.columns;
            const float scale = factors ? factors[oy * out.width + ox] : pair.scale;
            size_t channel = 0;
#if P8_MVE
            for (; channel + P8_GROUP <= out.channels; channel += P8_GROUP) {
                int32x4_t sum = vdupq_n_s32(zeros);
                for (int row = 0; row < cover.rows; row++) {
                    const int8_t *from = cover.first + (size_t)row * cover.stride + channel;
                    for (int column = cover.columns; column > 0; column--, from += cover.step) {
                        sum = vaddq_s32(sum, vldrbq_s32(from));
                    }
                }
                vstrbq_s32(y + channel,
                           p8_requant_x4(sum, vdupq_n_f32(scale), pair.zero_out, pair.low, pair.high));
            }
#endif
            for (; channel < out.channels; channel++) {
                const int32_t sum = zeros + total(&cover, channel);
                y[channel] = p8_requant(sum, scale, pair.zero_out, pair.low, pair.high);
            }
        }
    }
}
