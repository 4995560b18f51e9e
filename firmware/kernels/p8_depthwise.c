/*
 * Depthwise convolution: one kernel a channel. The taps of a position are a table of places, so that kernels of any
 * size, stride and dilation, inside the tensor or over its edge, are one loop; a tap outside reads a line of zero
 * points.
 */
#include "p8_kernels.h"
#include "p8_requant.h"

#include <stdbool.h>
#include <string.h>

/* A table of `count` places in the arena, in bytes from a base; the scratch memory is bytes, so entries are copied. */
typedef struct {
    int8_t *entries;
    size_t count;
} p8_places_t;

static size_t whole_vectors(size_t bytes)
{
    return (bytes + P8_LANES - 1) / P8_LANES * P8_LANES;
}

/* Taps are added in pairs; one that stands alone has a place and a weight of 0 beside it. */
static size_t places_of(const p8_conv_t *conv, p8_slide_t slide)
{
    const size_t taps = (size_t)slide.height * slide.width;
    return conv->parts > 1 ? 2 * taps : (taps + 1) / 2 * 2;
}

static void set_place(p8_places_t table, size_t number, ptrdiff_t bytes)
{
    const int32_t place = (int32_t)bytes;
    memcpy(table.entries + number * sizeof place, &place, sizeof place);
}

/* Where the taps of a window at (top, left) lie, seen from x; `line` is where zero points lie. */
static void find_places(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, int32_t top, int32_t left,
                        ptrdiff_t line, p8_places_t table)
{
    const int32_t gap_y = conv->dilate_y ? conv->dilate_y : 1, gap_x = conv->dilate_x ? conv->dilate_x : 1;
    size_t number = 0;
    for (int32_t row = 0; row < slide.height; row++) {
        const int32_t y = top + row * gap_y;
        for (int32_t column = 0; column < slide.width; column++) {
            const int32_t at = left + column * gap_x;
            const bool inside = y >= 0 && y < in.height && at >= 0 && at < in.width;
            set_place(table, number++, inside ? ((ptrdiff_t)y * in.width + at) * in.channels : line);
            if (conv->parts > 1) {
                set_place(table, number++, line);
            }
        }
    }
    if (number < table.count) {
        set_place(table, number, line);
    }
}

#if P8_MVE
/* Sixteen channels at once. Two products of bytes fit 16 bits (no weight of a pair is -128), four vectors hold 32. */
static int8x16_t sixteen(const p8_conv_t *conv, const int8_t *base, p8_places_t table, const int8_t *w, size_t channel)
{
    const int32x4x4_t bias = vld4q_s32(conv->bias + channel); /* channels 0 4 8 12, 1 5 9 13, ... */
    int32x4_t sum0 = bias.val[0], sum1 = bias.val[1], sum2 = bias.val[2], sum3 = bias.val[3];
    const int8_t *place = table.entries, *one, *two;
    __asm__ volatile("dls lr, %[pairs]\n"
                     "1: ldrd %[one], %[two], [%[place]], #8\n"
                     "add %[one], %[one], %[base]\n"
                     "add %[two], %[two], %[base]\n"
                     "vldrb.8 q0, [%[one]]\n"
                     "vldrb.8 q1, [%[w]], #16\n"
                     "vmullb.s8 q2, q0, q1\n" /* even channels */
                     "vmullt.s8 q0, q0, q1\n" /* odd channels */
                     "vldrb.8 q1, [%[two]]\n"
                     "vldrb.8 q3, [%[w]], #16\n"
                     "vmullb.s8 q1, q1, q3\n"
                     "vadd.i16 q2, q2, q1\n"
                     "vldrb.8 q1, [%[two]]\n" /* again: there are eight registers */
                     "vmullt.s8 q1, q1, q3\n"
                     "vadd.i16 q0, q0, q1\n"
                     "vmovlb.s16 q1, q2\n"
                     "vadd.i32 %q[a], %q[a], q1\n"
                     "vmovlt.s16 q1, q2\n"
                     "vadd.i32 %q[c], %q[c], q1\n"
                     "vmovlb.s16 q1, q0\n"
                     "vadd.i32 %q[b], %q[b], q1\n"
                     "vmovlt.s16 q1, q0\n"
                     "vadd.i32 %q[d], %q[d], q1\n"
                     "le lr, 1b\n"
                     : [a] "+w"(sum0), [b] "+w"(sum1), [c] "+w"(sum2), [d] "+w"(sum3), [place] "+r"(place), [w] "+r"(w),
                       [one] "=&r"(one), [two] "=&r"(two)
                     : [base] "r"(base), [pairs] "r"(table.count / 2)
                     : "q0", "q1", "q2", "q3", "lr", "memory");
    const float32x4x4_t scale = vld4q_f32(conv->scale + channel);
    const int32_t zero = conv->zero_out;
    int16x8_t even = vuninitializedq_s16(), odd = vuninitializedq_s16();
    even = vqmovnbq_s32(even, vqaddq_n_s32(vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum0), scale.val[0])), zero));
    odd = vqmovnbq_s32(odd, vqaddq_n_s32(vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum1), scale.val[1])), zero));
    even = vqmovntq_s32(even, vqaddq_n_s32(vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum2), scale.val[2])), zero));
    odd = vqmovntq_s32(odd, vqaddq_n_s32(vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum3), scale.val[3])), zero));
    const int8x16_t code = vqmovntq_s16(vqmovnbq_s16(vuninitializedq_s8(), even), odd);
    return vminq_s8(vmaxq_s8(code, vdupq_n_s8(conv->low)), vdupq_n_s8(conv->high));
}

__attribute__((noinline)) static void p8_depthwise_at(const p8_conv_t *conv, const int8_t *base, p8_places_t table,
                                                      size_t channels, int8_t *y)
{
    const int8_t *w = conv->weights;
    for (size_t channel = 0; channel < channels; channel += P8_LANES, w += table.count * P8_LANES) {
        const mve_pred16_t kept = vctp8q((uint32_t)(channels - channel));
        vstrbq_p_s8(y + channel, sixteen(conv, base + channel, table, w, channel), kept);
    }
}
#else
static void p8_depthwise_at(const p8_conv_t *conv, const int8_t *base, p8_places_t table, size_t channels, int8_t *y)
{
    for (size_t channel = 0; channel < channels; channel++) {
        const int8_t *w = conv->weights + channel / P8_LANES * table.count * P8_LANES + channel % P8_LANES;
        const int8_t *entry = table.entries;
        int32_t sum = conv->bias[channel];
        for (size_t tap = table.count; tap > 0; tap--, w += P8_LANES) {
            int32_t place;
            memcpy(&place, entry, sizeof place);
            entry += sizeof place;
            sum += base[(ptrdiff_t)channel + place] * *w;
        }
        y[channel] = p8_requant(sum, conv->scale[channel], conv->zero_out, conv->low, conv->high);
    }
}
#endif

size_t p8_depthwise_scratch(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in)
{
    return whole_vectors(in.channels) + 2 * whole_vectors(places_of(conv, slide) * sizeof(int32_t));
}

void p8_depthwise(const p8_conv_t *conv, p8_slide_t slide, p8_shape_t in, p8_shape_t out, const int8_t *x, int8_t *y,
                  int8_t *scratch)
{
    const size_t count = places_of(conv, slide), line = whole_vectors(in.channels);
    const p8_places_t inner = {scratch + line, count};
    const p8_places_t edge = {inner.entries + whole_vectors(count * sizeof(int32_t)), count};
    memset(scratch, conv->zero_in, line);
    const int32_t reach_y = (slide.height - 1) * (conv->dilate_y ? conv->dilate_y : 1);
    const int32_t reach_x = (slide.width - 1) * (conv->dilate_x ? conv->dilate_x : 1);
    bool found = false;
    for (int32_t oy = 0; oy < out.height; oy++) {
        for (int32_t ox = 0; ox < out.width; ox++, y += out.channels) {
            const int32_t top = oy * slide.stride_y - slide.pad_top, left = ox * slide.stride_x - slide.pad_left;
            if (top >= 0 && left >= 0 && top + reach_y < in.height && left + reach_x < in.width) {
                if (!found) {
                    find_places(conv, slide, in, 0, 0, 0, inner);
                    found = true;
                }
                p8_depthwise_at(conv, x + ((ptrdiff_t)top * in.width + left) * in.channels, inner, out.channels, y);
            } else {
                find_places(conv, slide, in, top, left, scratch - x, edge);
                p8_depthwise_at(conv, x, edge, out.channels, y);
            }
        }
    }
}
